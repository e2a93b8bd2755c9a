// Command tls-plugin serves the counter of go-plugin's bidirectional example,
// in memory, under TLS of its own: see package owntls.
package main

import (
	"sync"

	"example.com/goplugin-interop/owntls"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/examples/bidirectional/shared"
)

// counter lets its host do the adding.
type counter struct {
	mutex  sync.Mutex
	values map[string]int64
}

func (c *counter) Put(key string, value int64, helper shared.AddHelper) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	sum, err := helper.Sum(c.values[key], value)
	if err != nil {
		return err
	}
	c.values[key] = sum
	return nil
}

func (c *counter) Get(key string) (int64, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.values[key], nil
}

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: shared.Handshake,
		Plugins: plugin.PluginSet{
			"counter": &shared.CounterPlugin{Impl: &counter{values: map[string]int64{}}},
		},
		GRPCServer:  plugin.DefaultGRPCServer,
		TLSProvider: owntls.FromEnvironment,
	})
}
