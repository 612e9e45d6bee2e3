package api

import (
	"net/http"

	"taskctl/pkg/eventlog"
	"taskctl/pkg/task"
)

// events answers with a part of the event log, or with a stream that follows it.
func (s *Server) events(x *exchange) error {
	x.set("Vary", "Accept, Origin")
	if wantsStream(x.r.Header) {
		return s.stream(x)
	}
	p, err := parseQuery(x.r.URL.RawQuery, "since", "lastEventId", "limit")
	if err != nil {
		return err
	}
	limit, err := p.limit()
	if err != nil {
		return err
	}
	after, _, err := startPosition(x.r.Header, p)
	if err != nil {
		return err
	}
	events, head, err := s.deps.Store.Read(x.context(), after, limit)
	if err != nil {
		return err
	}
	at := positionAfter(events, head)
	x.setPosition(at)
	sc := s.takeScratch()
	defer s.giveScratch(sc)
	sc.answer = appendEvents(sc.answer[:0], events, at)
	if err := s.reserve(x, cap(sc.answer)); err != nil {
		return err
	}
	x.send(http.StatusOK, jsonType, sc.answer)
	return nil
}

// positionAfter is the position from which the caller reads on: that of the last event,
// or the head of the log if there is none.
func positionAfter(events []task.Event, head task.Position) task.Position {
	if len(events) > 0 {
		head.Seq = events[len(events)-1].Seq
	}
	return head
}

func appendEvents(dst []byte, events []task.Event, at task.Position) []byte {
	dst = append(dst, `{"events":[`...)
	for i := range events {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = events[i].AppendJSON(dst)
	}
	return append(appendPosition(append(dst, ']'), at), '}')
}

// startPosition is the position to read from: Last-Event-ID, which a browser sends
// when it reconnects, else lastEventId, which polyfills send instead, else since.
// Without any of them it is the beginning of the log.
func startPosition(header http.Header, p params) (at task.Position, given bool, err error) {
	name, text := "Last-Event-ID", header.Get("Last-Event-Id")
	for _, parameter := range []string{"lastEventId", "since"} {
		if text == "" {
			name, text = parameter, p[parameter]
		}
	}
	if _, sinceGiven := p["since"]; text == "" && !sinceGiven {
		return task.Position{}, false, nil
	}
	if at, err = task.ParsePosition(text); err != nil {
		return at, true, task.Invalid(name, err.Error())
	}
	return at, true, nil
}

// streamStart returns the position at which a stream begins: that of the request, or
// the head of the log. If the log cannot be read from the requested position, the
// stream begins with a reset and continues from the head, because an EventSource cannot
// read a 410.
func (s *Server) streamStart(x *exchange) (at task.Position, gone *task.GoneError, err error) {
	p, err := parseQuery(x.r.URL.RawQuery, "since", "lastEventId")
	if err != nil {
		return at, nil, err
	}
	at, given, err := startPosition(x.r.Header, p)
	if err != nil {
		return at, nil, err
	}
	if !given {
		_, at, err = s.deps.Store.Bounds(x.context())
		return at, nil, err
	}
	_, head, err := s.deps.Store.Read(x.context(), at, 1)
	if gone, isGone := eventlog.GoneOf(err); isGone {
		return gone.Head, gone, nil
	}
	at.Epoch = head.Epoch
	return at, nil, err
}
