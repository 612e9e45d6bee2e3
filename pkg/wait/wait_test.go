package wait_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"taskctl/pkg/wait"
)

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		if !wait.Sleep(ctx, time.Second) || time.Since(began) != time.Second {
			t.Errorf("a sleep of a second took %v", time.Since(began))
		}
		if wait.Sleep(ctx, time.Hour) || time.Since(began) != time.Minute {
			t.Errorf("the end of the context ended the sleep after %v", time.Since(began))
		}
		if wait.Sleep(ctx, 0) {
			t.Error("a context that has ended is alive")
		}
	})
}

func TestIsClosed(t *testing.T) {
	c := make(chan struct{})
	if wait.IsClosed(c) {
		t.Error("an open channel is closed")
	}
	close(c)
	if !wait.IsClosed(c) {
		t.Error("a closed channel is open")
	}
}
