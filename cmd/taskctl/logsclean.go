package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/launcher"
	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/logfile"
	"github.com/taskctl/taskctl/pkg/screen"
)

type cleanOptions struct {
	yes         bool
	dryRun      bool
	olderThan   string
	rotatedOnly bool
}

func (p *program) logsCleanCommand() *cobra.Command {
	var o cleanOptions
	cmd := &cobra.Command{
		Use:     "clean",
		Short:   p.lang.CleanShort(),
		Long:    p.lang.CleanLong(),
		Example: "  taskctl logs clean\n  taskctl logs clean --dry-run\n  taskctl logs clean --yes --rotated-only --older-than 7d",
		Args:    p.noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.cleanLogs(cmd, o) },
	}
	cmd.Flags().BoolVar(&o.yes, "yes", false, p.lang.FlagYes())
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, p.lang.FlagDryRun())
	cmd.Flags().StringVar(&o.olderThan, "older-than", "", p.lang.FlagOlderThan())
	cmd.Flags().BoolVar(&o.rotatedOnly, "rotated-only", false, p.lang.FlagRotatedOnly())
	return cmd
}

func (p *program) cleanLogs(cmd *cobra.Command, o cleanOptions) error {
	cfg, err := p.loadRunning(cmd)
	if err != nil {
		return err
	}
	choice := logfile.Choice{Empty: !o.rotatedOnly, Delete: true, Move: !o.rotatedOnly}
	if o.olderThan != "" {
		age, err := config.ParseDuration(o.olderThan)
		if err != nil {
			return &usageError{p.lang.ConfigNotDuration("--older-than", o.olderThan)}
		}
		choice.Before = time.Now().Add(-age)
	}
	inventory, err := logfile.Survey(cfg.Dir)
	if err != nil {
		return err
	}
	p.showInventory(inventory)
	plan := inventory.Plan(choice)
	if len(plan.Actions) == 0 {
		_, err := fmt.Fprintln(p.stdout, p.lang.CleanNothing())
		return err
	}
	switch {
	case o.dryRun:
		fmt.Fprintln(p.stdout, p.lang.CleanWould())
		p.showActions(plan.Actions, p.meant)
		_, err := fmt.Fprintln(p.stdout, p.lang.CleanWouldFree(screen.Bytes(plan.Freed())))
		return err
	case !o.yes:
		choice, err = p.askWhatToClean(cmd.Context(), plan, choice)
		if err != nil {
			return err
		}
		if plan = inventory.Plan(choice); len(plan.Actions) == 0 {
			_, err := fmt.Fprintln(p.stdout, p.lang.CleanCancelled())
			return err
		}
	}
	result, err := plan.Apply(p.emptier(cmd.Context(), cfg))
	p.showActions(result.Done, p.taken)
	fmt.Fprintln(p.stdout, p.lang.CleanFreed(screen.Bytes(result.Freed)))
	return err
}

// emptier is how current files are emptied: by the launcher that writes them
// where there is one, or nil.
func (p *program) emptier(ctx context.Context, cfg *config.Config) func(...string) (int64, error) {
	if _, err := launcher.Owner(cfg); errors.Is(err, launcher.ErrNotRunning) {
		return nil
	}
	control := launcher.Dial(cfg)
	return func(names ...string) (int64, error) { return control.EmptyLogs(ctx, names...) }
}

func (p *program) showInventory(v logfile.Inventory) {
	for _, group := range []struct {
		kind    logfile.Kind
		heading string
	}{
		{logfile.Current, p.lang.CleanCurrent()},
		{logfile.Rotated, p.lang.CleanRotated()},
		{logfile.Stray, p.lang.CleanStrays()},
		{logfile.Foreign, p.lang.CleanForeign()},
	} {
		files, size := v.Of(group.kind)
		if len(files) == 0 {
			continue
		}
		fmt.Fprintf(p.stdout, "%s (%s)\n", group.heading, screen.Bytes(size))
		var rows [][]string
		for _, f := range files {
			rows = append(rows, []string{oneLine(f.Path), screen.Bytes(f.Size), f.Time.Local().Format(time.DateTime)})
		}
		fmt.Fprintln(p.stdout, screen.Table("  ", screen.Width(p.stdout), rows))
	}
}

func (p *program) showActions(actions []logfile.Action, words func(logfile.Action) string) {
	for _, a := range actions {
		fmt.Fprintln(p.stdout, " ", words(a))
	}
}

// meant says what a step would do.
func (p *program) meant(a logfile.Action) string {
	switch a.Op {
	case logfile.Empty:
		return p.lang.CleanEmpty(a.File.Path, screen.Bytes(a.File.Size))
	case logfile.Delete:
		return p.lang.CleanDelete(a.File.Path, screen.Bytes(a.File.Size))
	default:
		return p.lang.CleanMove(a.File.Path, a.To)
	}
}

// taken says what a step has done.
func (p *program) taken(a logfile.Action) string {
	switch a.Op {
	case logfile.Empty:
		return p.lang.CleanEmptied(a.File.Path, screen.Bytes(a.File.Size))
	case logfile.Delete:
		return p.lang.CleanDeleted(a.File.Path, screen.Bytes(a.File.Size))
	default:
		return p.lang.CleanMoved(a.File.Path, a.To)
	}
}

// askWhatToClean narrows the choice by what a person answers. Everything is
// asked before anything is done, so that cancelling changes nothing.
func (p *program) askWhatToClean(ctx context.Context, plan logfile.Plan, all logfile.Choice) (logfile.Choice, error) {
	counts, sizes := map[logfile.Op]int{}, map[logfile.Op]int64{}
	for _, a := range plan.Actions {
		counts[a.Op]++
		sizes[a.Op] += a.File.Size
	}
	chosen := logfile.Choice{Before: all.Before}
	lines := p.inputLines(ctx)
	for _, question := range []struct {
		op   logfile.Op
		text string
		yes  *bool
	}{
		{logfile.Empty, p.lang.CleanAskEmpty(counts[logfile.Empty], screen.Bytes(sizes[logfile.Empty])), &chosen.Empty},
		{logfile.Delete, p.lang.CleanAskDelete(counts[logfile.Delete], screen.Bytes(sizes[logfile.Delete])), &chosen.Delete},
		{logfile.Move, p.lang.CleanAskMove(counts[logfile.Move]), &chosen.Move},
	} {
		if counts[question.op] == 0 {
			continue
		}
		fmt.Fprintf(p.stdout, "%s %s ", question.text, p.lang.CleanChoices())
		answer, err := lines()
		switch {
		case errors.Is(err, io.EOF) && !screen.IsTerminal(p.stdin):
			fmt.Fprintln(p.stdout)
			return logfile.Choice{}, &usageError{p.lang.CleanNeedsAnswer()}
		case err != nil: // Ctrl+D, Ctrl+C
			fmt.Fprintln(p.stdout)
			return logfile.Choice{}, nil
		}
		switch answer = strings.ToLower(strings.TrimSpace(answer)); {
		case strings.HasPrefix(answer, p.lang.CleanYesLetter()), strings.HasPrefix(answer, "y"):
			*question.yes = true
		case strings.HasPrefix(answer, "q"):
			return logfile.Choice{}, nil
		}
	}
	return chosen, nil
}

// inputLines returns a function that reads one line of input, or stops waiting
// for it when ctx ends.
func (p *program) inputLines(ctx context.Context) func() (string, error) {
	type line struct {
		text string
		err  error
	}
	lines := make(chan line)
	go func() {
		for r := bufio.NewReader(p.stdin); ; {
			text, err := r.ReadString('\n')
			if err != nil && text != "" {
				err = nil
			}
			select {
			case lines <- line{text, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return func() (string, error) {
		select {
		case l := <-lines:
			return l.text, l.err
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}
