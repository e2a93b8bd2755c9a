// Command counter-host drives a plugin of go-plugin's bidirectional example,
// which calls back into its host by the broker. Upstream's host knows no
// AutoMTLS; this one takes it from the environment, and counts in one life of
// the plugin.
//
//	COUNTER_PLUGIN='COMMAND LINE' AUTO_MTLS=1 counter-host KEY NUMBER...
//
// AUTO_MTLS is 1 unless it is set to 0. MULTIPLEX=1 makes one connection in all. OWN_TLS brings TLS of one's own in its
// place: an object in JSON with ca, certificate and privateKey as PEM, and
// serverName. Without a NUMBER it only asks for the count. Prints each sum that the plugin asked
// for, what the plugin itself prints, and then the count.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"

	"example.com/goplugin-interop/owntls"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/examples/bidirectional/shared"
)

type adder struct{}

func (adder) Sum(a, b int64) (int64, error) {
	fmt.Printf("%d + %d\n", a, b)
	return a + b, nil
}

func run() error {
	command := os.Getenv("COUNTER_PLUGIN")
	if command == "" || len(os.Args) < 2 {
		return errors.New("usage: COUNTER_PLUGIN='COMMAND LINE' counter-host KEY NUMBER...")
	}
	own, err := owntls.FromEnvironment()
	if err != nil {
		return err
	}
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: shared.Handshake,
		Plugins:         shared.PluginMap,
		// With exec the shell turns into the plugin, and Kill reaches it.
		Cmd:                 exec.Command("sh", "-c", "exec "+command),
		AllowedProtocols:    []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:            own == nil && os.Getenv("AUTO_MTLS") != "0",
		TLSConfig:           own,
		GRPCBrokerMultiplex: os.Getenv("MULTIPLEX") == "1",
		SyncStdout:          os.Stdout, // what the plugin prints after its handshake
		SyncStderr:          os.Stderr,
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
	raw, err := protocol.Dispense("counter")
	if err != nil {
		return err
	}
	counter := raw.(shared.Counter)
	key := os.Args[1]
	for _, argument := range os.Args[2:] {
		number, err := strconv.ParseInt(argument, 10, 64)
		if err != nil {
			return err
		}
		if err := counter.Put(key, number, adder{}); err != nil {
			return fmt.Errorf("Put: %w", err)
		}
	}
	value, err := counter.Get(key)
	if err != nil {
		return fmt.Errorf("Get: %w", err)
	}
	fmt.Println(value)
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
