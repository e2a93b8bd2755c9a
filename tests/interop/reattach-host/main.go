// Command reattach-host leaves a KV plugin running, or attaches to one.
//
//	KV_PLUGIN='COMMAND LINE' reattach-host leave KEY VALUE
//	REATTACH=JSON reattach-host attach KEY VALUE
//
// The first starts the plugin, puts VALUE, prints how to attach to it as JSON,
// and ends without ending it. The second prints what it gets under KEY, or
// "nothing", puts VALUE, and calls Kill. Both are in clear: go-plugin's reattach configuration
// holds no certificates.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/examples/grpc/shared"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type address struct{ Network, String string }

// reattach is what the SDKs of Terraform and Waypoint make of a
// plugin.ReattachConfig.
type reattach struct {
	Protocol        string
	ProtocolVersion int
	Pid             int
	Test            bool
	Addr            address
}

func (a address) resolve() (net.Addr, error) {
	switch a.Network {
	case "unix":
		return net.ResolveUnixAddr(a.Network, a.String)
	case "tcp":
		return net.ResolveTCPAddr(a.Network, a.String)
	}
	return nil, fmt.Errorf("unknown network %q", a.Network)
}

func newClient(config *plugin.ClientConfig) (*plugin.Client, shared.KV, error) {
	config.HandshakeConfig = shared.Handshake
	config.Plugins = plugin.PluginSet{"kv": &shared.KVGRPCPlugin{}}
	config.AllowedProtocols = []plugin.Protocol{plugin.ProtocolGRPC}
	config.Logger = hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr})
	client := plugin.NewClient(config)
	protocol, err := client.Client()
	if err != nil {
		return nil, nil, err
	}
	raw, err := protocol.Dispense("kv")
	if err != nil {
		return nil, nil, err
	}
	return client, raw.(shared.KV), nil
}

func leave(key, value string) error {
	client, kv, err := newClient(&plugin.ClientConfig{
		Cmd: exec.Command("sh", "-c", "exec "+os.Getenv("KV_PLUGIN")),
	})
	if err != nil {
		return err
	}
	if err := kv.Put(key, []byte(value)); err != nil {
		return err
	}
	config := client.ReattachConfig()
	return json.NewEncoder(os.Stdout).Encode(reattach{
		Protocol:        string(config.Protocol),
		ProtocolVersion: config.ProtocolVersion,
		Pid:             config.Pid,
		Test:            config.Test,
		Addr:            address{config.Addr.Network(), config.Addr.String()},
	})
}

func attach(key, value string) error {
	var config reattach
	if err := json.Unmarshal([]byte(os.Getenv("REATTACH")), &config); err != nil {
		return err
	}
	addr, err := config.Addr.resolve()
	if err != nil {
		return err
	}
	client, kv, err := newClient(&plugin.ClientConfig{
		Reattach: &plugin.ReattachConfig{
			Protocol:        plugin.Protocol(config.Protocol),
			ProtocolVersion: config.ProtocolVersion,
			Pid:             config.Pid,
			Test:            config.Test,
			Addr:            addr,
		},
	})
	if err != nil {
		return err
	}
	found, err := kv.Get(key)
	if status.Code(err) == codes.NotFound {
		found = []byte("nothing")
	} else if err != nil {
		return err
	}
	fmt.Println(string(found))
	if err := kv.Put(key, []byte(value)); err != nil {
		return err
	}
	client.Kill()
	return nil
}

func run(args []string) error {
	if len(args) == 3 && args[0] == "leave" {
		return leave(args[1], args[2])
	}
	if len(args) == 3 && args[0] == "attach" {
		return attach(args[1], args[2])
	}
	return errors.New("usage: reattach-host leave|attach KEY VALUE")
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
