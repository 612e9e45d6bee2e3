package main

import (
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// One request may arrive as two signals at once; a second request comes later.
func TestSignalsOfOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &signals{received: make(chan os.Signal, 4), second: make(chan struct{})}
		defer close(s.received)
		ctx := s.context()
		hurried := 0
		ended := make(chan struct{})
		defer close(ended)
		go func() {
			for {
				select {
				case <-s.second:
					hurried++
				case <-ended:
					return
				}
			}
		}()
		receive := func(want int) {
			t.Helper()
			s.received <- syscall.SIGTERM
			synctest.Wait()
			if ctx.Err() == nil {
				t.Error("the first signal does not stop")
			}
			if hurried != want {
				t.Errorf("hurried %d times, want %d", hurried, want)
			}
		}
		receive(0)
		receive(0)
		time.Sleep(repeatWindow)
		receive(1)
		receive(1)
		time.Sleep(repeatWindow)
		receive(2)
	})
}
