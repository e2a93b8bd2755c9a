// Package peer is what the benchmark's Go host and Go plugin share.
package peer

import (
	"context"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	pb "example.com/goplugin-bench/benchpb"
)

// Handshake is that of every host and plugin of the benchmark.
var Handshake = plugin.HandshakeConfig{
	ProtocolVersion:  1,
	MagicCookieKey:   "BENCH_PLUGIN_COOKIE",
	MagicCookieValue: "bench",
}

// Bench is the plugin as both sides see it; a host leaves Make out.
type Bench struct {
	plugin.NetRPCUnsupportedPlugin
	Make func(*plugin.GRPCBroker) pb.BenchServer
}

// Client is what a host dispenses.
type Client struct {
	pb.BenchClient
	Broker *plugin.GRPCBroker
}

func (b *Bench) GRPCServer(broker *plugin.GRPCBroker, server *grpc.Server) error {
	pb.RegisterBenchServer(server, b.Make(broker))
	return nil
}

func (b *Bench) GRPCClient(_ context.Context, broker *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return &Client{pb.NewBenchClient(conn), broker}, nil
}

type adder struct{ pb.UnimplementedAdderServer }

func (adder) Add(_ context.Context, request *pb.AddRequest) (*pb.AddReply, error) {
	return &pb.AddReply{Sum: request.A + request.B}, nil
}

// Lend serves an Adder under an id until the function that it returns is called.
func Lend(broker *plugin.GRPCBroker, id uint32) (stop func()) {
	made := make(chan *grpc.Server, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		broker.AcceptAndServe(id, func(options []grpc.ServerOption) *grpc.Server {
			server := grpc.NewServer(options...)
			pb.RegisterAdderServer(server, adder{})
			made <- server
			return server
		})
	}()
	// Nobody is told the id before its listener is there.
	select {
	case server := <-made:
		return func() {
			server.Stop()
			<-ended
		}
	case <-ended:
		return func() {}
	}
}

// Add dials an id, has one sum made there, and closes.
func Add(ctx context.Context, broker *plugin.GRPCBroker, id uint32, a, b int64) (int64, error) {
	conn, err := broker.Dial(id)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	reply, err := pb.NewAdderClient(conn).Add(ctx, &pb.AddRequest{A: a, B: b})
	if err != nil {
		return 0, err
	}
	return reply.Sum, nil
}
