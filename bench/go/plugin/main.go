// The benchmark's plugin in Go, on go-plugin itself.
package main

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "example.com/goplugin-bench/benchpb"
	"example.com/goplugin-bench/peer"
)

type bench struct {
	pb.UnimplementedBenchServer
	broker *plugin.GRPCBroker
	lock   sync.Mutex
	lent   map[uint32]func()
}

func (*bench) Echo(_ context.Context, blob *pb.Blob) (*pb.Blob, error) { return blob, nil }

func (*bench) Download(request *pb.DownloadRequest, stream grpc.ServerStreamingServer[pb.Blob]) error {
	blob := &pb.Blob{Data: make([]byte, request.Size)}
	for range request.Chunks {
		if err := stream.Send(blob); err != nil {
			return err
		}
	}
	return nil
}

func (*bench) Upload(stream grpc.ClientStreamingServer[pb.Blob, pb.UploadReply]) error {
	var reply pb.UploadReply
	for {
		blob, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(&reply)
		}
		if err != nil {
			return err
		}
		reply.Chunks++
		reply.Bytes += uint64(len(blob.Data))
	}
}

func (*bench) Chat(stream grpc.BidiStreamingServer[pb.Blob, pb.Blob]) error {
	for {
		blob, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(blob); err != nil {
			return err
		}
	}
}

func (b *bench) Borrow(ctx context.Context, request *pb.BorrowRequest) (*pb.AddReply, error) {
	sum, err := peer.Add(ctx, b.broker, request.BrokerId, request.A, request.B)
	if err != nil {
		return nil, err
	}
	return &pb.AddReply{Sum: sum}, nil
}

func (b *bench) Lend(context.Context, *pb.Done) (*pb.LendReply, error) {
	id := b.broker.NextId()
	stop := peer.Lend(b.broker, id)
	b.lock.Lock()
	defer b.lock.Unlock()
	b.lent[id] = stop
	return &pb.LendReply{BrokerId: id}, nil
}

func (b *bench) Unlend(_ context.Context, request *pb.LendReply) (*pb.Done, error) {
	b.lock.Lock()
	stop := b.lent[request.BrokerId]
	delete(b.lent, request.BrokerId)
	b.lock.Unlock()
	if stop == nil {
		return nil, status.Errorf(codes.NotFound, "nothing lent on %d", request.BrokerId)
	}
	stop()
	return &pb.Done{}, nil
}

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: peer.Handshake,
		Plugins: plugin.PluginSet{"bench": &peer.Bench{Make: func(broker *plugin.GRPCBroker) pb.BenchServer {
			return &bench{broker: broker, lent: map[uint32]func(){}}
		}}},
		GRPCServer: plugin.DefaultGRPCServer,
		Logger:     hclog.NewNullLogger(),
	})
}
