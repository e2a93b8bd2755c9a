// Package bidirectional is what a host and a plugin of go-plugin's own test
// service share: each serves the other by the broker.
package bidirectional

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/hashicorp/go-plugin"
	grpctest "github.com/hashicorp/go-plugin/test/grpc"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Handshake is the one that upstream's tests use.
var Handshake = plugin.HandshakeConfig{
	ProtocolVersion:  1,
	MagicCookieKey:   "TEST_MAGIC_COOKIE",
	MagicCookieValue: "test",
}

// Ponger answers every ping with the same message.
type Ponger struct {
	grpctest.UnimplementedPingPongServer
	Message string
}

// Ping answers.
func (p Ponger) Ping(context.Context, *grpctest.PingRequest) (*grpctest.PongResponse, error) {
	return &grpctest.PongResponse{Msg: p.Message}, nil
}

// Server is the test service, as far as it concerns connections.
type Server struct {
	grpctest.UnimplementedTestServer
	Broker *plugin.GRPCBroker
}

// Double doubles.
func (s *Server) Double(_ context.Context, request *grpctest.TestRequest) (*grpctest.TestResponse, error) {
	return &grpctest.TestResponse{Output: request.Input * 2}, nil
}

// Stream doubles what comes.
func (s *Server) Stream(stream grpctest.Test_StreamServer) error {
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(&grpctest.TestResponse{Output: request.Input * 2}); err != nil {
			return err
		}
	}
}

// PrintStdio prints; what is nil is not printed.
func (s *Server) PrintStdio(_ context.Context, request *grpctest.PrintStdioRequest) (*emptypb.Empty, error) {
	if len(request.Stdout) > 0 {
		fmt.Fprint(os.Stdout, string(request.Stdout))
	}
	if len(request.Stderr) > 0 {
		fmt.Fprint(os.Stderr, string(request.Stderr))
	}
	return &emptypb.Empty{}, nil
}

// Bidirectional pings what the host serves under the id, and serves the same
// answer under an id of its own.
func (s *Server) Bidirectional(ctx context.Context, request *grpctest.BidirectionalRequest) (*grpctest.BidirectionalResponse, error) {
	connection, err := s.Broker.Dial(request.Id)
	if err != nil {
		return nil, fmt.Errorf("Dial: %w", err)
	}
	defer connection.Close()
	pong, err := grpctest.NewPingPongClient(connection).Ping(ctx, &grpctest.PingRequest{})
	if err != nil {
		return nil, fmt.Errorf("Ping: %w", err)
	}
	id := s.Broker.NextId()
	go s.Broker.AcceptAndServe(id, func(options []grpc.ServerOption) *grpc.Server {
		server := grpc.NewServer(options...)
		grpctest.RegisterPingPongServer(server, Ponger{Message: pong.Msg})
		return server
	})
	return &grpctest.BidirectionalResponse{Id: id}, nil
}

// Client is the host's end.
type Client struct {
	Broker *plugin.GRPCBroker
	Test   grpctest.TestClient
}

// Plugin is the service as a plugin.
type Plugin struct {
	plugin.NetRPCUnsupportedPlugin
}

// GRPCServer registers the service.
func (Plugin) GRPCServer(broker *plugin.GRPCBroker, server *grpc.Server) error {
	grpctest.RegisterTestServer(server, &Server{Broker: broker})
	return nil
}

// GRPCClient gives the host its end.
func (Plugin) GRPCClient(_ context.Context, broker *plugin.GRPCBroker, connection *grpc.ClientConn) (interface{}, error) {
	return &Client{Broker: broker, Test: grpctest.NewTestClient(connection)}, nil
}
