package supervisor

import (
	"fmt"
	"slices"

	"taskctl/pkg/wait"
)

// Status returns the status of each component, in start order.
func (s *Supervisor) Status() []Status {
	components := s.all()
	all := make([]Status, len(components))
	for i, c := range components {
		all[i] = s.status(c)
	}
	return all
}

// status is the status that c has published, completed with the components that c waits
// for.
func (s *Supervisor) status(c *component) Status {
	st := c.record.read()
	st.WaitsFor = slices.DeleteFunc(slices.Clone(st.WaitsFor), func(name string) bool {
		c := s.component(name)
		return c == nil || wait.IsClosed(c.firstReady)
	})
	return st
}

// Why returns the record of the last time a component died. It returns ErrUnknown if no
// component has the name, and false if the component has not died.
func (s *Supervisor) Why(name string) (CrashRecord, bool, error) {
	c := s.component(name)
	if c == nil {
		return CrashRecord{}, false, fmt.Errorf("%w: %q", ErrUnknown, name)
	}
	record, died := c.record.why()
	return record, died, nil
}

// Receipt says how each component ended, in the order in which they are
// stopped. It is complete once Run has returned.
func (s *Supervisor) Receipt() []StopResult {
	var all []StopResult
	for _, c := range slices.Backward(s.all()) {
		e := c.record.receipt()
		e.Component = c.spec.Name
		all = append(all, e)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	all = append(all, s.retired...)
	if len(s.orphans) > 0 {
		all = append(all, StopResult{Component: orphansName, How: OutcomeLeft, Left: s.orphans})
	}
	return all
}

// orphansName stands in the receipt for processes whose component is unknown. No
// component can have this name.
const orphansName = "(orphans)"
