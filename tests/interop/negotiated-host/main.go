// Command negotiated-host offers several protocol versions to a KV plugin,
// prints the one they agreed on, then stores a value and reads it back.
// Upstream's host starts one fixed path and offers one version at a time.
//
//	KV_PLUGIN='COMMAND LINE' AUTO_MTLS=1 VERSIONS=2,3 negotiated-host KEY VALUE
//
// AUTO_MTLS is 1 unless it is set to 0.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/examples/grpc/shared"
)

// versionedPlugins offers the same plugin at each version of a list like "2,3".
func versionedPlugins(list string) (map[int]plugin.PluginSet, error) {
	sets := map[int]plugin.PluginSet{}
	for _, text := range strings.Split(list, ",") {
		version, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("VERSIONS: %q is not a list of numbers", list)
		}
		sets[version] = plugin.PluginSet{"kv": &shared.KVGRPCPlugin{}}
	}
	return sets, nil
}

func run() error {
	command := os.Getenv("KV_PLUGIN")
	if command == "" || len(os.Args) != 3 {
		return errors.New("usage: KV_PLUGIN='COMMAND LINE' negotiated-host KEY VALUE")
	}
	key, value := os.Args[1], os.Args[2]
	sets, err := versionedPlugins(os.Getenv("VERSIONS"))
	if err != nil {
		return err
	}

	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  shared.Handshake,
		VersionedPlugins: sets,
		// With exec the shell turns into the plugin, and Kill reaches it.
		Cmd:              exec.Command("sh", "-c", "exec "+command),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         os.Getenv("AUTO_MTLS") != "0",
		Logger: hclog.New(&hclog.LoggerOptions{
			Level:  hclog.Error,
			Output: os.Stderr,
		}),
	})
	defer client.Kill()

	protocol, err := client.Client()
	if err != nil {
		return err
	}
	fmt.Println("version", client.NegotiatedVersion())

	raw, err := protocol.Dispense("kv")
	if err != nil {
		return err
	}
	kv := raw.(shared.KV)
	if err := kv.Put(key, []byte(value)); err != nil {
		return err
	}
	stored, err := kv.Get(key)
	if err != nil {
		return err
	}
	fmt.Println(string(stored))
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
