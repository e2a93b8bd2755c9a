// Command test-plugin serves a KV plugin in go-plugin's test mode. It prints
// its reattach configuration as the JSON that Terraform's and Waypoint's SDKs
// print, serves until its stdin ends, and then prints "served".
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/examples/grpc/shared"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// memory is a store that lives as long as the process.
type memory struct {
	values sync.Map
}

func (m *memory) Put(key string, value []byte) error {
	m.values.Store(key, value)
	return nil
}

func (m *memory) Get(key string) ([]byte, error) {
	value, found := m.values.Load(key)
	if !found {
		return nil, status.Errorf(codes.NotFound, "no value under %q", key)
	}
	return value.([]byte), nil
}

type address struct{ Network, String string }

// reattach is what both SDKs make of a plugin.ReattachConfig.
type reattach struct {
	Protocol        string
	ProtocolVersion int
	Pid             int
	Test            bool
	Addr            address
}

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	configs := make(chan *plugin.ReattachConfig)
	closed := make(chan struct{})
	go plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: shared.Handshake,
		Plugins:         plugin.PluginSet{"kv": &shared.KVGRPCPlugin{Impl: &memory{}}},
		GRPCServer:      plugin.DefaultGRPCServer,
		Logger:          hclog.NewNullLogger(),
		Test: &plugin.ServeTestConfig{
			Context:          ctx,
			ReattachConfigCh: configs,
			CloseCh:          closed,
		},
	})
	config := <-configs
	err := json.NewEncoder(os.Stdout).Encode(reattach{
		Protocol:        string(config.Protocol),
		ProtocolVersion: config.ProtocolVersion,
		Pid:             config.Pid,
		Test:            config.Test,
		Addr:            address{config.Addr.Network(), config.Addr.String()},
	})
	if err != nil {
		panic(err)
	}
	io.Copy(io.Discard, os.Stdin)
	cancel()
	<-closed
	fmt.Println("served")
}
