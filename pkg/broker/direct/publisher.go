package direct

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/gorilla/websocket"

	"github.com/taskctl/taskctl/pkg/task"
)

const (
	minWait      = 20 * time.Millisecond // before the second attempt; doubled up to maxWait
	maxWait      = time.Second
	dialTimeout  = 5 * time.Second
	writeTimeout = 5 * time.Second
	// farewell bounds the wait for the receiver's goodbye, which says that it has
	// read everything before.
	farewell = time.Second
	// maxQueued bounds what waits to be written. It covers what is committed
	// while one write is under way; a receiver that is further behind than that
	// reads the log faster.
	maxQueued = 8 << 20

	// A flush of this many events means that the store is busy. The publisher then
	// rests, so that what is committed meanwhile goes as one message: each wakes
	// wsserver and every client, which would be most of what they cost.
	busy = 8
	rest = 5 * time.Millisecond
)

// Config says where the link goes.
type Config struct {
	URL       string // of wsserver's link: ws://localhost:8765/link
	TokenFile string // see Token; read at every attempt

	// OnLink is told when the link comes up, and when it goes down without having
	// been asked to; nil: nobody is.
	OnLink func(up bool)
}

// Publisher is the api's end of the link. Make it with NewPublisher.
type Publisher struct {
	cfg     Config
	log     *slog.Logger
	up      atomic.Bool
	dropped *metrics.Counter
	sent    *metrics.Counter

	mu    sync.Mutex
	queue queue
	more  chan struct{} // has a token when there is something to write

	message []byte // is used again for the next
}

// queue is what waits to be written: events of one epoch.
type queue struct {
	epoch  string
	events []task.Event
	size   int  // bytes of tasks in events
	lost   bool // events were dropped that nothing in events tells of
}

var _ task.Publisher = (*Publisher)(nil)

// NewPublisher wires the link; it connects in Run.
func NewPublisher(cfg Config, set *metrics.Set, log *slog.Logger) (*Publisher, error) {
	if cfg.URL == "" || cfg.TokenFile == "" {
		return nil, errors.New("the link needs a URL and a token file")
	}
	if cfg.OnLink == nil {
		cfg.OnLink = func(bool) {}
	}
	p := &Publisher{
		cfg: cfg, log: log, more: make(chan struct{}, 1),
		dropped: set.NewCounter("taskctl_link_events_dropped_total"),
		sent:    set.NewCounter("taskctl_link_events_sent_total"),
	}
	set.NewGauge("taskctl_link_up", func() float64 {
		if p.Connected() {
			return 1
		}
		return 0
	})
	return p, nil
}

// Connected reports whether events reach wsserver by the link now.
func (p *Publisher) Connected() bool { return p.up.Load() }

// Publish hands events over without waiting. Without a link, or with too much
// waiting for it, they are dropped: the receiver finds them in the log.
func (p *Publisher) Publish(epoch string, events []task.Event) {
	if !p.up.Load() {
		p.dropped.Add(len(events))
		return
	}
	size := 0
	for i := range events {
		size += len(events[i].Task)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	q := &p.queue
	if q.epoch != epoch { // the log was replaced: the receiver has to look
		*q = queue{epoch: epoch, lost: q.lost || len(q.events) > 0}
	}
	if q.size+size > maxQueued {
		p.dropped.Add(len(events))
		q.lost = true
		return
	}
	q.events = append(q.events, events...)
	q.size += size
	p.sent.Add(len(events))
	p.wake()
}

// wake has the queue written. It never blocks.
func (p *Publisher) wake() {
	select {
	case p.more <- struct{}{}:
	default:
	}
}

// take returns what is to be written now.
func (p *Publisher) take() queue {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.queue
	p.queue = queue{}
	return q
}

// begin empties the queue: what was meant for the connection before is in the
// log. Events published from now on are queued.
func (p *Publisher) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = queue{lost: true}
	p.up.Store(true)
	p.wake()
}

// Run keeps the link up until ctx ends; then it writes what is queued, waits
// until the receiver has it, and returns nil.
func (p *Publisher) Run(ctx context.Context) error {
	said := ""
	for wait := minWait; ; wait = min(2*wait, maxWait) {
		conn, err := p.dial(ctx)
		if err == nil {
			said, wait = "", minWait
			err = p.serve(ctx, conn)
		}
		if ctx.Err() != nil {
			return nil
		}
		if text := err.Error(); text != said {
			said = text
			p.log.Info("no link to the notification server", "url", p.cfg.URL, "cause", text)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}

func (p *Publisher) dial(ctx context.Context) (*websocket.Conn, error) {
	token, err := Token(p.cfg.TokenFile)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	dialer := websocket.Dialer{ReadBufferSize: 512, WriteBufferSize: 16 << 10}
	conn, res, err := dialer.DialContext(ctx, p.cfg.URL, http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		if res != nil {
			return nil, fmt.Errorf("the notification server refused the link: %s", res.Status)
		}
		return nil, fmt.Errorf("connect the link: %w", err)
	}
	return conn, nil
}

// serve writes to one connection until it breaks or ctx ends.
func (p *Publisher) serve(ctx context.Context, conn *websocket.Conn) error {
	defer func() { _ = conn.Close() }() // what matters has been said by then
	p.begin()
	p.cfg.OnLink(true)
	p.log.Info("linked to the notification server", "url", p.cfg.URL)
	defer func() {
		p.up.Store(false)
		if ctx.Err() == nil {
			p.cfg.OnLink(false)
		}
	}()

	broken := make(chan error, 1)
	go func() {
		for { // nothing is expected but pings and the end
			if _, _, err := conn.NextReader(); err != nil {
				broken <- err
				return
			}
		}
	}()
	send := func(message []byte) error { return write(conn, message) }
	more := p.more
	var rested <-chan time.Time
	for {
		select {
		case <-more:
			n, err := p.flush(send)
			if err != nil {
				return err
			}
			if n >= busy {
				more, rested = nil, time.After(rest)
			}
		case <-rested:
			more, rested = p.more, nil
		case err := <-broken:
			return fmt.Errorf("the link broke: %w", err)
		case <-ctx.Done():
			_, err := p.flush(send)
			return errors.Join(err, p.leave(conn, broken))
		}
	}
}

// flush sends what is queued and returns how many events that were. Where
// something was dropped, an empty message at the end has the receiver look at the
// log, or it would wait for the next event to tell it.
func (p *Publisher) flush(send func(message []byte) error) (events int, err error) {
	q := p.take()
	events = len(q.events)
	for len(q.events) > 0 {
		p.message, q.events = encode(p.message[:0], q.epoch, q.events)
		if err := send(p.message); err != nil {
			return 0, err
		}
	}
	if q.lost {
		look, _ := encode(nil, "", nil)
		return events, send(look)
	}
	return events, nil
}

func write(conn *websocket.Conn, message []byte) error {
	_ = conn.SetWriteDeadline(time.Now().Add(writeTimeout)) // fails only where the write does
	if err := conn.WriteMessage(websocket.BinaryMessage, message); err != nil {
		return fmt.Errorf("write to the link: %w", err)
	}
	return nil
}

// leave says goodbye and waits for the answer, which comes after the receiver
// has read everything.
func (p *Publisher) leave(conn *websocket.Conn, broken <-chan error) error {
	goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	if err := conn.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(farewell)); err != nil {
		return err
	}
	select {
	case <-broken: //nolint:errcheck // the error is the goodbye
	case <-time.After(farewell):
	}
	return nil
}
