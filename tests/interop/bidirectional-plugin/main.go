// Command bidirectional-plugin serves go-plugin's own test service. It
// multiplexes if its host wants it to. BIDIRECTIONAL_LOG=1 logs everything.
package main

import (
	"io"
	"os"

	"example.com/goplugin-interop/bidirectional"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
)

func main() {
	var output io.Writer = io.Discard
	if os.Getenv("BIDIRECTIONAL_LOG") == "1" {
		output = os.Stderr
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: bidirectional.Handshake,
		Plugins:         plugin.PluginSet{"test": bidirectional.Plugin{}},
		GRPCServer:      plugin.DefaultGRPCServer,
		Logger:          hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: output, JSONFormat: true}),
	})
}
