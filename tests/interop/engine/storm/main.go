// The Go side of what grpc-go's interop programs do not try.
//
//	storm server            serves the test service; answers with gzip where the caller wants it
//	storm mirror            sends back what it gets, whatever that means
//	storm client PORT MODE  calls it, and prints a line of JSON
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/interop"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const limit = 40 * time.Second

func main() {
	switch os.Args[1] {
	case "server":
		serve()
		return
	case "mirror":
		mirror()
		return
	}
	connection, err := grpc.NewClient(
		"passthrough:///127.0.0.1:"+os.Args[2],
		grpc.WithTransportCredentials(insecure.NewCredentials()),
	)
	check(err)
	ctx, stop := context.WithTimeout(context.Background(), limit)
	defer stop()
	client := pb.NewTestServiceClient(connection)
	_, err = client.EmptyCall(ctx, &pb.Empty{})
	check(err)
	modes := map[string]func(context.Context, pb.TestServiceClient) any{
		"cancels": cancels, "early": early, "gzip": compressed, "deadlines": deadlines, "hammer": hammer,
	}
	out, err := json.Marshal(modes[os.Args[3]](ctx, client))
	check(err)
	fmt.Println(string(out))
}

// Serves with the size of messages that the slow reader's test needs.
func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	server := grpc.NewServer(
		grpc.MaxRecvMsgSize(1<<30),
		grpc.UnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			if asksForGzip(ctx) {
				check(grpc.SetSendCompressor(ctx, gzip.Name))
			}
			return handler(ctx, request)
		}),
		grpc.StreamInterceptor(func(service any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			if asksForGzip(stream.Context()) {
				check(grpc.SetSendCompressor(stream.Context(), gzip.Name))
			}
			return handler(service, stream)
		}),
	)
	pb.RegisterTestServiceServer(server, interop.NewTestServer())
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	check(server.Serve(listener))
}

func asksForGzip(ctx context.Context) bool {
	return len(metadata.ValueFromIncomingContext(ctx, "want-gzip")) > 0
}

// Bytes that stand for a message of any kind.
type rawCodec struct{}

func (rawCodec) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }

func (rawCodec) Unmarshal(data []byte, message any) error {
	*message.(*[]byte) = append([]byte(nil), data...)
	return nil
}

func (rawCodec) Name() string { return "proto" }

// Serves any method by its name: as Calls of the tests does with its mirror.
func mirror() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	server := grpc.NewServer(
		grpc.MaxRecvMsgSize(1<<30),
		grpc.ForceServerCodec(rawCodec{}),
		grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
			method, _ := grpc.MethodFromServerStream(stream)
			name := method[strings.LastIndex(method, "/")+1:]
			var message []byte
			for first := true; ; first = false {
				err := stream.RecvMsg(&message)
				if err == io.EOF && name == "Upload" && !first {
					return stream.SendMsg(&message)
				}
				if err == io.EOF {
					return nil
				}
				if err != nil {
					return err
				}
				for left := count(stream.Context(), name); left > 0; left-- {
					if err := stream.SendMsg(&message); err != nil {
						return err
					}
				}
			}
		}),
	)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	check(server.Serve(listener))
}

// How often a message goes back.
func count(ctx context.Context, method string) int {
	switch method {
	case "Upload":
		return 0
	case "Download":
		number, err := strconv.Atoi(metadata.ValueFromIncomingContext(ctx, "count")[0])
		check(err)
		return number
	}
	return 1
}

// Opens many streams and cancels each at once; one that was there before has to survive it.
func cancels(ctx context.Context, client pb.TestServiceClient) any {
	bystander, err := client.FullDuplexCall(ctx)
	check(err)
	statuses := map[string]int{}
	for i := 0; i < 5000; i++ {
		one, cancel := context.WithCancel(ctx)
		stream, err := client.FullDuplexCall(one)
		if err == nil {
			_ = stream.Send(&pb.StreamingOutputCallRequest{})
			cancel()
			_, err = stream.Recv()
		}
		cancel()
		statuses[status.Code(err).String()]++
	}
	check(bystander.Send(&pb.StreamingOutputCallRequest{ResponseParameters: []*pb.ResponseParameters{{Size: 1}}}))
	_, err = bystander.Recv()
	_, after := client.EmptyCall(ctx, &pb.Empty{})
	return map[string]any{
		"statuses": statuses, "bystander": status.Code(err).String(), "after": status.Code(after).String(),
	}
}

// The server answers with an error while more is sent.
func early(ctx context.Context, client pb.TestServiceClient) any {
	statuses := map[string]int{}
	for i := 0; i < 200; i++ {
		stream, err := client.FullDuplexCall(ctx)
		check(err)
		_ = stream.Send(&pb.StreamingOutputCallRequest{ResponseStatus: &pb.EchoStatus{Code: 9, Message: "early"}})
		for j := 0; j < 20; j++ {
			message := &pb.StreamingOutputCallRequest{Payload: &pb.Payload{Body: make([]byte, 100000)}}
			if stream.Send(message) == io.EOF {
				break
			}
		}
		_, err = stream.Recv()
		statuses[status.Code(err).String()]++
	}
	return map[string]any{"statuses": statuses}
}

// Requests with gzip, in both kinds of call.
func compressed(ctx context.Context, client pb.TestServiceClient) any {
	body := bytes.Repeat([]byte("compress me "), 10000)
	_, unary := client.UnaryCall(ctx, &pb.SimpleRequest{
		ResponseSize: 5, Payload: &pb.Payload{Body: body},
	}, grpc.UseCompressor(gzip.Name))
	stream, err := client.StreamingInputCall(ctx, grpc.UseCompressor(gzip.Name))
	check(err)
	for i := 0; i < 3; i++ {
		check(stream.Send(&pb.StreamingInputCallRequest{Payload: &pb.Payload{Body: body}}))
	}
	answer, err := stream.CloseAndRecv()
	return map[string]any{
		"unary": status.Code(unary).String(), "streaming": status.Code(err).String(),
		"received": answer.GetAggregatedPayloadSize(), "sent": 3 * len(body),
	}
}

// Each call's time is up before the server's second answer.
func deadlines(ctx context.Context, client pb.TestServiceClient) any {
	statuses := map[string]int{}
	for i := 0; i < 100; i++ {
		one, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
		stream, err := client.StreamingOutputCall(one, &pb.StreamingOutputCallRequest{
			ResponseParameters: []*pb.ResponseParameters{{Size: 1}, {Size: 1, IntervalUs: 3_000_000}},
		})
		for err == nil {
			_, err = stream.Recv()
		}
		statuses[status.Code(err).String()]++
		cancel()
	}
	return map[string]any{"statuses": statuses}
}

// Calls from many goroutines, until the server, which is told to stop when it has served some, is gone.
func hammer(ctx context.Context, client pb.TestServiceClient) any {
	var all sync.WaitGroup
	var ok atomic.Int64
	var lock sync.Mutex
	others := map[string]int{}
	for i := 0; i < 16; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for {
				_, err := client.UnaryCall(ctx, &pb.SimpleRequest{ResponseSize: 100})
				if err == nil {
					ok.Add(1)
					continue
				}
				lock.Lock()
				others[status.Code(err).String()]++
				lock.Unlock()
				if status.Code(err) == codes.Unavailable || ctx.Err() != nil {
					return
				}
			}
		}()
	}
	all.Wait()
	return map[string]any{"ok": ok.Load(), "others": others}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
