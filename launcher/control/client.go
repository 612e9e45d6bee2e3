package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"taskctl/pkg/config"
)

const (
	// requestTimeout bounds one request to the launcher, except a stop and a
	// restart, which wait for components.
	requestTimeout = 5 * time.Second
	// answerTimeout is how long a launcher may take to accept a connection and answer a
	// first request.
	answerTimeout = 2 * time.Second
)

// instanceHeader names the launcher that a request is for.
const instanceHeader = "Taskctl-Launcher"

// Client talks to the launcher of a directory.
type Client struct {
	http *http.Client
	cfg  *config.Config
	to   *Instance // nil: the launcher that runs now
}

// NewClient returns a client for the launcher of cfg.Dir. It sends nothing yet.
func NewClient(cfg *config.Config) *Client {
	return &Client{cfg: cfg, http: &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			path, release, err := socketPath(cfg.DataDir(), socketFile)
			if err != nil {
				return nil, err
			}
			defer release()
			var d net.Dialer
			return d.DialContext(ctx, "unix", path)
		},
	}}}
}

// For returns a client for this launcher only. If that launcher has ended, requests
// return ErrEnded instead of reaching the next launcher.
func (c *Client) For(i Instance) *Client {
	bound := *c
	bound.to = &i
	return &bound
}

// Status asks the launcher for the state of the system. It returns ErrNotRunning if
// there is no launcher.
func (c *Client) Status(ctx context.Context) (Status, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var s Status
	err := c.do(ctx, request{http.MethodGet, "/status", nil}, &s)
	return s, err
}

// Answers reports whether the launcher of the directory answers on its socket.
func (c *Client) Answers(ctx context.Context) bool {
	_, err := c.ask(ctx)
	return err == nil
}

// Stop asks the launcher to stop, and returns the receipt when everything has ended.
func (c *Client) Stop(ctx context.Context) (Receipt, error) {
	var r Receipt
	err := c.do(ctx, request{http.MethodPost, "/stop", nil}, &r)
	return r, err
}

// Restart restarts the named components, or all, and returns once they are ready.
func (c *Client) Restart(ctx context.Context, components ...string) error {
	return c.do(ctx, request{http.MethodPost, "/restart", componentsRequest{Components: components}}, nil)
}

// StartComponents starts the named components, and returns once they are ready.
func (c *Client) StartComponents(ctx context.Context, components ...string) error {
	return c.do(ctx, request{http.MethodPost, "/components/start", componentsRequest{Components: components}}, nil)
}

// StopComponents stops the named components and returns when they have ended.
func (c *Client) StopComponents(ctx context.Context, components ...string) error {
	return c.do(ctx, request{http.MethodPost, "/components/stop", componentsRequest{Components: components}}, nil)
}

// Reload makes the launcher read its settings again, and returns what changed.
func (c *Client) Reload(ctx context.Context) (Reloaded, error) {
	var r Reloaded
	err := c.do(ctx, request{http.MethodPost, "/reload", nil}, &r)
	return r, err
}

// Why returns a component's state and its last death.
func (c *Client) Why(ctx context.Context, component string) (Why, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var w Why
	err := c.do(ctx, request{http.MethodGet, "/why/" + component, nil}, &w)
	return w, err
}

// EmptyLogs empties current log files while they are being written, and returns
// how many bytes that freed.
func (c *Client) EmptyLogs(ctx context.Context, names ...string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var out emptyResponse
	err := c.do(ctx, request{http.MethodPost, "/logs/empty", emptyRequest{Names: names}}, &out)
	return out.Freed, err
}

// ask is Status, but does not find out why there is no answer.
func (c *Client) ask(ctx context.Context) (Status, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	var s Status
	err := c.send(ctx, request{http.MethodGet, "/status", nil}, &s)
	return s, err
}

// request is a request to the launcher; in is its body, as JSON, or nil.
type request struct {
	method, path string
	in           any
}

// do sends one request and decodes the response into out, which may be nil. It returns
// ErrEnded if the launcher of [Client.For] has ended, ErrNotRunning if none runs, and a
// *NotAnsweringError if the running one does not answer.
func (c *Client) do(ctx context.Context, r request, out any) error {
	err := c.send(ctx, r, out)
	if opErr := (*url.Error)(nil); errors.As(err, &opErr) {
		return c.requestError(err)
	}
	return err
}

func (c *Client) send(ctx context.Context, r request, out any) error {
	body, err := encodeBody(r.in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, r.method, "http://launcher"+r.path, body)
	if err != nil {
		return err
	}
	if c.to != nil {
		req.Header.Set(instanceHeader, c.to.header())
	}
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("ask the launcher: %w", err)
	}
	defer res.Body.Close() //nolint:errcheck // read to the end below
	if res.StatusCode >= http.StatusBadRequest {
		var failed failure
		if err := json.NewDecoder(res.Body).Decode(&failed); err != nil {
			return fmt.Errorf("the launcher answered %s", res.Status)
		}
		return failed.asError()
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return fmt.Errorf("read the launcher's answer: %w", err)
	}
	return nil
}

// requestError turns a failed request into one of the errors of do.
func (c *Client) requestError(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	if c.to != nil && c.to.Ended(c.cfg) {
		return ErrEnded
	}
	o, ownerErr := Owner(c.cfg)
	if ownerErr != nil {
		return ownerErr
	}
	silent := &NotAnsweringError{PID: o.PID, Err: err, stage: o.Stage}
	if opErr := (*net.OpError)(nil); errors.As(err, &opErr) && opErr.Op == "dial" {
		silent.NoSocket = c.cfg.Data(socketFile)
	}
	return silent
}

func encodeBody(v any) (io.Reader, error) {
	if v == nil {
		return http.NoBody, nil
	}
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	return bytes.NewReader(data), nil
}
