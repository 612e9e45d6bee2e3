package supervisor

import (
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"
)

// record is the part of a component that any goroutine may read. It has one lock.
type record struct {
	mu          sync.Mutex
	status      Status
	instances   map[uint64]Instance // alive
	answers     map[uint64]chan error
	probes      []Probe
	crash       *CrashRecord
	lastExit    *Exit
	lastGen     uint64
	lines       []string // the last output of the generation that ended last
	deaths      []time.Time
	done        bool      // ran to its end successfully
	attempts    int       // generations in a row that ended without having been healthy
	askedAt     time.Time // when the last stop was requested
	stopTimeout time.Duration
	result      *StopResult // of the last stop
	leftBehind  []Instance  // ended, but some of their processes could not be killed
}

func (r *record) add(number uint64, i Instance) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.instances == nil {
		r.instances = make(map[uint64]Instance)
	}
	r.instances[number] = i
	r.result = nil
}

func (r *record) remove(number uint64, exit Exit, lines []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(exit.Left) > 0 {
		r.leftBehind = append(r.leftBehind, r.instances[number])
	}
	delete(r.instances, number)
	r.lastExit, r.lastGen, r.lines = &exit, number, lines
}

// living returns the instances that are alive, by their generations' numbers.
func (r *record) living() map[uint64]Instance {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.instances)
}

// instancesByAge returns the instances that are alive, the oldest first.
func (r *record) instancesByAge() []Instance {
	living := r.living()
	var sorted []Instance
	for _, number := range slices.Sorted(maps.Keys(living)) {
		sorted = append(sorted, living[number])
	}
	return sorted
}

func (r *record) lastLines(generation uint64) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lastGen != generation {
		return nil
	}
	return r.lines
}

func (r *record) recordProbe(p Probe) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.probes = append(r.probes, p)
	if len(r.probes) > maxProbes {
		r.probes = slices.Delete(r.probes, 0, 1)
	}
}

func (r *record) recordCrash(c CrashRecord) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.Probes = slices.Clone(r.probes)
	r.probes = nil
	r.crash = &c
}

func (r *record) why() (CrashRecord, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.crash == nil {
		return CrashRecord{}, false
	}
	return *r.crash, true
}

func (r *record) beginStop(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.askedAt = at
}

// waiting returns the processes that a stop waits for; false if no stop waits for this
// component.
func (r *record) waiting(component string) (Waiting, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.status.State != StateStopping {
		return Waiting{}, false
	}
	w := Waiting{Component: component, For: time.Since(r.askedAt)}
	w.Left = max(0, r.stopTimeout-w.For)
	for _, i := range r.instances {
		w.Members = append(w.Members, i.Members()...)
	}
	return w, true
}

func (r *record) recordStop(e StopResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result = &e
}

// receipt says how the component ended, and which of its processes are alive now.
func (r *record) receipt() StopResult {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := StopResult{How: OutcomeNotStarted, Exit: r.lastExit}
	if r.lastExit != nil {
		e.How = OutcomeFailed // it ended before the stop
		if r.done {
			e.How = OutcomeDone
		}
	}
	if r.result != nil {
		e = *r.result
		e.How = OutcomeStopped
		if e.Killed {
			e.How = OutcomeKilled
		}
	}
	for _, i := range r.leftBehind {
		e.Left = append(e.Left, i.Members()...)
	}
	for _, i := range r.instances {
		e.Left = append(e.Left, i.Members()...)
	}
	if len(e.Left) > 0 {
		e.How = OutcomeLeft
	}
	return e
}

// publish stores a status and reports whether it differs from the previous one.
func (r *record) publish(s Status, m *machine) (Status, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.LastExit = r.lastExit
	changed := !reflect.DeepEqual(s, r.status)
	r.status, r.deaths, r.attempts, r.done, r.stopTimeout = s, m.deaths, m.attempts, m.done, m.rules.stopTimeout
	return s, changed
}

func (r *record) read() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.status
	s.Budget.Deaths = len(recent(r.deaths, time.Now(), s.Budget.Window))
	if healthy := !s.ReadyAt.IsZero() && time.Since(s.ReadyAt) >= minHealthyUptime; !healthy {
		s.Budget.Deaths = max(s.Budget.Deaths, r.attempts)
	}
	return s
}

// expect registers a waiting caller, and forget removes it.
func (r *record) expect(id uint64) <-chan error {
	answer := make(chan error, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answers == nil {
		r.answers = make(map[uint64]chan error)
	}
	r.answers[id] = answer
	return answer
}

func (r *record) forget(id uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.answers, id)
}

func (r *record) answer(id uint64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if answer := r.answers[id]; answer != nil {
		answer <- err
		delete(r.answers, id)
	}
}
