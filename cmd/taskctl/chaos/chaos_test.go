//go:build linux

// Package chaos kills the running system in many ways during writes and deliveries, and
// then checks what every client received: nothing lost, nothing twice, nothing out of
// order.
package chaos

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"taskctl/cmd/taskctl/e2etest"
)

var (
	duration = flag.Duration("chaos.duration", 8*time.Second, "how long the system is harmed")
	store    = flag.String("chaos.store", "sqlite", "where tasks live: sqlite, or postgres, which is harmed too")
	built    = flag.String("chaos.binary", "", "the taskctl under test; empty: it is built")
	seed     = flag.Uint64("chaos.seed", 0, "what the harm is drawn from; 0: another each time")
)

// binary is the taskctl under test: the shipped one, built once.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "taskctl-chaos-bin-")
	if err != nil {
		panic(err)
	}
	flag.Parse()
	if binary = *built; binary != "" { // built by the parent process
	} else if binary, err = e2etest.Build(dir); err != nil {
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
	chosen := chosenSeed()
	again := fmt.Sprintf("go test ./cmd/taskctl/chaos -count=1 -v -timeout=%v -run=TestChaos -chaos.store=%s -chaos.duration=%v -chaos.seed=%d",
		*duration+5*time.Minute, *store, *duration, chosen)
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

	var db *database
	var settings []string
	if *store == "postgres" {
		db = openDatabase(t, chosen)
		settings = db.environ()
	}
	var hooks []*hookReceiver
	s := openSystem(t, dir, func(s *system) {
		s.env = append(s.env, settings...)
		hooks = openHooks(t, s, chosen)
	})
	awaitHooks(t, s, hooks)
	a := openSubscribers(t, s, chosen)
	open := func(timeout time.Duration) *http.Client { return newHTTP(t, timeout) }
	c := openWriters(t, []string{"http://" + s.api.addr()}, open, chosen)
	k := &killer{
		random: rand.New(rand.NewPCG(chosen, 0)), dir: s.dir, launcher: s.launcher, consumer: a.process,
		restart:  func(ctx context.Context, name string) error { return s.taskctl(ctx, "restart", name) },
		cuts:     map[string]*proxy{"api": s.api, "wsserver": s.wsserver},
		database: db, log: s.create(t, "killer.log"), longest: longestStop(*duration), counts: make(map[string]int),
	}
	harm, cancel := context.WithTimeout(t.Context(), *duration)
	defer cancel()
	go func() { // a system that has ended needs no more harm
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
	c.finish(t)
	k.write("every write has its answer")
	h, final := truth(t, s.http, s.apiURL)
	a.await(t, h)
	closeHooks(t, hooks, h)
	k.write("everyone has seen the end")
	a.close(t)
	s.stop(t)
	k.write("stopped")

	r := report{history: h, killer: k, writerGroup: c, subscribers: a, hooks: hooks}
	for _, v := range r.violations(t, s, final) {
		t.Errorf("%v\n%s", v, r.surroundings(v))
	}
	t.Log(r.summary())
}

func chosenSeed() uint64 {
	if *seed != 0 {
		return *seed
	}
	return uint64(time.Now().UnixNano())
}

// longestStop bounds how long a process is stopped; shorter in a short run.
func longestStop(d time.Duration) time.Duration {
	if d < time.Minute {
		return 2 * time.Second
	}
	return 12 * time.Second
}
