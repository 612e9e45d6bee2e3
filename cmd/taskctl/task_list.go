package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"syscall"
	"time"

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
	if err := cmd.RegisterFlagCompletionFunc("completed", offers); err != nil {
		panic(err) // the flag was made two lines above
	}
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
			return enough(err)
		}
		shown, left = shown+len(page.Tasks), left-len(page.Tasks)
		q.Cursor, more = page.Next, page.Next != ""
	}
	list.end()
	if err := out.Flush(); err != nil {
		return enough(err)
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

// enough forgives a reader that went away: `list | head` is no failure.
func enough(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return fmt.Errorf("print the tasks: %w", err)
}

// taskPrinter renders a list in one of its forms.
type taskPrinter struct {
	page func([]task.Task)
	end  func()
}

func (p *program) taskPrinter(w io.Writer, o taskListOptions) taskPrinter {
	switch {
	case o.json:
		return jsonPrinter(w)
	case o.quiet:
		return taskPrinter{end: func() {}, page: func(tasks []task.Task) {
			for _, t := range tasks {
				fmt.Fprintln(w, t.ID)
			}
		}}
	}
	return p.tablePrinter(w)
}

// jsonPrinter prints an array with one task a line.
func jsonPrinter(w io.Writer) taskPrinter {
	var line []byte
	before := "[\n"
	return taskPrinter{
		page: func(tasks []task.Task) {
			for _, t := range tasks {
				line = t.AppendJSON(append(line[:0], before...))
				before = ",\n"
				_, _ = w.Write(line) // the buffer keeps the error for Flush
			}
		},
		end: func() {
			if before == "[\n" {
				fmt.Fprintln(w, "[]")
				return
			}
			fmt.Fprintln(w, "\n]")
		},
	}
}

// roomy is how wide a terminal must be to show when tasks were created, too.
const roomy = 100

// tablePrinter prints a table. Every column but the last has the same width on
// every page, and the last, the title, gives way to the terminal's width.
func (p *program) tablePrinter(w io.Writer) taskPrinter {
	width, palette := screen.Width(p.stdout), screen.PaletteFor(p.stdout, p.getenv)
	withTime := width == 0 || width >= roomy
	doneWidth := max(len([]rune(p.lang.ColumnDone())), len([]rune(p.lang.YesNo(true))), len([]rune(p.lang.YesNo(false))))
	row := func(id, done, created, title string) []string {
		cells := []string{id, done + strings.Repeat(" ", doneWidth-len([]rune(done)))}
		if withTime {
			cells = append(cells, created)
		}
		return append(cells, title)
	}
	room := 0
	if width > 0 {
		taken := idWidth + 2 + doneWidth + 2
		if withTime {
			taken += len(minuteLayout) + 2
		}
		room = max(width-taken, len("TITLE"))
	}
	rows := [][]string{row("ID", p.lang.ColumnDone(), p.lang.ColumnCreated(), p.lang.ColumnTitle())}
	return taskPrinter{end: func() {}, page: func(tasks []task.Task) {
		if len(tasks) == 0 {
			return
		}
		for _, t := range tasks {
			cells := row(t.ID, p.lang.YesNo(t.Completed), t.CreatedAt.Local().Format(minuteLayout), screen.Truncate(oneLine(t.Title), room))
			if t.Completed {
				for i := range cells {
					cells[i] = palette.Dim(cells[i])
				}
			}
			rows = append(rows, cells)
		}
		_, _ = io.WriteString(w, screen.Table("", width, rows)) // the buffer keeps the error for Flush
		rows = nil
	}}
}

const (
	idWidth      = 36 // a UUID
	minuteLayout = "2006-01-02 15:04"
)

func (p *program) taskGetCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "get ID",
		Short:             p.lang.TaskGetShort(),
		Long:              p.lang.TaskIDsLong(),
		Example:           "  taskctl task get 01a20cfb-7e43\n  taskctl task get \"$id\" --json | jq -r .description",
		Args:              p.exactArgs("ID"),
		ValidArgsFunction: p.completeTasks(1, anyTask),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.onTasks(cmd, func(ctx context.Context, c *client.Client) error {
				id, err := resolve(ctx, c, args[0])
				if err != nil {
					return err
				}
				answer, err := c.Get(ctx, id)
				if err != nil {
					return about(args[0], err)
				}
				if asJSON {
					return printJSON(p.stdout, answer.Task)
				}
				_, err = io.WriteString(p.stdout, p.renderTask(answer.Task))
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, p.lang.FlagJSON())
	return cmd
}

// renderTask lays one task out for people; its description keeps its lines.
func (p *program) renderTask(t task.Task) string {
	var b strings.Builder
	b.WriteString(screen.Table("", 0, [][]string{
		{"ID", t.ID},
		{p.lang.ColumnTitle(), oneLine(t.Title)},
		{p.lang.ColumnDone(), p.lang.YesNo(t.Completed)},
		{p.lang.ColumnCreated(), t.CreatedAt.Local().Format(time.DateTime)},
		{p.lang.ColumnChanged(), t.UpdatedAt.Local().Format(time.DateTime)},
	}))
	if t.Description != "" {
		b.WriteByte('\n')
		for line := range strings.SplitSeq(strings.TrimRight(t.Description, "\n"), "\n") {
			fmt.Fprintf(&b, "%s\n", oneLine(line))
		}
	}
	return b.String()
}
