package supervisor

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// Check is a way to check whether a user's command is ready or healthy. Exactly one
// field is set.
type Check struct {
	Log  *regexp.Regexp // matches the printable text of a line of its output, finished or not; only for readiness
	HTTP string         // a GET of this URL is answered with a status below 400
	TCP  string         // this address accepts a connection
	Exec []string       // this command exits with 0; it has the component's directory, environment and user
}

const (
	minPollInterval = 20 * time.Millisecond // from the first check to the second
	maxPollInterval = 500 * time.Millisecond
	pollTimeout     = time.Second // for one answer; after it the component is not ready
)

// await repeats the check until it succeeds or ctx ends.
func await(ctx context.Context, check func(context.Context) bool, ready func()) {
	for pause := minPollInterval; ; pause = min(2*pause, maxPollInterval) {
		checkCtx, cancel := context.WithTimeout(ctx, pollTimeout)
		yes := check(checkCtx)
		cancel()
		if yes {
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

// Probe returns the health check of a component, for Spec.Probe.
func (p Process) Probe(c Check) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := p.ask(ctx, c)
		return err
	}
}

// ask checks once. For HTTP and TCP it also returns the address that answered.
func (p Process) ask(ctx context.Context, c Check) (net.Addr, error) {
	switch {
	case c.TCP != "":
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.TCP)
		if err != nil {
			return nil, err
		}
		return conn.RemoteAddr(), conn.Close()
	case c.HTTP != "":
		return askHTTP(ctx, c.HTTP)
	}
	return nil, p.run(ctx, c.Exec)
}

func askHTTP(ctx context.Context, url string) (remote net.Addr, err error) {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { remote = info.Conn.RemoteAddr() },
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{DisableKeepAlives: true} // no proxy, because the component is on this machine
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	_ = response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		return nil, fmt.Errorf("it answers %s", response.Status)
	}
	return remote, nil
}

// run runs the command of a check with the component's directory, environment and user.
func (p Process) run(ctx context.Context, argv []string) error {
	p.Path, p.Args = argv[0], argv[1:]
	path, err := p.Resolve()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, path)
	cmd.Args, cmd.Env, cmd.Dir, cmd.WaitDelay = p.argv(), p.Env, p.Dir, drainTimeout
	var output checkOutput
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := p.ownSession(cmd); err != nil {
		return err
	}
	if err := cmd.Run(); err != nil {
		if text := strings.TrimSpace(string(output)); text != "" {
			return fmt.Errorf("%w: %s", err, text)
		}
		return err
	}
	return nil
}

// checkOutput keeps the beginning of what a check's command prints.
type checkOutput []byte

// maxCheckOutput bounds what is kept of it, in bytes.
const maxCheckOutput = 500

func (o *checkOutput) Write(p []byte) (int, error) {
	*o = append(*o, p[:min(len(p), maxCheckOutput-len(*o))]...)
	return len(p), nil
}

// watchOutput calls ready at the first line of the output that matches. The line may be
// unfinished, as a prompt is.
func (c *Check) watchOutput(lines *lineSplitter, ready func()) {
	lines.matcher = &outputMatcher{pattern: c.Log, found: ready}
}
