package supervisor

import (
	"context"
	"net"
	"net/http"
	"regexp"
	"time"
)

// UserReady says how to see that a command which knows nothing of us is ready.
// Exactly one field is set.
type UserReady struct {
	Log  *regexp.Regexp // a line of its output matches; a line that has not ended yet counts
	HTTP string         // a GET of this URL is answered with a status below 400
	TCP  string         // this address accepts a connection
}

const (
	firstAsk = 20 * time.Millisecond // from the start to the second time it is asked
	lastAsk  = 500 * time.Millisecond
	askTime  = time.Second // for one answer; none in time is not "ready"
)

// await asks until the answer is yes, or ctx ends.
func (u *UserReady) await(ctx context.Context, ready func()) {
	for pause := firstAsk; ; pause = min(2*pause, lastAsk) {
		if u.ask(ctx) {
			ready()
			return
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

func (u *UserReady) ask(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	if u.TCP != "" {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", u.TCP)
		if err != nil {
			return false
		}
		_ = conn.Close()
		return true
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.HTTP, nil)
	if err != nil {
		return false
	}
	transport := &http.Transport{DisableKeepAlives: true} // no proxy: it is on this machine
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode < http.StatusBadRequest
}

// seeIn makes a splitter of the output notice the first line that matches, and
// a prompt, which has no end of line.
func (u *UserReady) seeIn(lines *lineSplitter, ready func()) {
	look := func(text []byte) {
		if u.Log.Match(text) {
			ready()
		}
	}
	line, peek := lines.line, lines.peek
	lines.line = func(text []byte) { look(text); line(text) }
	lines.peek = func(text []byte) { look(text); peek(text) }
}
