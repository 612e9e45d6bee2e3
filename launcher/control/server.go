package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"taskctl/pkg/config"
	"taskctl/pkg/supervisor"
)

// socketFile is the Unix socket on which the launcher answers `status`, `stop`,
// `restart`, `why` and `logs clean`, with HTTP and JSON, for this user only.
const socketFile = "control.sock"

// SocketPath is the path of a directory's control socket.
func SocketPath(cfg *config.Config) string { return cfg.Data(socketFile) }

// closeTimeout bounds how long Close waits for requests in progress.
const closeTimeout = time.Second

// System is the running system, as the commands use it.
type System interface {
	Status(ctx context.Context) Status
	// Stop stops the system and returns the receipt when everything has ended.
	Stop(ctx context.Context) (Receipt, error)
	// Restart restarts the named components, or all, and returns once they are ready.
	Restart(ctx context.Context, components ...string) error
	// StartComponents starts the named components, and returns once they are ready.
	StartComponents(ctx context.Context, components ...string) error
	// StopComponents stops the named components, which stay stopped.
	StopComponents(ctx context.Context, components ...string) error
	// Reload applies changed settings.
	Reload(ctx context.Context) (Reloaded, error)
	// Why returns a component's state and its last death.
	Why(ctx context.Context, component string) (Why, error)
	// EmptyLogs empties current log files and returns how many bytes that freed.
	EmptyLogs(names ...string) (freed int64, err error)
}

// Server answers on the control socket from before the first component starts until
// after the last has ended, so that `status` is always true.
type Server struct {
	cfg    *config.Config
	http   *http.Server
	served chan error
}

// Serve opens the control socket of a directory whose lock this process holds.
func Serve(cfg *config.Config, system System) (*Server, error) {
	path, release, err := socketPath(cfg.DataDir(), socketFile)
	if err != nil {
		return nil, err
	}
	defer release()
	// This process holds the lock, so an existing socket belongs to a dead launcher.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove the stale control socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("open the control socket %s: %w", cfg.Data(socketFile), err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // the path may contain a descriptor, which is closed by then
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("protect the control socket: %w", err), l.Close())
	}
	self, _ := supervisor.Identify(os.Getpid()) // cannot fail: the lock has identified this process
	s := &Server{
		cfg:    cfg,
		http:   &http.Server{Handler: onlyFor(Instance{ProcessID: self}, handler(system)), ReadHeaderTimeout: requestTimeout},
		served: make(chan error, 1),
	}
	go func() { s.served <- s.http.Serve(sameUserListener{l}) }()
	return s, nil
}

// Close waits for requests in progress, such as that of a waiting `stop`, then ends the
// server and removes the socket.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout) // the launcher's own context has ended
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	if serveErr := <-s.served; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	if removeErr := os.Remove(s.cfg.Data(socketFile)); !errors.Is(removeErr, os.ErrNotExist) {
		err = errors.Join(err, removeErr)
	}
	return err
}

// sameUserListener drops connections of other users, even if the mode of the socket
// allows them.
type sameUserListener struct{ net.Listener }

func (l sameUserListener) Accept() (net.Conn, error) {
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

// onlyFor refuses requests that are for another launcher.
func onlyFor(self Instance, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if wanted := r.Header.Get(instanceHeader); wanted != "" && wanted != self.header() {
			respond(w, nil, ErrEnded)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// handler is the HTTP surface of the control socket.
func handler(system System) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		respond(w, system.Status(r.Context()), nil)
	})
	mux.HandleFunc("POST /stop", func(w http.ResponseWriter, r *http.Request) {
		receipt, err := system.Stop(r.Context())
		respond(w, receipt, err)
	})
	for path, do := range map[string]func(context.Context, ...string) error{
		"POST /restart": system.Restart, "POST /components/start": system.StartComponents, "POST /components/stop": system.StopComponents,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			var in componentsRequest
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
				respond(w, nil, err)
				return
			}
			respond(w, struct{}{}, do(r.Context(), in.Components...))
		})
	}
	mux.HandleFunc("POST /reload", func(w http.ResponseWriter, r *http.Request) {
		reloaded, err := system.Reload(r.Context())
		respond(w, reloaded, err)
	})
	mux.HandleFunc("GET /why/{component}", func(w http.ResponseWriter, r *http.Request) {
		why, err := system.Why(r.Context(), r.PathValue("component"))
		respond(w, why, err)
	})
	mux.HandleFunc("POST /logs/empty", func(w http.ResponseWriter, r *http.Request) {
		var in emptyRequest
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			respond(w, nil, err)
			return
		}
		freed, err := system.EmptyLogs(in.Names...)
		respond(w, emptyResponse{Freed: freed}, err)
	})
	return mux
}

// respond writes a value, or an error as {"error": …}.
func respond(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		status := http.StatusInternalServerError
		if errors.Is(err, supervisor.ErrUnknown) {
			status = http.StatusNotFound
		}
		w.WriteHeader(status)
		failed := failure{Error: err.Error()}
		_ = errors.As(err, &failed.Restart)
		v = failed
	}
	_ = json.NewEncoder(w).Encode(v) // fails if the client has disconnected
}
