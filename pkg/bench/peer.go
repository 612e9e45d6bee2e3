package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Peer is a minimal server to compare with: it echoes JSON over net/http and writes
// prepared messages to sockets. It runs in a process of its own, under the same
// conditions as the measured system.
type Peer struct {
	Addr string // host:port
	PID  int    // 0: it runs in this process
}

// burst asks the peer to write to every socket as often as it can.
type burst struct {
	Messages int     `json:"messages"` // per write call
	Size     int     `json:"size"`     // approximate bytes per message
	Seconds  float64 `json:"seconds"`
}

type burstDone struct {
	Seq uint64 `json:"seq"` // of the last message on every socket
}

// ServePeer is the peer: it serves on l until ctx ends.
func ServePeer(ctx context.Context, l net.Listener) error {
	p := &peerServer{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /echo", echo)
	mux.HandleFunc("GET /ws", p.connect)
	mux.HandleFunc("POST /burst", p.burst)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: dialTimeout}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	err := server.Serve(l)
	p.close()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// echo decodes a task and encodes it again.
func echo(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		Completed   bool   `json:"completed"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(&body)
}

type peerServer struct {
	mu    sync.Mutex
	conns []net.Conn
	seq   uint64
}

// connect adds a socket. The handshake has only the parts that receiver reads.
func (p *peerServer) connect(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	hello := []byte("HTTP/1.1 101 Switching Protocols\r\n\r\n")
	hello = appendFrame(hello, opText, fmt.Appendf(nil, `{"type":"connected","seq":%d}`, p.seq))
	if _, err := conn.Write(hello); err != nil {
		_ = conn.Close()
		return
	}
	p.conns = append(p.conns, conn)
}

func (p *peerServer) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
}

func (p *peerServer) burst(w http.ResponseWriter, r *http.Request) {
	var b burst
	if err := json.NewDecoder(r.Body).Decode(&b); err != nil || b.Messages < 1 {
		http.Error(w, "a burst has messages", http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns { // a reader that stopped reading must not block the burst
		_ = conn.SetWriteDeadline(time.Now().Add(time.Duration(b.Seconds*float64(time.Second)) + answerTimeout))
	}
	p.seq += b.write(r.Context(), p.seq, p.conns)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(burstDone{Seq: p.seq})
}

// write writes to all sockets, one share per processor, and returns how many
// messages each socket got.
func (b burst) write(ctx context.Context, seq uint64, conns []net.Conn) uint64 {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(b.Seconds*float64(time.Second)))
	defer cancel()
	var (
		most    atomic.Uint64 // rounds of the fastest share
		writing sync.WaitGroup
		shares  = make([]uint64, runtime.GOMAXPROCS(0))
	)
	share := func(i int) []net.Conn { return conns[i*len(conns)/len(shares) : (i+1)*len(conns)/len(shares)] }
	for i := range shares {
		writing.Go(func() {
			for ctx.Err() == nil || shares[i] < most.Load() {
				b.round(seq+shares[i]*uint64(b.Messages), share(i))
				shares[i]++
				for m := most.Load(); m < shares[i] && !most.CompareAndSwap(m, shares[i]); m = most.Load() {
				}
			}
		})
	}
	writing.Wait()
	for i := range shares { // bring every share to the same number of rounds
		for ; shares[i] < most.Load(); shares[i]++ {
			b.round(seq+shares[i]*uint64(b.Messages), share(i))
		}
	}
	return most.Load() * uint64(b.Messages)
}

// round encodes the next messages once and writes them to each socket in one call.
// Write errors are ignored: the reader of a failed socket reports them.
func (b burst) round(seq uint64, conns []net.Conn) {
	var frames []byte
	filler := strings.Repeat("x", max(b.Size-len(`{"type":"task_created","task":"","seq":12345678}`), 0))
	for i := range b.Messages {
		frames = appendFrame(frames, opText, fmt.Appendf(nil, `{"type":"task_created","task":"%s","seq":%d}`, filler, seq+uint64(i)+1))
	}
	for _, conn := range conns {
		_, _ = conn.Write(frames)
	}
}
