package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"taskctl/pkg/client"
	"taskctl/pkg/task"
)

const (
	welcome   = `{"type":"connected","message":"hi","clients":1,"seq":0,"epoch":"e1","resumed":true}`
	taskEvent = `{"type":"task_created","task":{"id":"a","title":"t"},"timestamp":"2024-01-15T10:00:00Z","seq":%d}`
)

func TestWaitsGrowFromAQuarterSecondToTheirBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var attempts []time.Time
		refused := func(context.Context, string, string) (net.Conn, error) {
			attempts = append(attempts, time.Now())
			return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		}
		c, err := client.New(client.Config{Dial: refused})
		if err != nil {
			t.Fatal(err)
		}
		const limit = 2 * time.Second
		longest, n := time.Duration(0), 0
		for note, err := range c.Watch(t.Context(), client.SubscribeOptions{MaxWait: limit}) {
			down, ok := note.(client.Disconnected)
			if err != nil || !ok {
				t.Fatalf("got %#v, %v", note, err)
			}
			n++
			bound := min(limit, 250*time.Millisecond<<(n-1))
			if n > 10 {
				bound = limit
			}
			if down.Attempt != n || down.Wait <= 0 || down.Wait > bound {
				t.Errorf("attempt %d waits %s, want at most %s (attempt %d)", down.Attempt, down.Wait, bound, n)
			}
			if len(attempts) != n {
				t.Fatalf("%d attempts after %d disconnections", len(attempts), n)
			}
			var lost *client.ConnectError
			if !errors.As(down.Err, &lost) || lost.Addr != "localhost:8765" || lost.Sent || !errors.Is(down.Err, task.ErrUnavailable) {
				t.Errorf("the cause is %#v", down.Err)
			}
			if got := down.Err.Error(); got != "connect to localhost:8765: connection refused" {
				t.Errorf("the cause reads %q", got)
			}
			longest = max(longest, down.Wait)
			if n == 100 {
				break
			}
		}
		if longest < limit/2 {
			t.Errorf("of 100 waits the longest was %s: they do not grow", longest)
		}
	})
}

func TestServerSaysWhenToComeBack(t *testing.T) {
	for name, test := range map[string]struct {
		code     int
		reason   string
		min, max time.Duration
	}{
		"retry":               {1012, "retry=4321", 4321 * time.Millisecond, 4321 * time.Millisecond},
		"retry at once":       {1012, "retry=0", 0, 0},
		"no more than 5 min":  {1012, "retry=2000000000", 5 * time.Minute, 5 * time.Minute},
		"going away":          {1001, "", 0, 250 * time.Millisecond},
		"too slow":            {1013, "too slow", 0, 250 * time.Millisecond},
		"a reason of its own": {1012, "retry=soon", 0, 250 * time.Millisecond},
		"a negative retry":    {1012, "retry=-5", 0, 250 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			connections := 0
			handler := func(w http.ResponseWriter, r *http.Request) {
				serveStream(w, r, func(conn *websocket.Conn) {
					connections++
					send(t, conn, welcome)
					if connections == 1 {
						closeWith(conn, test.code, test.reason)
					}
				})
			}
			inBubble(t, handler, func(t *testing.T, c *client.Client) {
				var left time.Time
				for n, err := range c.Subscribe(t.Context(), task.Position{}, client.SubscribeOptions{}) {
					switch n := n.(type) {
					case client.Disconnected:
						left = time.Now()
						if n.Wait < test.min || n.Wait > test.max {
							t.Errorf("waits %s, want %s to %s: %v", n.Wait, test.min, test.max, n.Err)
						}
					case client.Connected:
						if took := time.Since(left); !left.IsZero() && (took < test.min || took > test.max) {
							t.Errorf("came back after %s, want %s to %s", took, test.min, test.max)
						}
					default:
						t.Errorf("got %#v, %v", n, err)
					}
					if connections == 2 {
						break
					}
				}
			})
		})
	}
}

func TestServerThatAlwaysSaysAtOnceIsNotHammered(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		serveStream(w, r, func(conn *websocket.Conn) {
			send(t, conn, welcome)
			closeWith(conn, 1012, "retry=0")
		})
	}
	inBubble(t, handler, func(t *testing.T, c *client.Client) {
		began, n := time.Now(), 0
		for note := range c.Subscribe(t.Context(), task.Position{}, client.SubscribeOptions{}) {
			if _, ok := note.(client.Connected); ok {
				n++
			}
			if n == 50 {
				break
			}
		}
		if took := time.Since(began); took < time.Minute {
			t.Errorf("50 connections in %s", took)
		}
	})
}

func TestSilenceIsNoConnection(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		serveStream(w, r, func(conn *websocket.Conn) { send(t, conn, welcome) })
	}
	inBubble(t, handler, func(t *testing.T, c *client.Client) {
		began := time.Now()
		for n := range c.Subscribe(t.Context(), task.Position{}, client.SubscribeOptions{}) {
			if _, ok := n.(client.Disconnected); ok {
				break
			}
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("noticed after %s, want 1m", took)
		}
	})
}

func TestPingsKeepAConnection(t *testing.T) {
	pongs := make(chan string, 100)
	handler := func(w http.ResponseWriter, r *http.Request) {
		serveStream(w, r, func(conn *websocket.Conn) {
			send(t, conn, welcome)
			for i := range 20 {
				<-time.After(25 * time.Second)
				_ = conn.WriteControl(websocket.PingMessage, fmt.Append(nil, i), time.Now().Add(time.Second))
			}
			send(t, conn, fmt.Sprintf(taskEvent, 1))
		}, func(conn *websocket.Conn) {
			conn.SetPongHandler(func(data string) error { pongs <- data; return nil })
		})
	}
	inBubble(t, handler, func(t *testing.T, c *client.Client) {
		for n, err := range c.Subscribe(t.Context(), task.Position{}, client.SubscribeOptions{}) {
			switch n := n.(type) {
			case client.Connected:
			case client.Event:
				for i := range 20 { // the server may still be reading the last
					if got := <-pongs; got != fmt.Sprint(i) {
						t.Errorf("pong %q, want %d", got, i)
					}
				}
				return
			default:
				t.Fatalf("got %#v, %v", n, err)
			}
		}
	})
}

func TestEndOfContextEndsTheStreamAtOnce(t *testing.T) {
	said := make(chan int, 1)
	handler := func(w http.ResponseWriter, r *http.Request) {
		serveStream(w, r, func(conn *websocket.Conn) { send(t, conn, welcome) }, func(conn *websocket.Conn) {
			conn.SetCloseHandler(func(code int, _ string) error { said <- code; return nil })
		})
	}
	inBubble(t, handler, func(t *testing.T, c *client.Client) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		for n, err := range c.Subscribe(ctx, task.Position{}, client.SubscribeOptions{}) {
			if _, ok := n.(client.Connected); !ok {
				t.Errorf("got %#v, %v", n, err)
			}
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("ended after %s", took)
		}
		if code := <-said; code != websocket.CloseNormalClosure {
			t.Errorf("took leave with %d, want 1000", code)
		}
	})
}

func TestRequestComesAgainWhenItIsAskedTo(t *testing.T) {
	var at []time.Time
	keys := map[string]bool{}
	handler := func(w http.ResponseWriter, r *http.Request) {
		at = append(at, time.Now())
		keys[r.Header.Get("Idempotency-Key")] = true
		if len(at) < 3 {
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"id":"a","title":"t"}`))
	}
	inBubble(t, handler, func(t *testing.T, c *client.Client) {
		began := time.Now()
		if _, err := c.Create(t.Context(), client.Values{Title: "t"}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 6*time.Second || len(at) != 3 || len(keys) != 1 {
			t.Errorf("%d attempts with %d keys took %s, want 3 with one key in 6s", len(at), len(keys), took)
		}
	})
}

func TestRequestGivesUp(t *testing.T) {
	for name, test := range map[string]struct {
		retryAfter string
		attempts   int
		timeout    time.Duration
		want       error
	}{
		"after four attempts":                    {"1", 4, time.Hour, task.ErrUnavailable},
		"at once when the wait is long":          {"3600", 1, time.Hour, task.ErrUnavailable},
		"when nobody waits for the answer":       {"10", 1, 5 * time.Second, task.ErrUnavailable},
		"in its own pauses where none was named": {"", 4, time.Hour, task.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			attempts := 0
			handler := func(w http.ResponseWriter, r *http.Request) {
				attempts++
				w.Header().Set("Retry-After", test.retryAfter)
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			inBubble(t, handler, func(t *testing.T, c *client.Client) {
				ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
				defer cancel()
				began := time.Now()
				_, err := c.Get(ctx, "a")
				if !errors.Is(err, test.want) || attempts != test.attempts {
					t.Errorf("%d attempts, %v; want %d", attempts, err, test.attempts)
				}
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

func TestServerThatHangsIsLeft(t *testing.T) {
	handler := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	inBubble(t, handler, func(t *testing.T, c *client.Client) {
		began := time.Now()
		_, err := c.List(t.Context(), task.Query{})
		var lost *client.ConnectError
		if !errors.As(err, &lost) || !lost.Sent {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took > 70*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}
