package supervisor

import (
	"reflect"
	"slices"
	"sync"
	"time"
)

// record is what everybody may read of a component, behind its one lock.
type record struct {
	mu        sync.Mutex
	status    Status
	instances map[uint64]Instance // alive
	waiters   map[uint64]chan error
	probes    []Probed
	crash     *CrashRecord
	lastExit  *Exit
	lastGen   uint64
	lines     []string // of the generation that ended last
	deaths    []time.Time
	askedAt   time.Time  // when the last stop was asked for
	ending    *Ending    // how it went
	haunting  []Instance // gone, but something of them could not be killed
}

func (r *record) add(number uint64, i Instance) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.instances == nil {
		r.instances = make(map[uint64]Instance)
	}
	r.instances[number] = i
	r.ending = nil
}

func (r *record) remove(number uint64, exit Exit, lines []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(exit.Left) > 0 {
		r.haunting = append(r.haunting, r.instances[number])
	}
	delete(r.instances, number)
	r.lastExit, r.lastGen, r.lines = &exit, number, lines
}

// living returns the instances that are alive, the oldest first.
func (r *record) living() []Instance {
	r.mu.Lock()
	defer r.mu.Unlock()
	numbers := make([]uint64, 0, len(r.instances))
	for n := range r.instances {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	living := make([]Instance, len(numbers))
	for i, n := range numbers {
		living[i] = r.instances[n]
	}
	return living
}

func (r *record) lastLines(generation uint64) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lastGen != generation {
		return nil
	}
	return r.lines
}

func (r *record) probed(p Probed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.probes = append(r.probes, p)
	if len(r.probes) > keptProbes {
		r.probes = slices.Delete(r.probes, 0, 1)
	}
}

func (r *record) crashed(c CrashRecord) {
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

func (r *record) stopping(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.askedAt = at
}

// waiting says whether a stop waits for the component, and for what of it.
func (r *record) waiting(spec Spec) (Waiting, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.status.State != StateStopping {
		return Waiting{}, false
	}
	w := Waiting{Component: spec.Name, For: time.Since(r.askedAt)}
	w.Left = max(0, spec.StopTimeout-w.For)
	for _, i := range r.instances {
		w.Members = append(w.Members, i.Members()...)
	}
	return w, true
}

func (r *record) stopped(e Ending) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ending = &e
}

// receipt says how the component ended, and what is there of it at this moment.
func (r *record) receipt() Ending {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := Ending{How: EndedNotStarted, Exit: r.lastExit}
	if r.lastExit != nil {
		e.How = EndedFailed // nobody had to stop it
	}
	if r.ending != nil {
		e = *r.ending
		e.How = EndedStopped
		if e.Killed {
			e.How = EndedKilled
		}
	}
	for _, i := range r.haunting {
		e.Left = append(e.Left, i.Members()...)
	}
	for _, i := range r.instances {
		e.Left = append(e.Left, i.Members()...)
	}
	if len(e.Left) > 0 {
		e.How = EndedLeft
	}
	return e
}

// publish keeps a status and reports whether it differs from the one before.
func (r *record) publish(s Status, deaths []time.Time) (Status, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.LastExit = r.lastExit
	changed := !reflect.DeepEqual(s, r.status)
	r.status, r.deaths = s, deaths
	return s, changed
}

func (r *record) read() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.status
	s.Budget.Deaths = len(recent(r.deaths, time.Now(), s.Budget.Window))
	return s
}

// expect registers a caller who waits; forget gives it up.
func (r *record) expect(id uint64) <-chan error {
	answer := make(chan error, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiters == nil {
		r.waiters = make(map[uint64]chan error)
	}
	r.waiters[id] = answer
	return answer
}

func (r *record) forget(id uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.waiters, id)
}

func (r *record) answer(id uint64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if answer := r.waiters[id]; answer != nil {
		answer <- err
		delete(r.waiters, id)
	}
}
