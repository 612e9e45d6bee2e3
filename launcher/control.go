package launcher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/taskctl/taskctl/pkg/config"
)

// socketFile is where the launcher answers `status`, `stop`, `restart`, `why`
// and `logs clean`: HTTP and JSON over a Unix socket, for this user alone.
const socketFile = "control.sock"

// controlTimeout bounds one request to the launcher, but for a restart, which
// waits for a component to be ready.
const controlTimeout = 5 * time.Second

// controlServer answers on the control socket from before the first component
// starts until after the last has ended, so that `status` is honest throughout.
type controlServer struct {
	http   *http.Server
	served chan error
}

func serveControl(cfg *config.Config, handler http.Handler) (*controlServer, error) {
	path, release, err := socketPath(cfg.DataDir(), socketFile)
	if err != nil {
		return nil, err
	}
	defer release()
	// The lock is ours, so whatever socket is there belonged to a dead launcher.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove the stale control socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("open the control socket %s: %w", cfg.Data(socketFile), err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // the path may go through a descriptor that is closed by then
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("protect the control socket: %w", err), l.Close())
	}
	c := &controlServer{
		http:   &http.Server{Handler: handler, ReadHeaderTimeout: controlTimeout},
		served: make(chan error, 1),
	}
	go func() { c.served <- c.http.Serve(ownUserOnly{l}) }()
	return c, nil
}

// close lets requests under way finish (the `stop` that waits for this very
// moment among them), then ends the server and removes the socket.
func (c *controlServer) close(cfg *config.Config) error {
	deadline, cancel := context.WithTimeout(context.Background(), time.Second) // the launcher's own context has ended
	defer cancel()
	err := c.http.Shutdown(deadline)
	if serveErr := <-c.served; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	if removeErr := os.Remove(cfg.Data(socketFile)); !errors.Is(removeErr, os.ErrNotExist) { // else somebody did so
		err = errors.Join(err, removeErr)
	}
	return err
}

// ownUserOnly drops connections of other users, whatever the file's mode says.
type ownUserOnly struct{ net.Listener }

func (l ownUserOnly) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if samePeer(c) {
			return c, nil
		}
		_ = c.Close()
	}
}

// Control talks to the launcher of a directory.
type Control struct {
	http *http.Client
	cfg  *config.Config
}

// Dial prepares to talk to the launcher of cfg.Dir; nothing is sent yet.
func Dial(cfg *config.Config) *Control {
	return &Control{cfg: cfg, http: &http.Client{Transport: &http.Transport{
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

// do sends one request and decodes the answer into out, which may be nil.
// ErrNotRunning where nobody holds the directory, a *NotAnsweringError where who
// does cannot be asked.
func (c *Control) do(ctx context.Context, method, path string, in, out any) error {
	body, err := encodeBody(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://launcher"+path, body)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return c.unanswered(fmt.Errorf("ask the launcher: %w", err))
	}
	defer res.Body.Close() //nolint:errcheck // read to the end below
	if res.StatusCode >= http.StatusBadRequest {
		var refused refusal
		if err := json.NewDecoder(res.Body).Decode(&refused); err != nil {
			return fmt.Errorf("the launcher answered %s", res.Status)
		}
		return refused.asError()
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return fmt.Errorf("read the launcher's answer: %w", err)
	}
	return nil
}

// unanswered is what it means that a request failed.
func (c *Control) unanswered(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	pid, at, ownerErr := owner(c.cfg)
	if ownerErr != nil {
		return ownerErr
	}
	silent := &NotAnsweringError{PID: pid, Err: err, at: at}
	if opErr := (*net.OpError)(nil); errors.As(err, &opErr) && opErr.Op == "dial" {
		silent.NoSocket = c.cfg.Data(socketFile)
	}
	return silent
}
