package direct

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"taskctl/pkg/task"
)

const (
	pingInterval       = 10 * time.Second
	readTimeout        = 25 * time.Second // without a pong or a message the peer counts as dead
	proofTimeout       = 5 * time.Second  // for a publisher's proof
	maxProof           = 1 << 10          // bytes of a message; notices are empty
	maxUnauthenticated = 16               // connections at a time that are not authenticated yet
)

// Receiver is wsserver's end of the links. It is the http.Handler to which publishers
// connect, and the task.Subscriber that they notify. Several publishers may be
// connected at once, as during a rolling restart of the api.
type Receiver struct {
	token           string
	log             *slog.Logger
	upgrader        websocket.Upgrader
	unauthenticated chan struct{} // one value for each connection that is not authenticated yet

	mu     sync.Mutex
	links  map[*websocket.Conn]struct{}
	notify func() // nil while nobody subscribes
	wg     sync.WaitGroup
}

var _ task.Subscriber = (*Receiver)(nil)

// NewReceiver returns a Receiver that accepts publishers that know the token.
func NewReceiver(token string, log *slog.Logger) *Receiver {
	return &Receiver{
		token: token, log: log, links: map[*websocket.Conn]struct{}{}, unauthenticated: make(chan struct{}, maxUnauthenticated),
		upgrader: websocket.Upgrader{
			HandshakeTimeout: 5 * time.Second, ReadBufferSize: 512, WriteBufferSize: 512,
			CheckOrigin: func(r *http.Request) bool { return r.Header.Get("Origin") == "" }, // no browser publishes
		},
	}
}

// Connected reports whether a publisher is connected.
func (r *Receiver) Connected() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.links) > 0
}

// ServeHTTP serves one publisher, and returns when it has disconnected.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	h := handshake{token: r.token, publisherNonce: req.Header.Get(nonceHeader), receiverNonce: newNonce()}
	if !validNonce(h.publisherNonce) {
		http.Error(w, "only the API of this system may publish here", http.StatusUnauthorized)
		return
	}
	select {
	case r.unauthenticated <- struct{}{}:
	default:
		http.Error(w, "too many links are being opened", http.StatusServiceUnavailable)
		return
	}
	conn, authenticated := r.accept(w, req, h)
	<-r.unauthenticated
	if conn == nil {
		return // Upgrade has answered
	}
	if !authenticated {
		r.log.Warn("a client without the link token tried to publish", "remote", req.RemoteAddr)
		closeWith(conn, websocket.ClosePolicyViolation)
		return
	}
	notify := r.addLink(conn)
	if notify == nil {
		closeWith(conn, websocket.CloseGoingAway)
		return
	}
	defer r.removeLink(conn, notify)
	r.read(conn, notify)
}

// accept upgrades the connection, proves to the publisher that this receiver knows the
// token, and reports whether the publisher has proved the same.
func (r *Receiver) accept(w http.ResponseWriter, req *http.Request, h handshake) (conn *websocket.Conn, authenticated bool) {
	conn, err := r.upgrader.Upgrade(w, req, http.Header{nonceHeader: {h.receiverNonce}, proofHeader: {h.proof(receiverRole)}})
	if err != nil {
		return nil, false
	}
	conn.SetReadLimit(maxProof)
	if conn.SetReadDeadline(time.Now().Add(proofTimeout)) != nil {
		return conn, false
	}
	_, proof, err := conn.ReadMessage()
	return conn, err == nil && h.verify(publisherRole, string(proof))
}

func closeWith(conn *websocket.Conn, code int) {
	_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(time.Second))
	_ = conn.Close()
}

// addLink registers a link. It returns nil if there is no subscriber.
func (r *Receiver) addLink(conn *websocket.Conn) (notify func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.notify == nil {
		return nil
	}
	r.links[conn] = struct{}{}
	r.wg.Add(1)
	return r.notify
}

func (r *Receiver) removeLink(conn *websocket.Conn, notify func()) {
	r.mu.Lock()
	delete(r.links, conn)
	r.mu.Unlock()
	_ = conn.Close()
	notify() // a notice may have been lost with the link
	r.wg.Done()
}

func (r *Receiver) read(conn *websocket.Conn, notify func()) {
	alive := func(string) error { return conn.SetReadDeadline(time.Now().Add(readTimeout)) }
	conn.SetPongHandler(alive)
	stop := make(chan struct{})
	defer close(stop)
	go ping(conn, stop)
	for alive("") == nil {
		if _, _, err := conn.NextReader(); err != nil {
			return
		}
		notify()
	}
}

func ping(conn *websocket.Conn, stop <-chan struct{}) {
	ticker := time.NewTicker(pingInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)) != nil {
				return // the reader fails too
			}
		case <-stop:
			return
		}
	}
}

// Subscribe accepts publishers until ctx ends, then disconnects them and returns nil.
// It calls missed for every notice, and when a link comes up or goes down; events
// themselves are not sent over the link. Only one subscription at a time.
func (r *Receiver) Subscribe(ctx context.Context, _ func(string, []task.Event), missed func()) error {
	r.mu.Lock()
	r.notify = missed
	r.mu.Unlock()
	<-ctx.Done()
	r.mu.Lock()
	r.notify = nil
	for conn := range r.links {
		closeWith(conn, websocket.CloseGoingAway)
	}
	r.mu.Unlock()
	r.wg.Wait()
	return nil
}
