// Command bidirectional-host drives a plugin of go-plugin's own test service:
// rounds in which each side dials what the other serves by the broker.
//
//	PLUGIN='COMMAND LINE' AUTO_MTLS=1 MULTIPLEX=1 ROUNDS=20 bidirectional-host
//
// AUTO_MTLS is 1 unless it is set to 0, MULTIPLEX is 0 unless it is set to 1.
// Prints what the plugin prints, and then what it has seen.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"example.com/goplugin-interop/bidirectional"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	grpctest "github.com/hashicorp/go-plugin/test/grpc"
	"google.golang.org/grpc"
)

// One round: the plugin dials the host, then the host the plugin.
func round(client *bidirectional.Client, message string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	id := client.Broker.NextId()
	var server *grpc.Server
	ready := make(chan struct{})
	go client.Broker.AcceptAndServe(id, func(options []grpc.ServerOption) *grpc.Server {
		server = grpc.NewServer(options...)
		grpctest.RegisterPingPongServer(server, bidirectional.Ponger{Message: message})
		close(ready)
		return server
	})
	<-ready
	defer server.Stop()
	response, err := client.Test.Bidirectional(ctx, &grpctest.BidirectionalRequest{Id: id})
	if err != nil {
		return fmt.Errorf("Bidirectional: %w", err)
	}
	connection, err := client.Broker.Dial(response.Id)
	if err != nil {
		return fmt.Errorf("Dial: %w", err)
	}
	defer connection.Close()
	pong, err := grpctest.NewPingPongClient(connection).Ping(ctx, &grpctest.PingRequest{})
	if err != nil {
		return fmt.Errorf("Ping: %w", err)
	}
	if pong.Msg != message {
		return fmt.Errorf("Ping: %d bytes instead of %d", len(pong.Msg), len(message))
	}
	return nil
}

func run() error {
	command := os.Getenv("PLUGIN")
	rounds, err := strconv.Atoi(os.Getenv("ROUNDS"))
	if command == "" || err != nil {
		return errors.New("usage: PLUGIN='COMMAND LINE' ROUNDS=NUMBER bidirectional-host")
	}
	var stdout bytes.Buffer
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: bidirectional.Handshake,
		Plugins:         plugin.PluginSet{"test": bidirectional.Plugin{}},
		// With exec the shell turns into the plugin, and Kill reaches it.
		Cmd:                 exec.Command("sh", "-c", "exec "+command),
		AllowedProtocols:    []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:            os.Getenv("AUTO_MTLS") != "0",
		GRPCBrokerMultiplex: os.Getenv("MULTIPLEX") == "1",
		SyncStdout:          &stdout,
		Logger:              hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr}),
	})
	defer client.Kill()
	protocol, err := client.Client()
	if err != nil {
		return err
	}
	if err := protocol.Ping(); err != nil {
		return fmt.Errorf("Ping: %w", err)
	}
	raw, err := protocol.Dispense("test")
	if err != nil {
		return err
	}
	test := raw.(*bidirectional.Client)
	doubled, err := test.Test.Double(context.Background(), &grpctest.TestRequest{Input: 21})
	if err != nil {
		return fmt.Errorf("Double: %w", err)
	}
	for i := 0; i < rounds; i++ {
		if err := round(test, fmt.Sprint("round ", i)); err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
	}
	// More than the window of a stream.
	if err := round(test, strings.Repeat("x", 3<<20)); err != nil {
		return fmt.Errorf("the long round: %w", err)
	}
	printed := &grpctest.PrintStdioRequest{Stdout: []byte("printed\n")}
	if _, err := test.Test.PrintStdio(context.Background(), printed); err != nil {
		return fmt.Errorf("PrintStdio: %w", err)
	}
	for end := time.Now().Add(10 * time.Second); stdout.Len() < 8 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	fmt.Printf("%d, %d rounds, %q\n", doubled.Output, rounds, stdout.String())
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
