package supervisor

import (
	"slices"
	"sync"
)

// precedes reports whether the first component has to be ready before the second is
// started, directly or through other components.
type precedes func(first, second *component) bool

// order returns the order in which the components are started.
func (s *Supervisor) order() precedes {
	before := make(map[string]map[string]bool) // all that a component comes after
	for _, c := range s.all() {
		set := make(map[string]bool)
		for _, name := range c.spec.After {
			set[name] = true
			for earlier := range before[name] {
				set[earlier] = true
			}
		}
		before[c.spec.Name] = set
	}
	return func(first, second *component) bool { return before[second.spec.Name][first.spec.Name] }
}

// reversed is the order in which components are stopped.
func (p precedes) reversed() precedes {
	return func(first, second *component) bool { return p(second, first) }
}

// each calls do for all components at the same time, except that it is called for a
// component only after it has returned for those that precede it. It returns the first
// error, in the order of components.
func (p precedes) each(components []*component, do func(*component) error) error {
	returned := make([]chan struct{}, len(components))
	for i := range returned {
		returned[i] = make(chan struct{})
	}
	errs := make([]error, len(components))
	var calls sync.WaitGroup
	for i, c := range components {
		calls.Go(func() {
			defer close(returned[i])
			for j, other := range components {
				if p(other, c) {
					<-returned[j]
				}
			}
			errs[i] = do(c)
		})
	}
	calls.Wait()
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}
