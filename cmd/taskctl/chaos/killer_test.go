//go:build linux

package chaos

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// killer harms the system in ways drawn from a seed. Everything that an action
// needs is drawn before it acts, so that a seed always makes the same plan; what
// the plan meets depends on the machine.
type killer struct {
	random   *rand.Rand
	dir      string // the system's
	launcher *keeper
	consumer *keeper                                      // the consumer with an output file
	restart  func(ctx context.Context, name string) error // `taskctl restart`
	cuts     map[string]*proxy                            // by what is behind them
	log      io.Writer                                    // what was done, for people
	longest  time.Duration                                // for which something is stopped
	running  sync.WaitGroup                               // continuations and restarts under way
	counting sync.Mutex                                   // guards the rest
	counts   map[string]int                               // what was done, by kind
	deeds    []deed                                       // what was done, in order
}

type deed struct {
	at   time.Time
	what string
}

// run harms until ctx ends; then everything that was stopped goes on.
func (k *killer) run(ctx context.Context) {
	defer k.running.Wait()
	for ctx.Err() == nil {
		// How far apart its actions are is the killer's to say, not a condition's.
		pause(ctx, min(40*time.Millisecond+time.Duration(k.random.ExpFloat64()*float64(160*time.Millisecond)), time.Second))
		k.act(ctx)
	}
}

func (k *killer) act(ctx context.Context) {
	victim := [...]string{"api", "wsserver", "consumer"}[k.random.IntN(3)]
	which := k.random.IntN(1 << 16)
	d := 20*time.Millisecond + time.Duration(k.random.ExpFloat64()*float64(400*time.Millisecond))
	if k.random.IntN(12) == 0 {
		d *= 20 // long enough to be taken for ill
	}
	d = min(d, k.longest)
	dice, share, resets := k.random.IntN(100), k.random.IntN(4), rand.New(rand.NewPCG(k.random.Uint64(), 0))
	if ctx.Err() != nil {
		return
	}
	switch {
	case dice < 30:
		k.kill(victim, which)
	case dice < 50:
		k.suspend(ctx, victim, pick(components(k.dir, victim), which), d)
	case dice < 54:
		if k.launcher.kill() {
			k.did("kill launcher")
		}
	case dice < 60:
		k.suspend(ctx, "launcher", k.launcher.running(), min(d, 2*time.Second))
	case dice < 68:
		k.rolling(ctx, [...]string{"api", "wsserver"}[which%2])
	case dice < 76:
		if k.consumer.kill() {
			k.did("kill output consumer")
		}
	case dice < 80:
		k.suspend(ctx, "output consumer", k.consumer.running(), d)
	default:
		name := [...]string{"api", "wsserver"}[which%2]
		n := k.cuts[name].cut(func() (cut, reset bool) { return resets.IntN(4) <= share, resets.IntN(2) == 0 })
		k.didTimes(n, "cut connection to "+name)
	}
}

func pick(processes []*os.Process, which int) *os.Process {
	if len(processes) == 0 {
		return nil
	}
	return processes[which%len(processes)]
}

func (k *killer) kill(victim string, which int) {
	if p := pick(components(k.dir, victim), which); p != nil && p.Kill() == nil {
		k.did("kill " + victim)
	}
}

// suspend stops a process and continues it after d, or when ctx ends.
func (k *killer) suspend(ctx context.Context, name string, p *os.Process, d time.Duration) {
	if p == nil || p.Signal(syscall.SIGSTOP) != nil {
		return
	}
	k.did("stop " + name)
	k.running.Go(func() {
		pause(ctx, d)
		_ = p.Signal(syscall.SIGCONT) // it may have been killed
		k.write(fmt.Sprintf("continue %s after %v", name, d.Round(time.Millisecond)))
	})
}

// rolling asks the launcher to restart a component. It may fail: the launcher, or
// what it restarts, may be killed meanwhile.
func (k *killer) rolling(ctx context.Context, name string) {
	k.write("restart " + name + " …")
	k.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		defer cancel()
		if err := k.restart(ctx, name); err != nil {
			k.did("restart in vain " + name)
			return
		}
		k.did("restart " + name)
	})
}

func (k *killer) did(what string) { k.didTimes(1, what) }

func (k *killer) didTimes(n int, what string) {
	k.write(what)
	k.counting.Lock()
	defer k.counting.Unlock()
	k.counts[what] += n
}

func (k *killer) write(what string) {
	k.counting.Lock()
	defer k.counting.Unlock()
	d := deed{time.Now().UTC(), what}
	k.deeds = append(k.deeds, d)
	fmt.Fprintln(k.log, d)
}

func (d deed) String() string { return d.at.Format("15:04:05.000") + " " + d.what }

// around returns what was done shortly before and after a moment.
func (k *killer) around(at time.Time) []deed {
	k.counting.Lock()
	defer k.counting.Unlock()
	return slices.DeleteFunc(slices.Clone(k.deeds), func(d deed) bool {
		return d.at.Before(at.Add(-3*time.Second)) || d.at.After(at.Add(time.Second))
	})
}

// summary lists how often each thing was done.
func (k *killer) summary() string {
	k.counting.Lock()
	defer k.counting.Unlock()
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(k.counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", what, k.counts[what]))
	}
	return strings.Join(parts, ", ")
}
