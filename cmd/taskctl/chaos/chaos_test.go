//go:build linux

// Package chaos kills the running system in every way it can think of while
// writers write and consumers consume, and then holds what everybody saw against
// the one promise: nothing lost, nothing twice, nothing out of order.
package chaos

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/taskctl/taskctl/cmd/taskctl/e2etest"
)

var (
	duration = flag.Duration("chaos.duration", 8*time.Second, "how long the system is harmed")
	seed     = flag.Uint64("chaos.seed", 0, "what the harm is drawn from; 0: another each time")
)

// binary is the taskctl under test: the shipped one, built once.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "taskctl-chaos-bin-")
	if err != nil {
		panic(err)
	}
	if binary, err = e2etest.Build(dir); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func TestChaos(t *testing.T) {
	chosen := *seed
	if chosen == 0 {
		chosen = uint64(time.Now().UnixNano())
	}
	again := fmt.Sprintf("go test ./cmd/taskctl/chaos -count=1 -v -timeout=%v -run=TestChaos -chaos.duration=%v -chaos.seed=%d",
		*duration+5*time.Minute, *duration, chosen)
	dir, err := os.MkdirTemp("", "taskctl-chaos-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d; everything is kept in %s; once more:\n%s", chosen, dir, again)
		} else {
			_ = os.RemoveAll(dir)
		}
	})

	s := openSystem(t, dir)
	a := openAudience(t, s, chosen)
	c := openCrew(t, s, chosen)
	k := &killer{
		random: rand.New(rand.NewPCG(chosen, 0)), dir: s.dir, launcher: s.launcher, consumer: a.process,
		restart: func(ctx context.Context, name string) error { return s.taskctl(ctx, "restart", name) },
		cuts:    map[string]*proxy{"api": s.api, "wsserver": s.wsserver},
		log:     s.create(t, "killer.log"), longest: longestStop(*duration), counts: make(map[string]int),
	}
	harm, cancel := context.WithTimeout(t.Context(), *duration)
	defer cancel()
	go func() { // what has ended by itself cannot be harmed any more
		defer cancel()
		select {
		case <-s.launcher.ended:
		case <-a.process.ended:
		case <-harm.Done():
		}
	}()
	k.run(harm)
	k.write("the harm is over")
	s.awaitReady(t)
	k.write("ready")
	c.settle(t)
	k.write("every write has its answer")
	h, final := s.truth(t)
	a.await(t, h)
	k.write("everyone has seen the end")
	a.close(t)
	s.stop(t)
	k.write("stopped")

	r := report{history: h, killer: k, crew: c, audience: a}
	for _, v := range r.violations(t, s, final) {
		t.Errorf("%v\n%s", v, r.surroundings(v))
	}
	t.Log(r.summary())
}

// longestStop bounds how long something is stopped: in a short run not so long
// that half of it goes by.
func longestStop(d time.Duration) time.Duration {
	if d < time.Minute {
		return 2 * time.Second
	}
	return 12 * time.Second
}
