// Command kv-plugin is a KV plugin in memory, for the hosts under test. It
// answers AutoMTLS when its host asks for it, as every go-plugin server does.
//
// Environment variables give it habits:
//
//	KV_CHATTY=BYTES  each Put writes that many bytes to os.Stdout
//	KV_LOG=1         one log line per level at the start
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/examples/grpc/shared"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// memory is a store that lives as long as the process.
type memory struct {
	mutex        sync.Mutex
	values       map[string][]byte
	chattyOutput []byte
}

func (m *memory) Put(key string, value []byte) error {
	// os.Stdout is looked up at each call: go-plugin replaces it once it
	// serves. The write blocks until the host reads StreamStdio, so a host
	// that does not read never gets its answer.
	if _, err := os.Stdout.Write(m.chattyOutput); err != nil {
		return err
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.values[key] = value
	return nil
}

func (m *memory) Get(key string) ([]byte, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	value, found := m.values[key]
	if !found {
		return nil, status.Errorf(codes.NotFound, "no value under \"%s\"", key)
	}
	return value, nil
}

// secondName makes the plugin known by one more name. All plugins of a set
// share one gRPC server, and a service may be registered there only once.
type secondName struct {
	shared.KVGRPCPlugin
}

func (*secondName) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return nil
}

// chatter makes size bytes of text in lines of 64.
func chatter(size int) []byte {
	line := append(bytes.Repeat([]byte("."), 63), '\n')
	return bytes.Repeat(line, size/len(line)+1)[:size]
}

func logEveryLevel(logger hclog.Logger) {
	logger.Trace("a trace line", "key", "trace")
	logger.Debug("a debug line", "text", "two words", "empty", "")
	logger.Info("an info line", "count", 42, "ratio", 0.5, "ready", true)
	logger.Warn("a warning", "list", []string{"one", "two"})
	logger.Error("an error", "error", errors.New("not a real one"))
}

func main() {
	logger := hclog.New(&hclog.LoggerOptions{
		Name:       "kv-plugin",
		Level:      hclog.Trace,
		Output:     os.Stderr,
		JSONFormat: true,
	})
	if os.Getenv("KV_LOG") == "1" {
		logEveryLevel(logger)
	}

	store := &memory{values: map[string][]byte{}}
	if text := os.Getenv("KV_CHATTY"); text != "" {
		size, err := strconv.Atoi(text)
		if err != nil || size < 0 {
			fmt.Fprintf(os.Stderr, "KV_CHATTY: %q is not a number of bytes\n", text)
			os.Exit(1)
		}
		store.chattyOutput = chatter(size)
	}

	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: shared.Handshake,
		Plugins: plugin.PluginSet{
			"kv":      &shared.KVGRPCPlugin{Impl: store},
			"kv_grpc": &secondName{},
		},
		GRPCServer: plugin.DefaultGRPCServer,
		Logger:     logger,
	})
}
