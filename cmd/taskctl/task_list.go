package main

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/spf13/cobra"

	"taskctl/pkg/client"
	"taskctl/pkg/screen"
	"taskctl/pkg/task"
)

type taskListOptions struct {
	limit     int
	all       bool
	completed string
	open      bool
	done      bool
	search    string
	quiet     bool
	out       format
}

const (
	defaultListed = 100
	pageSize      = 1000 // the API's maximum
)

func (p *program) taskListCommand() *cobra.Command {
	var o taskListOptions
	cmd := &cobra.Command{
		Use:        "list",
		Aliases:    []string{"ls"},
		SuggestFor: []string{"dir", "all"},
		Short:      p.text("List tasks, newest first", "Lista las tareas, la más nueva primero"),
		Long: p.text(`List tasks, newest first: as a table with the shortest unique end of each id, as
whole ids (-q), or as a JSON array with one task per line (--json).`,
			`Lista las tareas, la más nueva primero: en una tabla con el final único más corto
de cada id, como ids completos (-q) o como una lista JSON con una tarea por
línea (--json).`),
		Example: `  taskctl task list
  taskctl task list --open --search ` + p.text("milk", "leche") + `
  taskctl task list --all --json | jq -r '.[].title'
  taskctl task list --done --all -q | xargs -r taskctl task rm`,
		Args: p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.onTasks(cmd, func(ctx context.Context, c *client.Client) error {
				q, err := p.taskQuery(cmd, o)
				if err != nil {
					return err
				}
				return p.taskList(ctx, c, q, o)
			})
		},
	}
	cmd.Flags().IntVarP(&o.limit, "limit", "n", defaultListed, p.text("list at most `N` tasks (default 100)", "lista como mucho `N` tareas (por defecto 100)"))
	cmd.Flags().BoolVar(&o.all, "all", false, p.text("list all tasks, however many", "lista todas las tareas, por muchas que sean"))
	cmd.Flags().BoolVar(&o.open, "open", false, p.text("only open tasks", "solo tareas pendientes"))
	cmd.Flags().BoolVar(&o.done, "done", false, p.text("only completed tasks", "solo tareas completadas"))
	p.trueOrFalse(cmd, &o.completed, p.text("filter by completion, `true|false`: completed or open tasks (default: both)", "filtra por estado, `true|false`: tareas completadas o pendientes (por defecto: ambas)"))
	cmd.Flags().StringVar(&o.search, "search", "", p.text("only tasks whose title or description contains `TEXT`", "solo tareas cuyo título o descripción contenga `TEXTO`"))
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, p.text("print only whole ids, one per line", "muestra solo los ids completos, uno por línea"))
	formatFlag(cmd, &o.out, p.lang.FlagJSON())
	return cmd
}

// trueOrFalse adds the flag --completed to a command. Its value is a word, because
// with a boolean flag `--completed false` would mean true.
func (p *program) trueOrFalse(cmd *cobra.Command, into *string, usage string) {
	cmd.Flags().StringVar(into, "completed", "", usage)
	offerWords(cmd, "completed", "true", "false")
}

// completedValue is the value of --completed; nil: not given.
func (p *program) completedValue(cmd *cobra.Command, value string) (*bool, error) {
	if !cmd.Flags().Changed("completed") {
		return nil, nil
	}
	completed, err := strconv.ParseBool(value)
	if err != nil {
		return nil, &usageError{p.lang.ConfigNotOneOf("--completed", value, "true", "false")}
	}
	return &completed, nil
}

func (p *program) taskQuery(cmd *cobra.Command, o taskListOptions) (task.Query, error) {
	q := task.Query{Contains: o.search}
	switch {
	case o.limit < 1:
		return q, &usageError{p.lang.FlagBadValue("--limit", strconv.Itoa(o.limit))}
	case o.all && cmd.Flags().Changed("limit"):
		return q, &usageError{p.lang.FlagsExclude("--all", "--limit")}
	case o.quiet && o.out == asJSON:
		return q, &usageError{p.lang.FlagsExclude("--quiet", "--json")}
	case o.open && o.done:
		return q, &usageError{p.lang.FlagsExclude("--open", "--done")}
	case (o.open || o.done) && cmd.Flags().Changed("completed"):
		return q, &usageError{p.lang.FlagsExclude("--completed", "--open, --done")}
	case o.open || o.done:
		q.Completed = &o.done
		return q, nil
	}
	var err error
	q.Completed, err = p.completedValue(cmd, o.completed)
	return q, err
}

// taskList prints each page as it arrives, so that a million tasks need no more
// memory than one page.
func (p *program) taskList(ctx context.Context, c *client.Client, q task.Query, o taskListOptions) error {
	left := o.limit
	if o.all {
		left = math.MaxInt
	}
	out := bufio.NewWriter(p.stdout)
	list, err := p.taskPrinter(ctx, c, out, o)
	if err != nil {
		return err
	}
	shown, more := 0, true
	for more && left > 0 {
		q.Limit = min(left, pageSize)
		page, err := c.List(ctx, q)
		if err != nil {
			return err
		}
		list.page(page.Tasks)
		if err := out.Flush(); err != nil {
			return fmt.Errorf("print the tasks: %w", err)
		}
		shown, left = shown+len(page.Tasks), left-len(page.Tasks)
		q.Cursor, more = page.Next, page.Next != ""
	}
	list.end()
	if err := out.Flush(); err != nil {
		return fmt.Errorf("print the tasks: %w", err)
	}
	switch {
	case o.out == asJSON || o.quiet:
	case shown == 0:
		fmt.Fprintln(p.stderr, p.lang.TaskNone())
	case more && screen.IsTerminal(p.stdout):
		fmt.Fprintln(p.stderr, p.lang.TaskMore(shown))
	}
	return nil
}
