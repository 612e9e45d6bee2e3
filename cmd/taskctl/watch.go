package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"

	"taskctl/launcher/control"
	"taskctl/pkg/config"
	"taskctl/pkg/screen"
)

// watchEvery is how often `status --watch` looks.
const watchEvery = time.Second

// watch keeps showing the status: as a live view on a terminal, else as one
// status after another; as JSON, an object a line.
func (p *program) watch(ctx context.Context, cfg *config.Config, out format) error {
	if out == asJSON {
		out := json.NewEncoder(p.stdout)
		return p.watchEach(ctx, cfg, func(s control.Status) error { return out.Encode(s) })
	}
	palette := screen.PaletteFor(p.stdout, p.getenv)
	if !screen.IsTerminal(p.stdout) || !screen.IsTerminal(p.stdin) || p.getenv("TERM") == "dumb" {
		return p.watchEach(ctx, cfg, func(s control.Status) error {
			_, err := io.WriteString(p.stdout, p.renderStatus(s, statusLayout{palette: palette}).String()+"\n")
			return err
		})
	}
	view := &watchView{p: p, ctx: ctx, cfg: cfg, palette: palette}
	_, err := tea.NewProgram(view, tea.WithContext(ctx), tea.WithInput(p.stdin), tea.WithOutput(p.stdout),
		tea.WithoutSignalHandler()).Run()
	if errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil {
		return nil
	}
	return err
}

// watchEach shows one look after another until ctx ends. A system that does not
// run, or does not answer, is worth watching too.
func (p *program) watchEach(ctx context.Context, cfg *config.Config, show func(control.Status) error) error {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		s, err := control.Inspect(ctx, cfg)
		if ctx.Err() != nil {
			return nil
		}
		if s.State == "" {
			return err
		}
		if err := show(s); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}
