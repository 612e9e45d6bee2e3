package consumer_test

import (
	"net"
	"net/http"
	"regexp"
	"testing"

	"taskctl/pkg/client/clienttest"
	"taskctl/pkg/consumer"
	"taskctl/pkg/message"
)

func TestEachChangeIsSaidOnce(t *testing.T) {
	s := clienttest.New(t)
	attempts := 0
	unavailable := func(n int, then clienttest.Script) clienttest.Script {
		attempts = 0
		return clienttest.Script{Upgrade: func(w http.ResponseWriter, _ *http.Request) bool {
			if attempts++; attempts > n {
				return false
			}
			http.Error(w, "starting", http.StatusServiceUnavailable)
			return true
		}, Send: then.Send}
	}
	s.Play(unavailable(3, clienttest.Script{}))
	r := start(t, s, consumer.Config{}, message.English)
	<-r.ready
	s.Play(unavailable(2, clienttest.Script{}))
	s.CloseStreams(1012, "retry=1")
	r.until(s.Add(1))
	s.CloseStreams(1006, "")
	r.until(s.Add(1))
	r.stop()
	url := s.WebSocketURL()
	want := "Task notification consumer: connecting to " + url + `
Waiting for the notification server at ` + url + ` (starting (HTTP 503))
Connected to the notification server
Connected clients: 1
Connection lost (the server is restarting); reconnecting
Waiting for the notification server at ` + url + ` (starting (HTTP 503))
Connected to the notification server
Connected clients: 1
Connection lost (the connection was cut); reconnecting
Connected to the notification server
Connected clients: 1
`
	if got := r.stderr.String(); got != want {
		t.Errorf("stderr:\n%s\nwant:\n%s", got, want)
	}
}

func TestWaitsForAServerThatIsNotThereYet(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r := startAt(t, "ws://"+addr, consumer.Config{}, message.Spanish)
	r.stderr.wait(t, "Esperando al servidor de notificaciones en ws://"+addr+" (ahí no escucha nada)\n")
	r.stop()
}

func TestRefusalEndsTheConsumer(t *testing.T) {
	s := clienttest.New(t)
	s.Play(clienttest.Script{Upgrade: func(w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, "the token is missing or wrong", http.StatusUnauthorized)
		return true
	}})
	r := start(t, s, consumer.Config{}, message.English)
	err := <-r.done
	if err == nil || !regexp.MustCompile(`^subscribe at ws://127.0.0.1:\d+/ws: the token is missing or wrong \(HTTP 401\)$`).MatchString(err.Error()) {
		t.Errorf("Run: %v", err)
	}
}
