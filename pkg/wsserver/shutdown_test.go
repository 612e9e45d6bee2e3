package wsserver_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"taskctl/pkg/wsserver"
)

func TestStop(t *testing.T) {
	s := serve(t, wsserver.Config{}, nil)
	p, _ := s.dial(t, "")
	ended := make(chan *websocket.CloseError, 1)
	go func() { ended <- p.closed() }()
	began := time.Now()
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("the stop took %v with a client that answers", took)
	}
	if ce := <-ended; ce.Code != websocket.CloseGoingAway {
		t.Errorf("closed with %d; want 1001", ce.Code)
	}
	if _, err := net.Dial("tcp", s.addr); err == nil {
		t.Error("the socket still listens")
	}
}

func TestRetire(t *testing.T) {
	s := serve(t, wsserver.Config{}, nil)
	const clients = 3
	ended := make(chan *websocket.CloseError, clients)
	for range clients {
		p, _ := s.dial(t, "")
		go func() { ended <- p.closed() }()
	}
	close(s.retire)
	for range clients {
		if ce := <-ended; ce.Code != websocket.CloseServiceRestart || ce.Text != "retry=0" {
			t.Errorf("closed with %d %q; want 1012 retry=0: three do not wait", ce.Code, ce.Text)
		}
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// A connection that was opened before the server is replaced gets an answer to its
// handshake, and is then closed with 1012.
func TestRetireAnswersHandshakes(t *testing.T) {
	s := serve(t, wsserver.Config{Grace: waitTimeout}, nil)
	early, _ := s.dial(t, "")
	ended := make(chan *websocket.CloseError, 1)
	go func() { ended <- early.closed() }()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(waitTimeout))
	answers := bufio.NewReader(conn)
	fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n", s.addr)
	res, err := http.ReadResponse(answers, nil)
	if err != nil { // then this server has not accepted it
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	close(s.retire)
	<-ended // the others have been sent away
	fmt.Fprint(conn, handshake)
	if res, err = http.ReadResponse(answers, nil); err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v, %v", res, err)
	}
	frame, err := io.ReadAll(answers)
	if want := "\x88\x09\x03\xf4retry=0"; err != nil || string(frame) != want {
		t.Errorf("after the handshake comes %q, %v; want %q", frame, err, want)
	}
}

// Clients that neither read nor answer do not delay the shutdown, nor do those that
// are in the middle of a handshake.
func TestStopWithSilentClients(t *testing.T) {
	s := serve(t, wsserver.Config{CloseTimeout: 50 * time.Millisecond}, nil)
	for range 10 {
		s.dial(t, "")
	}
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte(handshake[:30])); err != nil {
		t.Fatal(err)
	}
	s.publish(30_000) // more than the sockets take
	began := time.Now()
	if err := s.stop(); err != nil && !strings.Contains(err.Error(), "still under way") {
		t.Error(err)
	}
	if took := time.Since(began); took > waitTimeout/2 {
		t.Errorf("the stop took %v", took)
	}
}
