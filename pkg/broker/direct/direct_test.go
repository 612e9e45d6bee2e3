package direct

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/taskctl/taskctl/pkg/broker/brokertest"
	"github.com/taskctl/taskctl/pkg/task"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func event(seq uint64) task.Event {
	return task.Event{
		Seq: seq, Type: task.Created, TaskID: fmt.Sprint("id-", seq),
		Time: time.UnixMilli(1_700_000_000_000 + int64(seq)).UTC(), Task: fmt.Appendf(nil, `{"title":"%d"}`, seq),
	}
}

func sequence(from, to uint64) []task.Event {
	var events []task.Event
	for seq := from; seq <= to; seq++ {
		events = append(events, event(seq))
	}
	return events
}

// inbox is a subscriber's side: what was delivered, and how often it was told to look.
type inbox struct {
	mu     sync.Mutex
	events []task.Event
	looks  int
	change chan struct{}
}

func newInbox() *inbox { return &inbox{change: make(chan struct{}, 1)} }

func (i *inbox) deliver(_ string, events []task.Event) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.events = append(i.events, events...)
	i.changed()
}

func (i *inbox) look() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.looks++
	i.changed()
}

func (i *inbox) changed() {
	select {
	case i.change <- struct{}{}:
	default:
	}
}

// await waits until the condition holds of what has come.
func (i *inbox) await(t *testing.T, what string, condition func(events []task.Event, looks int) bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		i.mu.Lock()
		ok := condition(i.events, i.looks)
		i.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-i.change:
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// receiving runs a Receiver behind a server, and returns the link's URL.
func receiving(t *testing.T, ctx context.Context, tokenFile string, box *inbox) (r *Receiver, url string) {
	t.Helper()
	token, err := Token(tokenFile)
	if err != nil {
		t.Fatal(err)
	}
	r = NewReceiver(token, slog.New(slog.DiscardHandler))
	subscribed := make(chan struct{})
	go func() { defer close(subscribed); _ = r.Subscribe(ctx, box.deliver, box.look) }()
	server := httptest.NewServer(r)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close(); <-subscribed })
	return r, "ws" + strings.TrimPrefix(server.URL, "http")
}

func publishing(t *testing.T, url, tokenFile string) (p *Publisher, up <-chan bool, stop func() error) {
	t.Helper()
	links := make(chan bool, 16)
	p, err := NewPublisher(Config{URL: url, TokenFile: tokenFile, OnLink: func(up bool) { links <- up }},
		metrics.NewSet(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = stop() })
	return p, links, stop
}

func TestWhatIsPublishedArrivesInOrder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data", "link.token")
	box := newInbox()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, url := receiving(t, ctx, file, box)
	p, up, _ := publishing(t, url, file)
	<-up
	want := sequence(1, 1000)
	for i := 0; i < len(want); i += 10 {
		p.Publish("e1", want[i:i+10])
	}
	box.await(t, "all events", func(events []task.Event, _ int) bool { return len(events) == len(want) })
	if !reflect.DeepEqual(want, box.events) {
		t.Error("they arrived differently")
	}
}

func TestBroker(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) brokertest.Broker {
		file := filepath.Join(t.TempDir(), "link.token")
		token, err := Token(file)
		if err != nil {
			t.Fatal(err)
		}
		r := NewReceiver(token, slog.New(slog.DiscardHandler))
		server := httptest.NewServer(r)
		t.Cleanup(server.Close)
		p, _, _ := publishing(t, "ws"+strings.TrimPrefix(server.URL, "http"), file)
		return brokertest.Broker{Publisher: p, Subscriber: r}
	})
}

func TestTheLastWordsArriveBeforeRunReturns(t *testing.T) {
	file := filepath.Join(t.TempDir(), "link.token")
	box := newInbox()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, url := receiving(t, ctx, file, box)
	p, up, stop := publishing(t, url, file)
	<-up
	p.Publish("e1", sequence(1, 500))
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	box.mu.Lock()
	defer box.mu.Unlock()
	if len(box.events) != 500 {
		t.Errorf("%d of 500 events had arrived when Run returned", len(box.events))
	}
}

func TestALinkThatIsTakenDownIsNotReportedAsLost(t *testing.T) {
	file := filepath.Join(t.TempDir(), "link.token")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, url := receiving(t, ctx, file, newInbox())
	_, links, stop := publishing(t, url, file)
	if up := <-links; !up {
		t.Fatal("it began without a link")
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if len(links) > 0 {
		t.Error("whoever asked it to stop is told that the link is lost")
	}
}

func TestReceiverIsToldToLookWhenALinkComesAndGoes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "link.token")
	box := newInbox()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, url := receiving(t, ctx, file, box)
	_, up, stop := publishing(t, url, file)
	<-up
	box.await(t, "the look when it came", func(_ []task.Event, looks int) bool { return looks == 1 })
	if !r.Connected() {
		t.Error("not connected while a publisher is there")
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	box.await(t, "the look when it went", func(_ []task.Event, looks int) bool { return looks == 2 })
}

func TestPublisherComesBack(t *testing.T) {
	file := filepath.Join(t.TempDir(), "link.token")
	box := newInbox()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, url := receiving(t, ctx, file, box)
	p, up, _ := publishing(t, url, file)
	<-up
	box.await(t, "the receiver to know the link", func(_ []task.Event, looks int) bool { return looks == 1 })
	r.mu.Lock()
	for conn := range r.links {
		_ = conn.NetConn().Close()
	}
	r.mu.Unlock()
	if <-up || !<-up {
		t.Fatal("want down, then up")
	}
	p.Publish("e1", sequence(1, 1))
	box.await(t, "the event", func(events []task.Event, _ int) bool { return len(events) == 1 })
}

func TestStrangersAreRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "link.token")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	box := newInbox()
	_, url := receiving(t, ctx, file, box)
	for name, header := range map[string]http.Header{
		"no token":    {},
		"wrong token": {"Authorization": {"Bearer " + strings.Repeat("0", 64)}},
	} {
		_, res, err := websocket.DefaultDialer.Dial(url, header)
		if err == nil || res == nil || res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %v, %v; want 401", name, res, err)
		}
	}
	token, _ := Token(file)
	_, res, err := websocket.DefaultDialer.Dial(url, http.Header{"Authorization": {"Bearer " + token}, "Origin": {"http://localhost"}})
	if err == nil || res == nil || res.StatusCode != http.StatusForbidden {
		t.Errorf("a browser with the token: %v, %v; want 403", res, err)
	}
}

func TestOneTokenForAll(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data", "link.token")
	tokens := make([]string, 32)
	var wg sync.WaitGroup
	for i := range tokens {
		wg.Go(func() {
			var err error
			if tokens[i], err = Token(file); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, token := range tokens {
		if token != tokens[0] || token == "" {
			t.Fatalf("different tokens: %q and %q", token, tokens[0])
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token file: %v, %v; want mode 0600", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".link-token-*")); len(left) > 0 {
		t.Errorf("temporary files are left: %v", left)
	}
}

func TestLargeBatchesAreSplit(t *testing.T) {
	var want []task.Event
	for seq := uint64(1); seq <= 40; seq++ {
		e := event(seq)
		e.Task = bytes.Repeat([]byte("x"), 90_000)
		want = append(want, e)
	}
	var got []task.Event
	for rest := want; len(rest) > 0; {
		var message []byte
		message, rest = encode(nil, "e1", rest)
		if len(message) > maxMessage {
			t.Errorf("a message of %d bytes", len(message))
		}
		epoch, events, err := decode(message)
		if err != nil || epoch != "e1" {
			t.Fatal(epoch, err)
		}
		got = append(got, events...)
	}
	if !reflect.DeepEqual(want, got) {
		t.Error("the parts are not the whole")
	}
}

// FuzzDecode holds that no message crashes the receiver, and that what is
// accepted means one thing only.
func FuzzDecode(f *testing.F) {
	message, _ := encode(nil, "epoch", sequence(1, 3))
	f.Add(message)
	f.Add([]byte{version})
	f.Add([]byte{version, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		epoch, events, err := decode(data)
		if err != nil {
			return
		}
		again, rest := encode(nil, epoch, events)
		if len(rest) > 0 {
			return
		}
		epoch2, events2, err := decode(again)
		if err != nil || epoch2 != epoch || !reflect.DeepEqual(events, events2) {
			t.Errorf("%q %v came back as %q %v, %v", epoch, events, epoch2, events2, err)
		}
	})
}
