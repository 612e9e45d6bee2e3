package launcher

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"

	"taskctl/launcher/ports"
	"taskctl/pkg/config"
	"taskctl/pkg/listen"
)

// sockets are the listening sockets of api and wsserver. The launcher keeps them open
// while a component restarts, so that connections wait in the backlog. When a component
// has failed permanently it closes them, so that clients are refused.
type sockets struct {
	cfg       *config.Config
	inherited *listen.Inherited

	mu   sync.Mutex
	open map[string]*openSet
}

type openSet struct {
	set   *listen.Set
	files []*os.File // duplicates for children; nil if the components run in-process
}

// bindAll binds every socket, or none. If a port is in use, it returns a
// *ports.TakenError.
func bindAll(ctx context.Context, cfg *config.Config, inherited *listen.Inherited) (*sockets, error) {
	s := &sockets{cfg: cfg, inherited: inherited, open: map[string]*openSet{}}
	var taken *ports.TakenError
	for _, setting := range ports.Settings(cfg) {
		set, err := ports.Bind(ctx, setting, inherited)
		switch earlier := taken; {
		case err == nil:
			s.open[setting.Component] = &openSet{set: set}
		case errors.As(err, &taken):
			taken.Also = earlier
		default:
			return nil, errors.Join(err, s.close())
		}
	}
	if taken != nil {
		return nil, errors.Join(taken, s.close())
	}
	// A closed socket is bound again on the port that was chosen for port 0, because
	// clients know that port.
	s.cfg = cfg.At(s.addr(config.API), s.addr(config.WSServer))
	return s, nil
}

// addr is the listen address of a component, with the chosen port instead of port 0.
func (s *sockets) addr(component string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.open[component]; o != nil {
		return o.set.Addr
	}
	return ""
}

// warnings say what is missing on this machine, such as IPv6.
func (s *sockets) warnings() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, setting := range ports.Settings(s.cfg) {
		if o := s.open[setting.Component]; o != nil && len(o.set.Warnings) > 0 {
			return o.set.Warnings // those of the other components say the same
		}
	}
	return nil
}

// files returns a component's sockets for a child to inherit. It binds them again if
// they are closed. It returns nil for a component that does not listen.
func (s *sockets) files(component string) ([]*os.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.bound(component)
	if o == nil || err != nil {
		return nil, err
	}
	if o.files == nil {
		if o.files, err = o.set.Files(); err != nil {
			return nil, err
		}
	}
	return o.files, nil
}

// listeners returns a component's sockets for goroutines of this process. They are
// copies, so closing them does not close the sockets themselves.
func (s *sockets) listeners(component string) ([]net.Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.bound(component)
	if o == nil || err != nil {
		return nil, err
	}
	return o.set.Share()
}

// bound returns the sockets of a component, and binds them if they are closed. It
// returns nil for a component that does not listen. s.mu is held.
func (s *sockets) bound(component string) (*openSet, error) {
	if o := s.open[component]; o != nil {
		return o, nil
	}
	setting := ports.SettingOf(s.cfg, component)
	if setting.Addr == "" {
		return nil, nil
	}
	set, err := ports.Bind(context.Background(), setting, s.inherited) // binding does not block
	if err != nil {
		return nil, err
	}
	s.open[component] = &openSet{set: set}
	return s.open[component], nil
}

// release closes a component's sockets.
func (s *sockets) release(component string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.open[component]
	if o == nil {
		return nil
	}
	delete(s.open, component)
	err := o.set.Close()
	for _, f := range o.files {
		err = errors.Join(err, f.Close())
	}
	return err
}

func (s *sockets) close() error {
	var errs []error
	for _, setting := range ports.Settings(s.cfg) {
		errs = append(errs, s.release(setting.Component))
	}
	return errors.Join(errs...)
}
