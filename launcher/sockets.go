package launcher

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"

	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/listen"
)

// sockets are the listening sockets of api and wsserver. The launcher holds them
// as long as the component is wanted, so that connections wait in the backlog
// while one is restarted; one that is given up is let go of, so that its clients
// see it.
type sockets struct {
	cfg    *config.Config
	passed *listen.Passed

	mu   sync.Mutex
	held map[string]*heldSet
}

type heldSet struct {
	set   *listen.Set
	files []*os.File // what children inherit; nil where they run in-process
}

// socketAddr is the setting behind a component's address.
type socketAddr struct{ component, key, addr string }

func socketAddrs(cfg *config.Config) []socketAddr {
	return []socketAddr{
		{config.WSServer, "wsserver.addr", cfg.WSServer.Addr},
		{config.API, "api.addr", cfg.API.Addr},
	}
}

// socketAddrOf is the address of one component; zero where it listens on nothing.
func socketAddrOf(cfg *config.Config, component string) socketAddr {
	for _, a := range socketAddrs(cfg) {
		if a.component == component {
			return a
		}
	}
	return socketAddr{}
}

// bindAll binds every socket, or none: a port that is taken is a
// *PortTakenError with its holder, before anything has been started.
func bindAll(ctx context.Context, cfg *config.Config, passed *listen.Passed) (*sockets, error) {
	s := &sockets{cfg: cfg, passed: passed, held: map[string]*heldSet{}}
	var taken *PortTakenError
	for _, a := range socketAddrs(cfg) {
		set, err := bind(ctx, a, passed)
		switch also := taken; {
		case err == nil:
			s.held[a.component] = &heldSet{set: set}
		case errors.As(err, &taken):
			taken.Also = also
		default:
			return nil, errors.Join(err, s.close())
		}
	}
	if taken != nil {
		return nil, errors.Join(taken, s.close())
	}
	// One that is let go of is bound again where its clients know it: the port
	// that 0 became.
	s.cfg = cfg.At(s.addr(config.API), s.addr(config.WSServer))
	return s, nil
}

func bind(ctx context.Context, a socketAddr, passed *listen.Passed) (*listen.Set, error) {
	set, err := passed.Open(a.addr)
	if busy := (*listen.BusyError)(nil); errors.As(err, &busy) {
		return nil, &PortTakenError{
			Component: a.component, Key: a.key, Addr: busy.Addr, Port: busy.Port,
			Holder: holderOf(ctx, busy.Port), Err: err,
		}
	}
	return set, err
}

// addr is where a component really listens: port 0 has become a number.
func (s *sockets) addr(component string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.held[component]; h != nil {
		return h.set.Addr
	}
	return ""
}

// warnings are what the machine lacks.
func (s *sockets) warnings() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, a := range socketAddrs(s.cfg) {
		if h := s.held[a.component]; h != nil && len(all) == 0 {
			all = append(all, h.set.Warnings...)
		}
	}
	return all
}

// files returns a component's sockets for a child to inherit, binding them again
// where they had been let go of. Nil for one that listens on nothing.
func (s *sockets) files(component string) ([]*os.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, err := s.hold(component)
	if h == nil || err != nil {
		return nil, err
	}
	if h.files == nil {
		if h.files, err = h.set.Files(); err != nil {
			return nil, err
		}
	}
	return h.files, nil
}

// listeners returns a component's sockets for a group of goroutines, which
// closes its own copies and not ours.
func (s *sockets) listeners(component string) ([]net.Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, err := s.hold(component)
	if h == nil || err != nil {
		return nil, err
	}
	return h.set.Share()
}

// hold returns the sockets of a component, or nil; s.mu is held.
func (s *sockets) hold(component string) (*heldSet, error) {
	if h := s.held[component]; h != nil {
		return h, nil
	}
	a := socketAddrOf(s.cfg, component)
	if a.addr == "" {
		return nil, nil
	}
	set, err := bind(context.Background(), a, s.passed) // bounded by itself: nothing is waited for
	if err != nil {
		return nil, err
	}
	s.held[component] = &heldSet{set: set}
	return s.held[component], nil
}

// letGo closes a component's sockets.
func (s *sockets) letGo(component string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.held[component]
	if h == nil {
		return nil
	}
	delete(s.held, component)
	err := h.set.Close()
	for _, f := range h.files {
		err = errors.Join(err, f.Close())
	}
	return err
}

func (s *sockets) close() error {
	var errs []error
	for _, a := range socketAddrs(s.cfg) {
		errs = append(errs, s.letGo(a.component))
	}
	return errors.Join(errs...)
}
