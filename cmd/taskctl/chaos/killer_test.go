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

// killer harms the system in random ways. Each action draws all its random values
// before it acts, so that a seed always gives the same plan; its effect depends on the
// timing of the machine.
type killer struct {
	random   *rand.Rand
	dir      string // the system's
	launcher *respawner
	consumer *respawner                                   // the consumer with an output file
	restart  func(ctx context.Context, name string) error // `taskctl restart`
	cuts     map[string]*proxy                            // by the server behind each
	database *database                                    // nil: the store is a file
	log      io.Writer                                    // the actions, for people
	longest  time.Duration                                // longest time for which a process is stopped
	running  sync.WaitGroup                               // continuations and restarts in progress
	counting sync.Mutex                                   // guards the fields below
	counts   map[string]int                               // number of actions, by kind
	deeds    []deed                                       // the actions in order
}

type deed struct {
	at   time.Time
	what string
}

// run harms the system until ctx ends; then it continues every stopped process.
func (k *killer) run(ctx context.Context) {
	defer k.running.Wait()
	for ctx.Err() == nil {
		// The pause between actions is random; it does not wait for a condition.
		pause(ctx, min(40*time.Millisecond+time.Duration(k.random.ExpFloat64()*float64(160*time.Millisecond)), time.Second))
		k.act(ctx)
		if k.database != nil {
			k.database.harm(ctx, k)
		}
	}
}

func (k *killer) act(ctx context.Context) {
	victim := [...]string{"api", "wsserver", "consumer", "hooks"}[k.random.IntN(4)]
	which := k.random.IntN(1 << 16)
	d := 20*time.Millisecond + time.Duration(k.random.ExpFloat64()*float64(400*time.Millisecond))
	if k.random.IntN(12) == 0 {
		d *= 20 // long enough to count as hung
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

// rolling asks the launcher to restart a component. It may fail, because the launcher
// or the component may be killed meanwhile.
func (k *killer) rolling(ctx context.Context, name string) {
	k.write("restart " + name + " …")
	k.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		defer cancel()
		if err := k.restart(ctx, name); err != nil {
			k.did("restart failed " + name)
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

// around returns the actions shortly before and after a moment.
func (k *killer) around(at time.Time) []deed {
	k.counting.Lock()
	defer k.counting.Unlock()
	return slices.DeleteFunc(slices.Clone(k.deeds), func(d deed) bool {
		return d.at.Before(at.Add(-3*time.Second)) || d.at.After(at.Add(time.Second))
	})
}

// summary counts the actions of each kind.
func (k *killer) summary() string {
	k.counting.Lock()
	defer k.counting.Unlock()
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(k.counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", what, k.counts[what]))
	}
	return strings.Join(parts, ", ")
}
