// The benchmark's host in Go, on go-plugin itself: what it reads and prints is
// what bench/host.ts does.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"

	pb "example.com/goplugin-bench/benchpb"
	"example.com/goplugin-bench/peer"
)

const mebibyte = 1 << 20

var (
	ctx     = context.Background()
	small   = &pb.Blob{Data: make([]byte, 1024)}
	seconds = time.Duration(number("BENCH_SECONDS", 2) * float64(time.Second))
	count   = int(number("BENCH_COUNT", 5))
	total   = int(number("BENCH_MIB", 64)) * mebibyte
	wanted  = strings.Split(os.Getenv("BENCH_MEASURES"), ",")
)

func number(name string, otherwise float64) float64 {
	if value, err := strconv.ParseFloat(os.Getenv(name), 64); err == nil {
		return value
	}
	return otherwise
}

func wants(measure string) bool { return slices.Contains(wanted, measure) }

func say(line map[string]any) { _ = json.NewEncoder(os.Stdout).Encode(line) }

func emit(measure string, value float64, unit string) {
	say(map[string]any{"measure": measure, "value": value, "unit": unit})
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		say(map[string]any{"error": err.Error()})
		plugin.CleanupClients()
		os.Exit(1)
	}
}

func milliseconds(duration time.Duration) float64 { return duration.Seconds() * 1000 }

func start() (*plugin.Client, *peer.Client) {
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  peer.Handshake,
		Plugins:          plugin.PluginSet{"bench": &peer.Bench{}},
		Cmd:              exec.Command(os.Getenv("BENCH_PLUGIN")),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         os.Getenv("BENCH_MTLS") == "1",
		Logger:           hclog.NewNullLogger(),
		Managed:          true,
	})
	protocol := must(client.Client())
	bench := must(protocol.Dispense("bench")).(*peer.Client)
	must(bench.Echo(ctx, small))
	return client, bench
}

func coldAndKill() {
	for i := range count + 1 {
		began := time.Now()
		client, _ := start()
		started := time.Now()
		client.Kill()
		if i == 0 {
			emit("cold_first", milliseconds(started.Sub(began)), "ms")
			continue
		}
		emit("cold", milliseconds(started.Sub(began)), "ms")
		emit("kill", milliseconds(time.Since(started)), "ms")
	}
}

func rss(pid string) float64 {
	for line := range strings.Lines(string(must(os.ReadFile("/proc/" + pid + "/status")))) {
		if fields := strings.Fields(line); fields[0] == "VmRSS:" {
			return must(strconv.ParseFloat(fields[1], 64)) / 1024
		}
	}
	return 0
}

func unary(bench *peer.Client) {
	for range 300 {
		must(bench.Echo(ctx, small))
	}
	var samples []float64
	for end := time.Now().Add(seconds); time.Now().Before(end); {
		began := time.Now()
		must(bench.Echo(ctx, small))
		samples = append(samples, milliseconds(time.Since(began))*1000)
	}
	emit("unary_p50", quantile(samples, 0.5), "us")
	emit("unary_p99", quantile(samples, 0.99), "us")
}

func quantile(samples []float64, share float64) float64 {
	slices.Sort(samples)
	return samples[int(float64(len(samples)-1)*share)]
}

func concurrent(bench *peer.Client, width int) {
	load := func(length time.Duration) float64 {
		var calls atomic.Int64
		var loops sync.WaitGroup
		began := time.Now()
		for range width {
			loops.Go(func() {
				for time.Since(began) < length {
					must(bench.Echo(ctx, small))
					calls.Add(1)
				}
			})
		}
		loops.Wait()
		return float64(calls.Load()) / time.Since(began).Seconds()
	}
	load(seconds / 4)
	emit(fmt.Sprint("conc", width), load(seconds), "calls/s")
}

// speed times a transfer after a shorter one to warm up, in MB (10^6 bytes) each second.
func speed(transfer func(total int) int) float64 {
	transfer(8 * mebibyte)
	began := time.Now()
	if moved := transfer(total); moved != total {
		check(fmt.Errorf("%d of %d bytes", moved, total))
	}
	return float64(total) / 1e6 / time.Since(began).Seconds()
}

func download(bench *peer.Client, size int) float64 {
	return speed(func(total int) (received int) {
		request := &pb.DownloadRequest{Chunks: uint32(total / size), Size: uint32(size)}
		stream := must(bench.Download(ctx, request))
		for {
			blob, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return received
			}
			check(err)
			received += len(blob.Data)
		}
	})
}

func upload(bench *peer.Client, size int) float64 {
	return speed(func(total int) int {
		blob := &pb.Blob{Data: make([]byte, size)}
		stream := must(bench.Upload(ctx))
		for sent := 0; sent < total; sent += size {
			check(stream.Send(blob))
		}
		return int(must(stream.CloseAndRecv()).Bytes)
	})
}

func chat(bench *peer.Client) {
	stream := must(bench.Chat(ctx))
	var samples []float64
	end := time.Now().Add(seconds)
	for i := 0; i < 300 || time.Now().Before(end); i++ {
		began := time.Now()
		check(stream.Send(small))
		must(stream.Recv())
		if i >= 200 {
			samples = append(samples, milliseconds(time.Since(began))*1000)
		}
	}
	check(stream.CloseSend())
	emit("chat_p50", quantile(samples, 0.5), "us")
}

func rate(once func()) float64 {
	for range 20 {
		once()
	}
	began := time.Now()
	times := 0
	for ; time.Since(began) < seconds; times++ {
		once()
	}
	return float64(times) / time.Since(began).Seconds()
}

func borrow(bench *peer.Client) {
	id := bench.Broker.NextId()
	stop := peer.Lend(bench.Broker, id)
	defer stop()
	if reply := must(bench.Borrow(ctx, &pb.BorrowRequest{BrokerId: id, A: 40, B: 2})); reply.Sum != 42 {
		check(fmt.Errorf("borrow: %d", reply.Sum))
	}
}

func lend(bench *peer.Client) {
	lent := must(bench.Lend(ctx, &pb.Done{}))
	if sum := must(peer.Add(ctx, bench.Broker, lent.BrokerId, 40, 2)); sum != 42 {
		check(fmt.Errorf("lend: %d", sum))
	}
	must(bench.Unlend(ctx, lent))
}

func main() {
	if wants("cold") || wants("kill") {
		coldAndKill()
	}
	client, bench := start()
	defer client.Kill()
	if wants("rss") {
		time.Sleep(500 * time.Millisecond)
		emit("rss_host", rss("self"), "MiB")
		emit("rss_plugin", rss(client.ID()), "MiB")
	}
	if wants("unary") {
		unary(bench)
	}
	for _, width := range []int{1, 4, 16} {
		if wants(fmt.Sprint("conc", width)) {
			concurrent(bench, width)
		}
	}
	if wants("conc") {
		concurrent(bench, 64)
	}
	for _, message := range []struct {
		name string
		size int
	}{{"64k", 64 << 10}, {"1m", mebibyte}} {
		if wants("download") {
			emit("download_"+message.name, download(bench, message.size), "MB/s")
		}
		if wants("upload") {
			emit("upload_"+message.name, upload(bench, message.size), "MB/s")
		}
	}
	if wants("chat") {
		chat(bench)
	}
	if wants("broker") {
		emit("broker_borrow", rate(func() { borrow(bench) }), "conns/s")
		emit("broker_lend", rate(func() { lend(bench) }), "conns/s")
	}
}
