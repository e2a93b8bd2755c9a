// SPDX-License-Identifier: MIT

// Command kv-host is a Go host to copy: it starts a KV plugin, in whatever
// language that is written, and calls it.
//
//	KV_PLUGIN='COMMAND LINE' kv-host put KEY VALUE
//	KV_PLUGIN='COMMAND LINE' kv-host get KEY
//	KV_PLUGIN='COMMAND LINE' kv-host roundtrip KEY VALUE
//
// AUTO_MTLS=0 turns AutoMTLS off, LOG=trace shows every log line. A variable
// meant for the plugin goes in front of kv-host as well, and is inherited.
//
// Each run starts a plugin of its own, so a plugin that keeps its values in
// memory has forgotten them by the next run: roundtrip puts and gets in one.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/examples/grpc/shared"
)

var argumentCount = map[string]int{"put": 3, "get": 2, "roundtrip": 3}

func run(args []string) error {
	command := os.Getenv("KV_PLUGIN")
	if command == "" || len(args) == 0 || len(args) != argumentCount[args[0]] {
		return errors.New("usage: KV_PLUGIN='COMMAND LINE' kv-host " +
			"put KEY VALUE | get KEY | roundtrip KEY VALUE")
	}
	level := hclog.Warn
	if os.Getenv("LOG") == "trace" {
		level = hclog.Trace // each step of go-plugin, and all the plugin logs
	}
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{ // the same in host and plugin
			ProtocolVersion:  1,
			MagicCookieKey:   "BASIC_PLUGIN",
			MagicCookieValue: "hello",
		},
		// The name to dispense, and the gRPC client behind the Go interface.
		Plugins: plugin.PluginSet{"kv": &shared.KVGRPCPlugin{}},
		// With exec the shell turns into the plugin. Else Kill may hit the shell
		// alone, and then wait for a plugin that nobody told to stop.
		Cmd: exec.Command("sh", "-c", "exec "+command),
		// Needed: left out, go-plugin allows nothing but net/rpc, and that is
		// for plugins written in Go.
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		// Each side makes a certificate that the other trusts, and no other.
		AutoMTLS: os.Getenv("AUTO_MTLS") != "0",
		Logger:   hclog.New(&hclog.LoggerOptions{Level: level, Output: os.Stderr}),
	})
	defer client.Kill() // without it the plugin outlives this process

	protocol, err := client.Client() // starts the plugin
	if err != nil {
		return err
	}
	raw, err := protocol.Dispense("kv")
	if err != nil {
		return err
	}
	kv := raw.(shared.KV)

	if args[0] != "get" {
		err := kv.Put(args[1], []byte(args[2]))
		if err != nil || args[0] == "put" {
			return err
		}
	}
	value, err := kv.Get(args[1])
	if err != nil {
		return err
	}
	fmt.Println(string(value))
	return nil
}

func main() {
	// os.Exit runs no deferred calls, so it stays out of run.
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
