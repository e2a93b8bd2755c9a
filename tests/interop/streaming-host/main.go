// Command streaming-host drives a plugin of go-plugin's streaming example:
// Configure, Write, Read. Upstream's host starts one fixed path and knows no
// AutoMTLS; this one takes both from the environment.
//
//	STREAM_PLUGIN='COMMAND LINE' AUTO_MTLS=1 streaming-host FILE
//
// AUTO_MTLS is 1 unless it is set to 0. What was read goes to stdout.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/examples/streaming/shared"
)

const (
	text = "Lorem ipsum dolor sit amet"
	// Smaller than the text, so that both directions take several messages.
	chunkBytes  = 10
	callTimeout = 30 * time.Second
)

func run() error {
	command := os.Getenv("STREAM_PLUGIN")
	if command == "" || len(os.Args) != 2 {
		return errors.New("usage: STREAM_PLUGIN='COMMAND LINE' streaming-host FILE")
	}
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  1,
			MagicCookieKey:   "BASIC_PLUGIN",
			MagicCookieValue: "hello",
		},
		Plugins: plugin.PluginSet{"streamer": &shared.StreamerPlugin{}},
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
	raw, err := protocol.Dispense("streamer")
	if err != nil {
		return err
	}
	streamer := raw.(shared.Streamer)

	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	if err := streamer.Configure(ctx, os.Args[1], chunkBytes); err != nil {
		return fmt.Errorf("Configure: %w", err)
	}
	if err := streamer.Write(ctx, []byte(text)); err != nil {
		return fmt.Errorf("Write: %w", err)
	}
	read, err := streamer.Read(ctx)
	if err != nil {
		return fmt.Errorf("Read: %w", err)
	}
	fmt.Println(string(read))
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
