package hooks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"time"

	"taskctl/pkg/client"
	"taskctl/pkg/command"
)

const (
	requestTimeout  = 15 * time.Second // for one attempt, its answer included
	commandTimeout  = 5 * time.Minute
	maxAnswer       = 64 << 10 // bytes read of an answer, to use its connection again
	answerTimeout   = time.Second
	maxRetryAfter   = 5 * time.Minute
	maxHeaderBytes  = 64 << 10
	idleConnTimeout = 30 * time.Second
)

// sender makes one attempt to deliver a message.
type sender interface {
	send(ctx context.Context, m message) error
	close()
}

// AnswerError reports an answer other than 2xx.
type AnswerError struct {
	Status     int
	RetryAfter time.Duration // 0: the receiver did not say
}

func (e *AnswerError) Error() string {
	text := fmt.Sprintf("the receiver answered %d %s", e.Status, http.StatusText(e.Status))
	if e.Status >= 300 && e.Status <= 399 {
		text += "; redirects are not followed"
	}
	return text
}

// permanent reports that another attempt cannot succeed.
func permanent(err error) bool {
	var answer *AnswerError
	return errors.As(err, &answer) && answer.Status == http.StatusGone
}

// newSender returns the sender of a hook.
func newSender(h Hook, deps Deps) (sender, error) {
	if len(h.Command) > 0 {
		return &commandSender{hook: h, deps: deps}, nil
	}
	key, err := secretKey(h.Secret)
	if err != nil {
		return nil, fmt.Errorf("secret of hook %s: %w", h.Name, err)
	}
	if err := CheckURL(h.URL); err != nil {
		return nil, fmt.Errorf("url of hook %s: %w", h.Name, err)
	}
	return &httpSender{hook: h, key: key, agent: "taskctl/" + deps.Version, client: http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: guardedDial(h.AllowPrivate), TLSClientConfig: deps.TLS, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: dialTimeout, MaxResponseHeaderBytes: maxHeaderBytes,
			MaxIdleConnsPerHost: 1, IdleConnTimeout: idleConnTimeout,
		},
	}}, nil
}

// httpSender sends signed requests.
type httpSender struct {
	hook   Hook
	key    []byte
	agent  string
	client http.Client
}

func (s *httpSender) close() { s.client.CloseIdleConnections() }

func (s *httpSender) send(ctx context.Context, m message) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.hook.URL, bytes.NewReader(m.body))
	if err != nil {
		return plain(s.hook, err)
	}
	now := time.Now()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", s.agent)
	req.Header.Set("Webhook-Id", m.id)
	req.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	req.Header.Set("Webhook-Signature", sign(s.key, m, now))
	res, err := s.client.Do(req)
	if err != nil {
		return plain(s.hook, err)
	}
	defer res.Body.Close() //nolint:errcheck // the status has been read
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return &AnswerError{Status: res.StatusCode, RetryAfter: retryAfter(res.Header)}
	}
	// The body is read only to keep the connection; the event is delivered.
	stop := time.AfterFunc(answerTimeout, cancel)
	defer stop.Stop()
	_, _ = io.CopyN(io.Discard, res.Body, maxAnswer)
	return nil
}

// plain drops the URL, which may hold a secret, from an error of net/http, and names
// the fault of a certificate.
func plain(h Hook, err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var refused *AddressError
	if errors.As(err, &refused) {
		return refused
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("the receiver did not answer within %s: %w", requestTimeout, err)
	}
	return &client.ConnectError{Addr: h.Target(), Err: err}
}

// retryAfter reads the seconds of a Retry-After header, up to maxRetryAfter.
func retryAfter(header http.Header) time.Duration {
	seconds, err := strconv.ParseUint(header.Get("Retry-After"), 10, 31)
	if err != nil {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxRetryAfter)
}

// commandSender runs a command for each message.
type commandSender struct {
	hook Hook
	deps Deps
}

func (s *commandSender) close() {}

func (s *commandSender) send(ctx context.Context, m message) error {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	err := command.Run(ctx, s.hook.Command, func(cmd *exec.Cmd) {
		cmd.Stdin = bytes.NewReader(append(bytes.Clone(m.body), '\n'))
		cmd.Stdout, cmd.Stderr = s.deps.Stdout, s.deps.Stderr
		cmd.Dir = s.deps.WorkDir
		cmd.Env = append(s.deps.Environ[:len(s.deps.Environ):len(s.deps.Environ)], "TASKCTL_HOOK="+s.hook.Name, "WEBHOOK_ID="+m.id)
	})
	if err != nil {
		return fmt.Errorf("run %s: %w", s.hook.Command[0], err)
	}
	return nil
}
