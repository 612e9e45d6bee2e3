package launcher

import (
	"context"
	"slices"
	"sync"

	"taskctl/pkg/config"
	"taskctl/pkg/filewatch"
)

// fileWatches watch files and restart components when their files change. A component
// without watched files costs nothing.
type fileWatches struct {
	restart func(component string, files []string)
	trouble func(component string, patterns []string, err error)

	mu     sync.Mutex
	byName map[string]fileWatch
	launch func(*filewatch.Watcher, config.Component) fileWatch // set by begin
}

// fileWatch watches the files of one component.
type fileWatch struct {
	patterns []string
	stop     context.CancelFunc
	ended    chan struct{}
}

// begin starts watching for the components. The watching ends with ctx, or by calling
// end, which waits for it.
func (w *fileWatches) begin(ctx context.Context, cfg *config.Config) (end func(), err error) {
	var running sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	w.mu.Lock()
	w.byName = map[string]fileWatch{}
	w.launch = func(watcher *filewatch.Watcher, c config.Component) fileWatch {
		ctx, stop := context.WithCancel(ctx)
		watch := fileWatch{patterns: c.Watch, stop: stop, ended: make(chan struct{})}
		running.Go(func() {
			defer close(watch.ended)
			if err := watcher.Run(ctx); err != nil {
				w.trouble(c.Name, c.Watch, err)
			}
		})
		return watch
	}
	w.mu.Unlock()
	_, err = w.apply(cfg)
	return func() {
		w.mu.Lock()
		w.launch = nil
		w.mu.Unlock()
		cancel()
		running.Wait()
	}, err
}

// apply adapts the watches to the settings, and returns the components whose watched
// files differ from before. After it returns, no change of a file is missed.
func (w *fileWatches) apply(cfg *config.Config) (changed []string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.launch == nil {
		return nil, nil // the system is stopping
	}
	wanted := map[string]config.Component{}
	for _, c := range cfg.Components {
		if len(c.Watch) > 0 {
			wanted[c.Name] = c
		}
	}
	for name, watch := range w.byName {
		if !slices.Equal(watch.patterns, wanted[name].Watch) {
			watch.stop()
			<-watch.ended
			delete(w.byName, name)
			changed = append(changed, name)
		}
	}
	for name, c := range wanted {
		if _, watched := w.byName[name]; watched {
			continue
		}
		watcher, err := cfg.FileWatcher(c, filewatch.Config{
			Changed: func(files []string) { w.restart(name, files) },
			Trouble: func(err error) { w.trouble(name, c.Watch, err) },
		})
		if err != nil {
			return nil, err
		}
		watch := w.launch(watcher, c)
		w.byName[name] = watch
		select {
		case <-watcher.Ready():
		case <-watch.ended:
		}
		changed = append(changed, name)
	}
	slices.Sort(changed)
	return slices.Compact(changed), nil
}
