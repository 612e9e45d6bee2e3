package main

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/pkg/client"
	"github.com/taskctl/taskctl/pkg/screen"
	"github.com/taskctl/taskctl/pkg/task"
)

type taskListOptions struct {
	limit     int
	all       bool
	completed string
	open      bool
	done      bool
	search    string
	quiet     bool
	json      bool
}

const (
	defaultListed = 100
	pageSize      = 1000 // the most that the API gives at once
)

func (p *program) taskListCommand() *cobra.Command {
	var o taskListOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: p.lang.TaskListShort(),
		Long:  p.lang.TaskListLong(),
		Example: `  taskctl task list
  taskctl task list --open --search milk
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
	cmd.Flags().IntVarP(&o.limit, "limit", "n", defaultListed, p.lang.FlagTaskLimit())
	cmd.Flags().BoolVar(&o.all, "all", false, p.lang.FlagTaskAll())
	cmd.Flags().BoolVar(&o.open, "open", false, p.lang.FlagTaskOpen())
	cmd.Flags().BoolVar(&o.done, "done", false, p.lang.FlagTaskDone())
	p.trueOrFalse(cmd, &o.completed, p.lang.FlagTaskListCompleted())
	cmd.Flags().StringVar(&o.search, "search", "", p.lang.FlagTaskSearch())
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, p.lang.FlagTaskQuiet())
	cmd.Flags().BoolVar(&o.json, "json", false, p.lang.FlagJSON())
	return cmd
}

// trueOrFalse gives a command the flag --completed, whose value is a word so
// that `--completed false` means what it says.
func (p *program) trueOrFalse(cmd *cobra.Command, into *string, usage string) {
	cmd.Flags().StringVar(into, "completed", "", usage)
	offers := cobra.FixedCompletions([]cobra.Completion{"true", "false"}, cobra.ShellCompDirectiveNoFileComp)
	_ = cmd.RegisterFlagCompletionFunc("completed", offers) // it refuses flags that do not exist alone
}

// completedValue is the value of --completed; nil where it was not given.
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
	case o.quiet && o.json:
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

// taskList prints page after page as they come, so that a million tasks cost
// no more memory than a page of them.
func (p *program) taskList(ctx context.Context, c *client.Client, q task.Query, o taskListOptions) error {
	left := o.limit
	if o.all {
		left = math.MaxInt
	}
	out := bufio.NewWriter(p.stdout)
	list := p.taskPrinter(out, o)
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
	case o.json || o.quiet:
	case shown == 0:
		fmt.Fprintln(p.stderr, p.lang.TaskNone())
	case more && screen.IsTerminal(p.stdout):
		fmt.Fprintln(p.stderr, p.lang.TaskMore(shown))
	}
	return nil
}
