package wsserver_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"taskctl/pkg/eventlog/eventlogtest"
	"taskctl/pkg/wsserver"

	"taskctl/pkg/wait/waittest"
)

// readersEnv makes the test binary a crowd of readers, in a process of its own so
// that their work is not counted as the server's: "ADDR CLIENTS MESSAGES [raw]".
const readersEnv = "TASKCTL_TEST_READERS"

// crowd is that process.
type crowd struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// gather starts a crowd and waits until all are connected.
func gather(b testing.TB, addr string, clients, messages int, how string) *crowd {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %d %s", readersEnv, addr, clients, messages, how))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	c := &crowd{cmd, in, bufio.NewScanner(out)}
	b.Cleanup(func() { _ = c.in.Close(); _ = c.cmd.Wait() })
	c.await(b, "connected")
	return c
}

func (c *crowd) await(b testing.TB, word string) {
	b.Helper()
	if !c.out.Scan() || c.out.Text() != word {
		b.Fatalf("the readers said %q, %v; want %q", c.out.Text(), c.out.Err(), word)
	}
}

// beReaders is the crowd's main: it connects, says so, and says so again when
// every reader has had all its messages.
func beReaders(spec string) error {
	var addr, how string
	var clients, messages int
	if n, err := fmt.Sscanf(spec, "%s %d %d %s", &addr, &clients, &messages, &how); n < 4 {
		return err
	}
	failures := make(chan error, 2*clients)
	var connected, done sync.WaitGroup
	slots := make(chan struct{}, 64)
	readers := make([]*bufio.Reader, clients) // kept: a connection that is forgotten is closed
	connected.Add(clients)
	for i := range clients {
		done.Go(func() {
			slots <- struct{}{}
			r, err := connect(addr, how)
			<-slots
			connected.Done()
			if readers[i] = r; err == nil {
				err = countFrames(r, messages)
			}
			if err != nil {
				failures <- err
			}
		})
	}
	connected.Wait()
	fmt.Println("connected")
	if messages > 0 {
		done.Wait()
	}
	select {
	case err := <-failures:
		return err
	default:
	}
	fmt.Println("done")
	_, err := io.Copy(io.Discard, os.Stdin) // the connections stay until the test has what it wants
	runtime.KeepAlive(readers)
	return err
}

const handshake = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

// connect opens a connection and reads the welcome; raw connections have none.
func connect(addr, how string) (*bufio.Reader, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	size := 32 << 10
	if how == "idle" {
		size = 512
	}
	r := bufio.NewReaderSize(conn, size)
	if how == "raw" {
		return r, nil
	}
	if _, err := io.WriteString(conn, handshake); err != nil {
		return nil, err
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if line == "\r\n" {
			return r, countFrames(r, 1)
		}
	}
}

// countFrames reads n frames.
func countFrames(r *bufio.Reader, n int) error {
	for range n {
		h, err := r.Peek(4)
		if err != nil {
			return err
		}
		size := 2 + int(h[1])
		if h[1] == 126 {
			size = 4 + int(binary.BigEndian.Uint16(h[2:]))
		}
		if h[0] != 0x81 || h[1] == 127 {
			return fmt.Errorf("frame %x", h)
		}
		if _, err := r.Discard(size); err != nil {
			return err
		}
	}
	return nil
}

// cpu is the processor time that this process has used, to a hundredth of a
// second; zero on systems without /proc.
func cpu(b testing.TB) time.Duration {
	b.Helper()
	data, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:])) // from the third on (proc_pid_stat(5))
	var ticks time.Duration
	for _, field := range fields[11:13] { // utime and stime
		n, err := strconv.Atoi(field)
		if err != nil {
			b.Fatal(err)
		}
		ticks += time.Duration(n)
	}
	return ticks * 10 * time.Millisecond
}

const fanoutClients = 1000

// BenchmarkFanout is one event to 1,000 clients per iteration, as fast as they
// take them, at most window events ahead of them.
func BenchmarkFanout(b *testing.B) {
	for _, window := range []int{1, 20, 64, 1024} {
		b.Run(fmt.Sprintf("window=%d", window), func(b *testing.B) {
			s := serve(b, wsserver.Config{Ping: time.Hour, Heartbeat: time.Hour}, nil)
			c := gather(b, s.addr, fanoutClients, b.N, "events")
			used := cpu(b)
			b.ResetTimer()
			for sent := 0; sent < b.N; {
				n := min(window, 16, b.N-sent)
				s.publish(n)
				sent += n
				for s.value(b, "taskctl_deliveries_total") < float64((sent-window)*fanoutClients) {
					runtime.Gosched()
				}
			}
			c.await(b, "done")
			report(b, used)
			b.ReportMetric(s.value(b, "taskctl_deliveries_total")/s.value(b, "taskctl_delivery_writes_total"), "events/write")
		})
	}
}

// BenchmarkRawWrites is the same messages to as many connections with the least
// work there is: two goroutines that write twenty ready messages at a time.
func BenchmarkRawWrites(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	conns := make(chan net.Conn, fanoutClients)
	go func() {
		for {
			c, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			conns <- c
		}
	}()
	const together = 20
	e := eventlogtest.Event(1_000_000)
	json := e.AppendJSON(nil)
	var frame []byte
	frame = append(frame, 0x81, 126)
	frame = append(binary.BigEndian.AppendUint16(frame, uint16(len(json))), json...)
	block := []byte(strings.Repeat(string(frame), together))

	rounds := (b.N + together - 1) / together
	c := gather(b, l.Addr().String(), fanoutClients, rounds*together, "raw")
	halves := make([][]net.Conn, 2)
	for i := range fanoutClients {
		halves[i%2] = append(halves[i%2], <-conns)
	}
	used := cpu(b)
	b.ResetTimer()
	var wg sync.WaitGroup
	for _, half := range halves {
		wg.Go(func() {
			for range rounds {
				for _, conn := range half {
					if _, err := conn.Write(block); err != nil {
						b.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	c.await(b, "done")
	report(b, used)
	b.StopTimer()
	_ = l.Close()
	for _, half := range halves {
		for _, conn := range half {
			_ = conn.Close()
		}
	}
}

func report(b *testing.B, used time.Duration) {
	deliveries := float64(b.N) * fanoutClients
	b.ReportMetric(deliveries/b.Elapsed().Seconds(), "deliveries/s")
	b.ReportMetric(float64(cpu(b)-used)/deliveries, "cpu-ns/delivery")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkIdleMemory is what a connection takes while nothing happens.
func BenchmarkIdleMemory(b *testing.B) {
	const clients = 5000
	for b.Loop() {
		s := serve(b, wsserver.Config{}, nil)
		before := resident(b)
		c := gather(b, s.addr, clients, 0, "idle")
		waittest.For(b, "the clients", func() bool { return s.Clients() == clients })
		for range 3 {
			runtime.GC()
		}
		heap := new(runtime.MemStats)
		runtime.ReadMemStats(heap)
		b.ReportMetric(float64(resident(b)-before)/clients, "rss-B/client")
		b.ReportMetric(float64(heap.StackInuse)/clients, "stack-B/client")
		b.ReportMetric(float64(heap.HeapAlloc)/clients, "heap-B/client")
		_ = c.in.Close()
		_ = s.stop()
	}
	b.ReportMetric(0, "ns/op")
}

// resident is the memory of this process that is in RAM, in bytes.
func resident(b testing.TB) int {
	b.Helper()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip("needs /proc")
	}
	var total, pages int
	if _, err := fmt.Sscan(string(data), &total, &pages); err != nil {
		b.Fatal(err)
	}
	return pages * os.Getpagesize()
}
