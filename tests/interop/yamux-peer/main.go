// Command yamux-peer is one side of a yamux session, with hashicorp/yamux and
// nothing else. It listens, prints its address, takes one connection, and does
// what the first line of each stream asks for.
//
//	yamux-peer [-role server|client] [-network unix|tcp] [-address ADDRESS] …
//
// The role is yamux's: it is the listening side in both. Lines on stdout say
// what happened; yamux's own log goes to stderr. It ends with its session, or
// when stdin does.
package main

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/yamux"
)

var (
	role         = flag.String("role", "server", "server or client, as yamux means it")
	network      = flag.String("network", "unix", "unix or tcp")
	address      = flag.String("address", "", "where to listen")
	keepAlive    = flag.Duration("keep-alive", 200*time.Millisecond, "how often to ping")
	writeTimeout = flag.Duration("write-timeout", 10*time.Second, "how long to wait for a pong")
	closeTimeout = flag.Duration("close-timeout", 5*time.Minute, "how long to wait for a FIN")
	openTimeout  = flag.Duration("open-timeout", 75*time.Second, "how long to wait for an ACK")
	backlog      = flag.Int("backlog", 256, "how many streams may wait to be accepted")
	deaf         = flag.Bool("deaf", false, "accept no streams")
	dieAfter     = flag.Int("die-after", -1, "end the process after that many bytes of source")
)

func main() {
	flag.Parse()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	listener, err := net.Listen(*network, *address)
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	conn, err := listener.Accept()
	if err != nil {
		return err
	}
	_ = listener.Close()
	config := yamux.DefaultConfig()
	config.KeepAliveInterval = *keepAlive
	config.ConnectionWriteTimeout = *writeTimeout
	config.StreamCloseTimeout = *closeTimeout
	config.StreamOpenTimeout = *openTimeout
	config.AcceptBacklog = *backlog
	start := yamux.Server
	if *role == "client" {
		start = yamux.Client
	}
	session, err := start(conn, config)
	if err != nil {
		return err
	}
	if *deaf {
		<-session.CloseChan()
		fmt.Println("session over")
		return nil
	}
	var serving sync.WaitGroup
	for {
		stream, err := session.AcceptStream()
		if err != nil {
			serving.Wait()
			fmt.Println("session over:", err)
			return nil
		}
		serving.Add(1)
		go func() {
			defer serving.Done()
			if err := serve(session, stream); err != nil {
				fmt.Printf("stream %d: %v\n", stream.StreamID(), err)
			}
		}()
	}
}

// serve does what the first line of a stream asks for.
func serve(session *yamux.Session, stream *yamux.Stream) error {
	reader := bufio.NewReader(stream)
	line, err := reader.ReadString('\n')
	if err != nil {
		_ = stream.Close()
		return err
	}
	words := strings.Fields(line)
	number := func(index int) int {
		value, err := strconv.Atoi(words[index])
		if err != nil {
			panic(err)
		}
		return value
	}
	defer func() { _ = stream.Close() }()
	answer := func(format string, values ...any) error {
		_, err := fmt.Fprintf(stream, format, values...)
		return err
	}
	switch words[0] {
	case "echo":
		_, err = io.Copy(stream, reader)
		return err
	case "hash": // Reads to the end, then answers. SLEEP is in milliseconds, before each 64 KiB.
		hash := sha256.New()
		sleep := time.Duration(number(1)) * time.Millisecond
		length := int64(0)
		for {
			time.Sleep(sleep)
			n, err := io.CopyN(hash, reader, 64*1024)
			length += n
			if errors.Is(err, io.EOF) {
				return answer("%d %x", length, hash.Sum(nil))
			}
			if err != nil {
				return err
			}
		}
	case "source": // Writes so many random bytes, ends, then says what it has read: to the end.
		hash := sha256.New()
		if err := source(io.MultiWriter(stream, hash), number(1)); err != nil {
			return err
		}
		_ = stream.Close()
		late, err := io.ReadAll(reader)
		fmt.Printf("source %x, then read %q: %v\n", hash.Sum(nil), late, err)
		return nil
	case "ending": // Says how the stream ends.
		length, err := io.Copy(io.Discard, reader)
		fmt.Printf("ending after %d: %v\n", length, err)
		return nil
	case "writing": // Says how writing ends.
		err := source(stream, 1<<40)
		fmt.Printf("writing: %v\n", err)
		return nil
	case "open": // Opens so many streams at once, and has so many bytes echoed on each.
		errs := make(chan error)
		for range number(1) {
			go func() { errs <- echoed(session, number(2)) }()
		}
		var all error
		for range number(1) {
			all = errors.Join(all, <-errs)
		}
		return answer("%v", all)
	case "open-and-wait": // Opens one stream and says how it ends.
		opened, err := session.OpenStream()
		if err == nil {
			_, err = io.ReadAll(opened)
		}
		return answer("%v", err)
	case "ping":
		_, err := session.Ping()
		return answer("%v", err)
	case "streams":
		return answer("%d", session.NumStreams())
	case "goaway":
		return answer("%v", session.GoAway())
	case "shut": // Ends the session.
		return session.Close()
	}
	return fmt.Errorf("unknown command %q", line)
}

// source writes random bytes, and ends the process in the middle if it was told to.
func source(writer io.Writer, length int) error {
	block := make([]byte, 1<<16)
	_, _ = rand.Read(block)
	for written := 0; written < length; {
		if *dieAfter >= 0 && written >= *dieAfter {
			// In the middle of what another goroutine is writing.
			go func() { _, _ = writer.Write(make([]byte, 1<<20)) }()
			os.Exit(9)
		}
		block[written>>16&0xffff] ^= byte(written >> 16)
		n, err := writer.Write(block[:min(len(block), length-written)])
		written += n
		if err != nil {
			return err
		}
	}
	return nil
}

// echoed has bytes echoed on a stream of its own, and compares.
func echoed(session *yamux.Session, length int) error {
	stream, err := session.OpenStream()
	if err != nil {
		return err
	}
	sent := sha256.New()
	go func() {
		_ = source(io.MultiWriter(stream, sent), length)
		_ = stream.Close()
	}()
	received := sha256.New()
	n, err := io.Copy(received, stream)
	if err != nil {
		return err
	}
	if n != int64(length) || string(sent.Sum(nil)) != string(received.Sum(nil)) {
		return fmt.Errorf("stream %d: %d bytes came back of %d", stream.StreamID(), n, length)
	}
	return nil
}
