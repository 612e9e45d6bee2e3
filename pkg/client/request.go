package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"taskctl/pkg/backoff"
	"taskctl/pkg/task"
	"taskctl/pkg/wait"
)

const (
	positionHeader = "Taskctl-Position"
	maxAnswer      = 128 << 20 // a page of 1,000 tasks with descriptions of escaped characters is about 60 MB
	maxRetryAfter  = 10 * time.Second
)

// request is a complete API call, so that it can be sent again.
type request struct {
	method string
	path   string // below the base URL, escaped
	query  url.Values
	header http.Header
	body   []byte
}

// response is a successful answer.
type response struct {
	header   http.Header
	body     []byte
	position task.Position
}

// do sends a request until there is an answer, at most Config.Attempts times. Each
// attempt has the same Idempotency-Key, so a write whose answer was lost happens once.
func (c *Client) do(ctx context.Context, req request) (*response, error) {
	retry := backoff.Policy{Min: 100 * time.Millisecond, Max: 2 * time.Second}
	sent := false
	for attempt := 1; ; attempt++ {
		res, err := c.send(ctx, req)
		if err == nil {
			return res, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		delay, again := retry.Delay(attempt-1), false
		var refused *Problem
		var lost *ConnectError
		switch {
		case errors.As(err, &refused) && refused.temporary():
			delay, again = max(delay, refused.RetryAfter), refused.RetryAfter <= maxRetryAfter
		case errors.As(err, &lost):
			// If nothing listens, a retry is useless, unless an earlier attempt may
			// have been carried out.
			sent = sent || lost.Sent
			lost.Sent = sent
			again = sent
		}
		if !again || attempt >= c.attempts || !wait.Sleep(ctx, delay) {
			return nil, err
		}
	}
}

// send makes one attempt. Its error is a *Problem, a *ConnectError, or an error in the
// request itself.
func (c *Client) send(ctx context.Context, req request) (*response, error) {
	target := c.base.String() + req.path
	if len(req.query) > 0 {
		target += "?" + req.query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, req.method, target, bytes.NewReader(req.body))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	for name, values := range req.header {
		r.Header[name] = values
	}
	c.authorize(r.Header)
	res, err := c.http.Do(r)
	if err != nil {
		var op *net.OpError
		sent := !errors.As(err, &op) || op.Op != "dial"
		return nil, &ConnectError{Addr: c.base.Host, Sent: sent, Err: err}
	}
	defer func() { _ = res.Body.Close() }() // it has been read
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, &ConnectError{Addr: c.base.Host, Sent: true, Err: err}
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("%s %s: the answer is larger than %d bytes", req.method, req.path, maxAnswer)
	case res.StatusCode < 200 || res.StatusCode > 299, len(body) > 0 && !isJSON(res.Header):
		return nil, newProblem(res.StatusCode, res.Header, body)
	}
	position, _ := task.ParsePosition(res.Header.Get(positionHeader))
	return &response{header: res.Header, body: body, position: position}, nil
}
