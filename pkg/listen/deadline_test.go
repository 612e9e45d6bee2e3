package listen

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// pipe is a timed connection and its other end, on a clock of the bubble's own,
// with a count of how often its timers have been set.
func pipe(t *testing.T) (c *deadlineConn, peer net.Conn, set *int) {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { near.Close(); far.Close() })
	set = new(int)
	return newDeadlineConn(&countingConn{near, set}, time.Time{}), far, set
}

func newDeadlineConn(nc net.Conn, last time.Time) *deadlineConn {
	c := new(deadlineConn)
	c.init(nc, last)
	return c
}

type countingConn struct {
	net.Conn
	set *int
}

func (c *countingConn) SetReadDeadline(t time.Time) error {
	*c.set++
	return c.Conn.SetReadDeadline(t)
}

func (c *countingConn) SetWriteDeadline(t time.Time) error {
	*c.set++
	return c.Conn.SetWriteDeadline(t)
}

// in is a deadline so far from now; 0: never.
func in(d time.Duration) time.Time {
	if d == 0 {
		return time.Time{}
	}
	return time.Now().Add(d)
}

func TestDeadlinesEndWhenTheLastSays(t *testing.T) {
	for _, test := range []struct {
		name  string
		asked []time.Duration // one after the other, at once; 0: none
		ends  time.Duration   // 0: never
	}{
		{"one", []time.Duration{time.Minute}, time.Minute},
		{"later", []time.Duration{time.Second, time.Minute}, time.Minute},
		{"earlier", []time.Duration{time.Minute, time.Second}, time.Second},
		{"later, then a bit earlier", []time.Duration{time.Second, time.Hour, time.Minute}, time.Minute},
		{"taken back", []time.Duration{time.Second, 0}, 0},
		{"taken back and set", []time.Duration{time.Second, 0, time.Minute}, time.Minute},
		{"interrupted", []time.Duration{time.Minute, -time.Hour}, time.Nanosecond},
		{"interrupted and taken back", []time.Duration{time.Minute, -time.Hour, 0}, 0},
		{"interrupted and set later", []time.Duration{time.Second, -time.Hour, time.Minute}, time.Minute},
		{"interrupted and set earlier", []time.Duration{time.Minute, -time.Hour, time.Second}, time.Second},
		{"interrupted first", []time.Duration{-time.Hour, time.Second}, time.Second},
		{"interrupted twice", []time.Duration{time.Minute, -time.Hour, -time.Hour, time.Second}, time.Second},
	} {
		for _, side := range []string{"read", "write"} {
			t.Run(side+" "+test.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, _, _ := pipe(t)
					set, use := c.SetReadDeadline, c.Read
					if side == "write" {
						set, use = c.SetWriteDeadline, c.Write
					}
					for _, d := range test.asked {
						if err := set(in(d)); err != nil {
							t.Fatal(err)
						}
					}
					began := time.Now()
					result := make(chan error, 1)
					go func() {
						_, err := use(make([]byte, 1))
						result <- err
					}()
					select {
					case err := <-result:
						if !errors.Is(err, os.ErrDeadlineExceeded) {
							t.Errorf("ended with %v", err)
						}
						if took := time.Since(began); test.ends == 0 || took > test.ends || took < test.ends-time.Nanosecond {
							t.Errorf("ended after %v, want %v", took, test.ends)
						}
					case <-time.After(24 * time.Hour):
						if test.ends != 0 {
							t.Errorf("goes on after a day, want an end after %v", test.ends)
						}
					}
				})
			})
		}
	}
}

// A deadline that changes during a read applies to that read.
func TestDeadlineChangesUnderAReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, _ := pipe(t)
		must(t, c.SetDeadline(in(time.Minute)))
		began := time.Now()
		ended := make(chan time.Duration, 1)
		go func() {
			_, _ = c.Read(make([]byte, 1))
			ended <- time.Since(began)
		}()
		synctest.Wait()
		must(t, c.SetReadDeadline(in(time.Hour))) // the timer stays at a minute
		time.Sleep(30 * time.Minute)
		must(t, c.SetReadDeadline(in(time.Second)))
		if took := <-ended; took != 30*time.Minute+time.Second {
			t.Errorf("the reader was ended after %v", took)
		}
	})
}

// No deadline that is set, or taken back, is later than the limit, until that is removed.
func TestLastDeadlineStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, _ := pipe(t)
		limited := newDeadlineConn(c.Conn, in(time.Second))
		for _, d := range []time.Duration{time.Minute, 0, -time.Hour, 0} {
			must(t, limited.SetDeadline(in(d)))
		}
		began := time.Now()
		_, readErr := limited.Read(make([]byte, 1))
		_, writeErr := limited.Write(make([]byte, 1))
		if took := time.Since(began); took != time.Second || readErr == nil || writeErr == nil {
			t.Errorf("after %v: %v, %v", took, readErr, writeErr)
		}
		must(t, limited.SetDeadline(in(time.Minute)))
		limited.unlimit()
		began = time.Now()
		_, readErr = limited.Read(make([]byte, 1))
		if took := time.Since(began); took != time.Minute || readErr == nil {
			t.Errorf("without the limit, after %v: %v", took, readErr)
		}
	})
}

// What was written before the timer fired too early is not written again.
func TestWriteGoesOnWhereItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, peer, _ := pipe(t)
		must(t, c.SetWriteDeadline(in(time.Second)))
		must(t, c.SetWriteDeadline(in(time.Minute)))
		go func() {
			n, err := c.Write([]byte("one two"))
			if n != 7 || err != nil {
				t.Errorf("wrote %d bytes: %v", n, err)
			}
			c.Close()
		}()
		first := make([]byte, 4)
		_, err := io.ReadFull(peer, first)
		must(t, err)
		time.Sleep(10 * time.Second) // the rest is read after the first deadline
		rest, err := io.ReadAll(peer)
		if got := string(first) + string(rest); got != "one two" || err != nil {
			t.Errorf("the peer has %q: %v", got, err)
		}
	})
}

// What net/http sets for a request moves two timers: those that interrupt the
// reader which looks for a client that leaves.
func TestDeadlinesOfARequestMoveFewTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, set := pipe(t)
		request := func() {
			must(t, c.SetReadDeadline(in(10*time.Second))) // for its header
			must(t, c.SetWriteDeadline(in(30*time.Second)))
			must(t, c.SetReadDeadline(in(30*time.Second))) // for its body
			must(t, c.SetReadDeadline(time.Unix(1, 0)))
			must(t, c.SetReadDeadline(time.Time{}))
			must(t, c.SetReadDeadline(in(2*time.Minute))) // for the next
			must(t, c.SetReadDeadline(time.Time{}))
		}
		request()
		*set = 0
		for range 10 {
			request()
		}
		if *set != 20 {
			t.Errorf("ten requests moved timers %d times, want 20", *set)
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
