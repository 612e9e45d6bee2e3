package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/taskctl/taskctl/pkg/task"
)

// events answers with a piece of the event log, or with a stream that follows it.
func (s *Server) events(x *exchange) error {
	if wantsStream(x.r.Header) {
		return s.stream(x)
	}
	p, err := parseQuery(x.r.URL.RawQuery, "since", "limit")
	if err != nil {
		return err
	}
	limit, err := p.limit()
	if err != nil {
		return err
	}
	after, _, err := positionOf("since", p)
	if err != nil {
		return err
	}
	events, head, err := s.deps.Store.Read(x.context(), after, limit)
	if err != nil {
		return err
	}
	stand := standAfter(events, head)
	x.position(stand)
	sc := s.takeScratch()
	defer s.giveScratch(sc)
	sc.answer = appendEvents(sc.answer[:0], events, stand)
	x.send(http.StatusOK, jsonType, sc.answer)
	return nil
}

// standAfter is where a reader stands who has read the events: at the last of
// them, so that going on from there misses nothing, or at the head of the log.
func standAfter(events []task.Event, head task.Position) task.Position {
	if len(events) > 0 {
		head.Seq = events[len(events)-1].Seq
	}
	return head
}

func appendEvents(dst []byte, events []task.Event, stand task.Position) []byte {
	dst = append(dst, `{"events":[`...)
	for i := range events {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = events[i].AppendJSON(dst)
	}
	return append(appendStand(append(dst, ']'), stand), '}')
}

// positionOf reads a position among values, where it is given: the zero Position,
// where it is not, is the beginning of the log.
func positionOf(name string, values map[string]string) (p task.Position, given bool, err error) {
	text, given := values[name]
	if !given {
		return task.Position{}, false, nil
	}
	if p, err = task.ParsePosition(text); err != nil {
		return p, true, task.Invalid(name, err.Error())
	}
	return p, true, nil
}

// wantsStream reports whether the client asks for server-sent events by name;
// one that takes anything gets JSON.
func wantsStream(header http.Header) bool {
	for _, line := range header["Accept"] {
		for mediaRange := range strings.SplitSeq(line, ",") {
			name, parameters, _ := strings.Cut(mediaRange, ";")
			if strings.EqualFold(strings.TrimSpace(name), streamType) {
				return strings.TrimSpace(parameters) != "q=0"
			}
		}
	}
	return false
}

// streamStart is where a stream begins: after Last-Event-ID, which a browser
// sends when it comes back, else after since, else with what happens from now on.
func (s *Server) streamStart(x *exchange) (task.Position, error) {
	values, err := parseQuery(x.r.URL.RawQuery, "since")
	if err != nil {
		return task.Position{}, err
	}
	name := "since"
	if last := x.r.Header.Get("Last-Event-Id"); last != "" {
		name = "Last-Event-ID"
		values = params{name: last}
	}
	after, given, err := positionOf(name, values)
	if err != nil {
		return task.Position{}, err
	}
	if !given {
		_, head, err := s.deps.Store.Bounds(x.context())
		return head, err
	}
	return s.resolve(x, after)
}

// resolve gives a position its epoch and refuses one that cannot be read from.
func (s *Server) resolve(x *exchange, after task.Position) (task.Position, error) {
	_, head, err := s.deps.Store.Read(x.context(), after, 1)
	if err != nil {
		return task.Position{}, err
	}
	after.Epoch = head.Epoch
	return after, nil
}

// goneAt returns where to go on when err is that the log cannot be read on.
func goneAt(err error) (*task.GoneError, bool) {
	var gone *task.GoneError
	return gone, errors.As(err, &gone)
}
