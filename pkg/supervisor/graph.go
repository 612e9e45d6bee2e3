package supervisor

import (
	"fmt"
	"slices"
	"strings"
)

// GraphError says why a set of components cannot be ordered.
type GraphError struct {
	Component string   // whose After is wrong
	Unknown   string   // a name in its After that no component has
	Cycle     []string // the path from the component back to itself: a, b, a
	Duplicate bool     // two components have the name
}

func (e *GraphError) Error() string {
	switch {
	case e.Duplicate:
		return fmt.Sprintf("two components are named %q", e.Component)
	case e.Unknown != "":
		return fmt.Sprintf("component %q comes after %q, which does not exist", e.Component, e.Unknown)
	default:
		return "components wait for each other in a circle: " + strings.Join(e.Cycle, " after ")
	}
}

// StartOrder returns the names of specs, each behind those in its After, and otherwise
// in the given order. It returns a *GraphError if there is no such order.
func StartOrder(specs []Spec) ([]string, error) {
	byName := make(map[string]Spec, len(specs))
	for _, s := range specs {
		if _, taken := byName[s.Name]; taken {
			return nil, &GraphError{Component: s.Name, Duplicate: true}
		}
		byName[s.Name] = s
	}
	var order, path []string
	placed := make(map[string]bool, len(specs))
	var place func(name string) error
	place = func(name string) error {
		if placed[name] {
			return nil
		}
		if i := slices.Index(path, name); i >= 0 {
			return &GraphError{Component: name, Cycle: append(slices.Clone(path[i:]), name)}
		}
		path = append(path, name)
		for _, before := range byName[name].After {
			if _, known := byName[before]; !known {
				return &GraphError{Component: name, Unknown: before}
			}
			if err := place(before); err != nil {
				return err
			}
		}
		path = path[:len(path)-1]
		placed[name] = true
		order = append(order, name)
		return nil
	}
	for _, s := range specs {
		if err := place(s.Name); err != nil {
			return nil, err
		}
	}
	return order, nil
}
