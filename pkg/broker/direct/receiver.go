package direct

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/taskctl/taskctl/pkg/task"
)

const (
	pingEvery = 10 * time.Second
	silence   = 25 * time.Second // a peer that has not been heard of for this long is gone
)

// Receiver is wsserver's end: an http.Handler to mount where the publishers
// connect, and the task.Subscriber that gets what they send. Several may be
// connected at once, as during a rolling restart of the api.
type Receiver struct {
	token    string
	log      *slog.Logger
	upgrader websocket.Upgrader

	mu    sync.Mutex
	links map[*websocket.Conn]struct{}
	sub   *subscription // nil while nobody subscribes
	wg    sync.WaitGroup
}

// subscription is who gets the batches; its lock makes them come one at a time.
type subscription struct {
	mu      sync.Mutex
	deliver func(epoch string, events []task.Event)
	look    func()
}

var _ task.Subscriber = (*Receiver)(nil)

// NewReceiver returns a Receiver that lets in who knows the token.
func NewReceiver(token string, log *slog.Logger) *Receiver {
	return &Receiver{
		token: token, log: log, links: map[*websocket.Conn]struct{}{},
		upgrader: websocket.Upgrader{
			HandshakeTimeout: 5 * time.Second, ReadBufferSize: 16 << 10, WriteBufferSize: 512,
			CheckOrigin: func(r *http.Request) bool { return r.Header.Get("Origin") == "" }, // no browser publishes
		},
	}
}

// Connected reports whether a publisher is there.
func (r *Receiver) Connected() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.links) > 0
}

// ServeHTTP takes one publisher, and returns when it is gone.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if subtle.ConstantTimeCompare([]byte(req.Header.Get("Authorization")), []byte("Bearer "+r.token)) != 1 {
		r.log.Warn("a stranger tried to publish", "from", req.RemoteAddr)
		w.Header().Set("WWW-Authenticate", `Bearer realm="taskctl link"`)
		http.Error(w, "the link needs the token in data/link.token", http.StatusUnauthorized)
		return
	}
	conn, err := r.upgrader.Upgrade(w, req, nil)
	if err != nil {
		return // Upgrade has answered
	}
	sub := r.enter(conn)
	if sub == nil {
		_ = conn.WriteControl(websocket.CloseMessage,
			websocket.FormatCloseMessage(websocket.CloseGoingAway, ""), time.Now().Add(time.Second))
		_ = conn.Close()
		return
	}
	defer r.leave(conn, sub)
	r.read(conn, sub)
}

// enter counts a link in; nil when nobody subscribes.
func (r *Receiver) enter(conn *websocket.Conn) *subscription {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sub == nil {
		return nil
	}
	r.links[conn] = struct{}{}
	r.wg.Add(1)
	return r.sub
}

func (r *Receiver) leave(conn *websocket.Conn, sub *subscription) {
	r.mu.Lock()
	delete(r.links, conn)
	r.mu.Unlock()
	_ = conn.Close()
	sub.look() // a commit may have died on its way
	r.wg.Done()
}

func (r *Receiver) read(conn *websocket.Conn, sub *subscription) {
	conn.SetReadLimit(maxMessage + maxEvent)
	heard := func(string) error { return conn.SetReadDeadline(time.Now().Add(silence)) }
	conn.SetPongHandler(heard)
	stop := make(chan struct{})
	defer close(stop)
	go ping(conn, stop)
	for {
		if heard("") != nil {
			return
		}
		_, message, err := conn.ReadMessage()
		if err != nil {
			return
		}
		epoch, events, err := decode(message)
		if err != nil {
			r.log.Error("read the link", "error", err)
			return
		}
		if len(events) == 0 { // a publisher that has just come, or has had to drop some
			sub.look()
			continue
		}
		sub.mu.Lock()
		sub.deliver(epoch, events)
		sub.mu.Unlock()
	}
}

func ping(conn *websocket.Conn, stop <-chan struct{}) {
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)) != nil {
				return // the reader finds out
			}
		case <-stop:
			return
		}
	}
}

// Subscribe takes publishers in until ctx ends, then sends them away and returns
// nil. look is called when a link comes up or goes down. Only one subscription
// at a time.
func (r *Receiver) Subscribe(ctx context.Context, deliver func(epoch string, events []task.Event), look func()) error {
	r.mu.Lock()
	r.sub = &subscription{deliver: deliver, look: look}
	r.mu.Unlock()
	<-ctx.Done()
	r.mu.Lock()
	r.sub = nil
	for conn := range r.links {
		_ = conn.WriteControl(websocket.CloseMessage,
			websocket.FormatCloseMessage(websocket.CloseGoingAway, ""), time.Now().Add(time.Second))
		_ = conn.Close()
	}
	r.mu.Unlock()
	r.wg.Wait()
	return nil
}
