// Command socket-host starts a KV plugin with go-plugin's UnixSocketConfig and
// prints as JSON who may use the plugin's socket.
//
//	KV_PLUGIN='COMMAND LINE' GROUP=daemon TEMP_DIR=/somewhere RUNNER=1 socket-host
//
// AUTO_MTLS is 1 unless it is set to 0. With RUNNER=1 a runner starts the
// plugin, and go-plugin makes a directory for the sockets in TEMP_DIR; without,
// it only tells the plugin the group.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/examples/grpc/shared"
	"github.com/hashicorp/go-plugin/runner"
)

// commandRunner starts the plugin as a process, as go-plugin itself would.
type commandRunner struct {
	command        *exec.Cmd
	stdout, stderr io.ReadCloser
}

func (r *commandRunner) Start(context.Context) error     { return r.command.Start() }
func (r *commandRunner) Wait(context.Context) error      { return r.command.Wait() }
func (r *commandRunner) Kill(context.Context) error      { return r.command.Process.Kill() }
func (r *commandRunner) Diagnose(context.Context) string { return "" }
func (r *commandRunner) Stdout() io.ReadCloser           { return r.stdout }
func (r *commandRunner) Stderr() io.ReadCloser           { return r.stderr }
func (r *commandRunner) Name() string                    { return r.command.Path }
func (r *commandRunner) ID() string                      { return strconv.Itoa(r.command.Process.Pid) }

func (r *commandRunner) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

func (r *commandRunner) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

func startIn(command string) func(hclog.Logger, *exec.Cmd, string) (runner.Runner, error) {
	return func(_ hclog.Logger, spec *exec.Cmd, _ string) (runner.Runner, error) {
		started := exec.Command("sh", "-c", "exec "+command)
		started.Env = spec.Env
		stdout, err := started.StdoutPipe()
		if err != nil {
			return nil, err
		}
		stderr, err := started.StderrPipe()
		if err != nil {
			return nil, err
		}
		return &commandRunner{started, stdout, stderr}, nil
	}
}

// access says who may use a file.
type access struct {
	Mode  string `json:"mode"`
	Group uint32 `json:"group"`
}

func accessTo(path string) (access, error) {
	info, err := os.Stat(path)
	if err != nil {
		return access{}, err
	}
	status := info.Sys().(*syscall.Stat_t)
	return access{strconv.FormatUint(uint64(info.Mode().Perm()), 8), status.Gid}, nil
}

func run() error {
	command := os.Getenv("KV_PLUGIN")
	if command == "" {
		return errors.New("usage: KV_PLUGIN='COMMAND LINE' socket-host")
	}
	config := &plugin.ClientConfig{
		HandshakeConfig:  shared.Handshake,
		Plugins:          plugin.PluginSet{"kv": &shared.KVGRPCPlugin{}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         os.Getenv("AUTO_MTLS") != "0",
		UnixSocketConfig: &plugin.UnixSocketConfig{
			Group:   os.Getenv("GROUP"),
			TempDir: os.Getenv("TEMP_DIR"),
		},
		Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: os.Stderr}),
	}
	if os.Getenv("RUNNER") == "1" {
		config.RunnerFunc = startIn(command)
	} else {
		config.Cmd = exec.Command("sh", "-c", "exec "+command)
	}
	client := plugin.NewClient(config)
	defer client.Kill()

	protocol, err := client.Client()
	if err != nil {
		return err
	}
	raw, err := protocol.Dispense("kv")
	if err != nil {
		return err
	}
	kv := raw.(shared.KV)
	if err := kv.Put("key", []byte("value")); err != nil {
		return err
	}
	value, err := kv.Get("key")
	if err != nil {
		return err
	}
	path := client.ReattachConfig().Addr.String()
	socket, err := accessTo(path)
	if err != nil {
		return err
	}
	directory, err := accessTo(filepath.Dir(path))
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"value": string(value), "path": path, "socket": socket, "directory": directory,
	})
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
