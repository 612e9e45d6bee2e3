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

	"taskctl/launcher/control"
	"taskctl/pkg/config"
	"taskctl/pkg/logfile"
	"taskctl/pkg/screen"
)

type cleanOptions struct {
	yes         bool
	dryRun      bool
	olderThan   string
	rotatedOnly bool
	out         format
}

func (p *program) logsCleanCommand() *cobra.Command {
	var o cleanOptions
	cmd := &cobra.Command{
		Use:   "clean",
		Short: p.text("Empty, delete and move log files", "Vacía, borra y mueve archivos de registro"),
		Long: p.text(`List the log files: current ones, rotated ones, and log files of taskctl outside
logs/. Then ask, for each kind, whether to empty the current ones, delete the
rotated ones, and move the others into logs/. It is safe while the system runs.
If you cancel, nothing is changed.`,
			`Lista los archivos de registro: los actuales, los rotados y los de taskctl fuera
de logs/. Después pregunta, para cada clase, si vaciar los actuales, borrar los
rotados y mover los demás a logs/. Es seguro con el sistema en marcha. Si se
cancela, no cambia nada.`),
		Example: "  taskctl logs clean\n  taskctl logs clean --dry-run\n  taskctl logs clean --yes --rotated-only --older-than 7d",
		Args:    p.noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.cleanLogs(cmd, o) },
	}
	cmd.Flags().BoolVar(&o.yes, "yes", false, p.text("do all three without asking", "hace las tres cosas sin preguntar"))
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, p.text("only print what would be done", "solo muestra lo que se haría"))
	cmd.Flags().StringVar(&o.olderThan, "older-than", "", p.text("only files that were last changed more than `AGE` ago, such as 12h or 7d (default: all)", "solo archivos cuyo último cambio fue hace más de `EDAD`, como 12h o 7d (por defecto: todos)"))
	cmd.Flags().BoolVar(&o.rotatedOnly, "rotated-only", false, p.text("only delete rotated files; leave the current ones and those outside logs/", "solo borra archivos rotados; deja los actuales y los de fuera de logs/"))
	formatFlag(cmd, &o.out, p.text("print JSON; needs --yes or --dry-run", "muestra JSON; requiere --yes o --dry-run"))
	return cmd
}

func (p *program) cleanLogs(cmd *cobra.Command, o cleanOptions) error {
	if o.out == asJSON && !o.yes && !o.dryRun {
		return &usageError{p.lang.CleanJSONAsksNothing()}
	}
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
	inventory, err := logfile.Scan(cfg.Dir)
	if err != nil {
		return err
	}
	plan := inventory.Plan(choice)
	switch {
	case o.out == asJSON && o.dryRun:
		report := newCleanReport(inventory, plan.Actions, plan.Freed())
		report.DryRun = true
		return printJSON(p.stdout, report)
	case o.out == asJSON:
		return p.cleanLogsJSON(cmd.Context(), cfg, inventory, plan)
	}
	p.showInventory(inventory)
	if len(plan.Actions) == 0 {
		_, err := fmt.Fprintln(p.stdout, p.lang.CleanNothing())
		return err
	}
	switch {
	case o.dryRun:
		fmt.Fprintln(p.stdout, p.lang.CleanWould())
		p.showActions(plan.Actions, p.plannedText)
		_, err := fmt.Fprintln(p.stdout, p.lang.CleanWouldFree(p.lang.Bytes(plan.Freed())))
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
	p.showActions(result.Done, p.doneText)
	fmt.Fprintln(p.stdout, p.lang.CleanFreed(p.lang.Bytes(result.Freed)))
	return err
}

// emptier empties current files through the launcher that writes them; nil if no
// launcher runs.
func (p *program) emptier(ctx context.Context, cfg *config.Config) func(...string) (int64, error) {
	if _, err := control.Owner(cfg); errors.Is(err, control.ErrNotRunning) {
		return nil
	}
	client := control.NewClient(cfg)
	return func(names ...string) (int64, error) { return client.EmptyLogs(ctx, names...) }
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
		fmt.Fprintf(p.stdout, "%s (%s)\n", group.heading, p.lang.Bytes(size))
		var rows [][]string
		for _, f := range files {
			rows = append(rows, []string{oneLine(f.Path), p.lang.Bytes(f.Size), f.Time.Local().Format(time.DateTime)})
		}
		fmt.Fprintln(p.stdout, screen.Table("  ", screen.Width(p.stdout), rows))
	}
}

func (p *program) showActions(actions []logfile.Action, words func(logfile.Action) string) {
	for _, a := range actions {
		fmt.Fprintln(p.stdout, " ", words(a))
	}
}

// plannedText says what a step would do.
func (p *program) plannedText(a logfile.Action) string {
	switch a.Op {
	case logfile.Empty:
		return p.lang.CleanEmpty(a.File.Path, p.lang.Bytes(a.File.Size))
	case logfile.Delete:
		return p.lang.CleanDelete(a.File.Path, p.lang.Bytes(a.File.Size))
	default:
		return p.lang.CleanMove(a.File.Path, a.To)
	}
}

// doneText says what a step has done.
func (p *program) doneText(a logfile.Action) string {
	switch a.Op {
	case logfile.Empty:
		return p.lang.CleanEmptied(a.File.Path, p.lang.Bytes(a.File.Size))
	case logfile.Delete:
		return p.lang.CleanDeleted(a.File.Path, p.lang.Bytes(a.File.Size))
	default:
		return p.lang.CleanMoved(a.File.Path, a.To)
	}
}

// askWhatToClean asks which of the steps to take. All questions come before the first
// step, so that cancelling changes nothing.
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
		{logfile.Empty, p.lang.CleanAskEmpty(counts[logfile.Empty], p.lang.Bytes(sizes[logfile.Empty])), &chosen.Empty},
		{logfile.Delete, p.lang.CleanAskDelete(counts[logfile.Delete], p.lang.Bytes(sizes[logfile.Delete])), &chosen.Delete},
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

// inputLines returns a function that reads one line of input; it returns early when
// ctx ends.
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
