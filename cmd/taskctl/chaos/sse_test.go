//go:build linux

package chaos

import (
	"bufio"
	"cmp"
	"context"
	"math"
	"net/http"
	"strings"
	"time"

	"taskctl/pkg/task"
)

// listener is a consumer of the server-sent events of GET /events. It reconnects with
// the last id, as a browser does.
type listener struct {
	*recorder
	servers               // of /events
	quiet   time.Duration // it disconnects after this long without a message; 0: never
	http    *http.Client
	lastID  string // "": none yet
}

func (l *listener) run(ctx context.Context) {
	for ctx.Err() == nil {
		l.listen(ctx)
		pause(ctx, reconnectDelay)
	}
}

// listen makes one connection and reads it to its end.
func (l *listener) listen(ctx context.Context) {
	header, target := http.Header{"Accept": {"text/event-stream"}}, l.next()
	if l.lastID == "" {
		target += "?since=0"
	} else {
		header.Set("Last-Event-ID", l.lastID)
	}
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	silence := time.AfterFunc(cmp.Or(l.quiet, math.MaxInt64), hangUp)
	defer silence.Stop()
	res, err := get(ctx, l.http, target, header)
	if err != nil {
		return
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		if res.StatusCode != http.StatusServiceUnavailable {
			l.alarmf("GET /events was answered %s", res.Status)
		}
		return
	}
	l.connected()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	id, kind, data := "", "", ""
	for lines.Scan() {
		silence.Reset(cmp.Or(l.quiet, math.MaxInt64))
		if lines.Text() == "" {
			if id != "" {
				l.take(id, kind, data)
			}
			id, kind, data = "", "", ""
			continue
		}
		switch name, value, _ := strings.Cut(lines.Text(), ": "); name {
		case "id":
			id = value
		case "event":
			kind = value
		case "data":
			data = value
		}
	}
	l.notef("ended: %v", lines.Err())
}

// take handles one event of the stream.
func (l *listener) take(id, kind, data string) {
	at, err := task.ParsePosition(id)
	switch {
	case err != nil || at.Epoch == "":
		l.alarmf("the id %q is no position", id)
		return
	case data == "": // the first event of a connection is only its position
		if at.Seq != l.at.Load() {
			l.alarmf("the stream begins at %s, after %d", id, l.at.Load())
		}
		l.lastID = id
		return
	}
	m, err := parseMessage([]byte(data))
	if err != nil || m.Seq != at.Seq || string(m.Type) != kind {
		l.alarmf("the id %q and the event %q do not fit %q", id, kind, data)
	}
	l.message([]byte(data), at.Seq)
	l.lastID = id
}
