package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/launcher"
	"github.com/taskctl/taskctl/pkg/client"
	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/listen"
	"github.com/taskctl/taskctl/pkg/task"
)

func (p *program) taskCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "task",
		Short: p.lang.TaskShort(),
		Long:  p.lang.TaskLong(),
		Example: `  id=$(taskctl task add "Buy milk")
  taskctl task done "$id"
  taskctl task list --open --json | jq -r '.[].title'`,
		Args: p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		p.taskListCommand(), p.taskGetCommand(), p.taskAddCommand(),
		p.taskEditCommand(), p.taskDoneCommand(), p.taskRmCommand(),
	)
	for _, sub := range cmd.Commands() {
		p.settingFlags(sub, apiAddr)
	}
	return cmd
}

const apiAddr = "api.addr"

// onTasks runs a command's work against the API and turns what the client says
// into what the command line says.
func (p *program) onTasks(cmd *cobra.Command, do func(ctx context.Context, c *client.Client) error) error {
	cfg, err := p.load(cmd)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	c, err := p.apiClient(cmd, cfg, 0)
	if err != nil {
		return err
	}
	err = do(ctx, c)
	var lost *client.ConnectError
	switch {
	case err != nil && ctx.Err() != nil:
		return exitStatus(exitFailed) // interrupted: whoever did so knows, and it is not done
	case errors.As(err, &lost):
		_, ownerErr := launcher.Owner(cfg)
		host, _, _ := net.SplitHostPort(cfg.API.Addr) // validated
		return &unreachableError{
			url:     c.BaseURL(),
			running: ownerErr == nil,
			local:   !given(cmd, apiAddr) && listen.IsLoopback(host),
			err:     lost,
		}
	}
	return err
}

// apiClient finds the API: where a flag says, else where the system of the
// directory really listens, else where the settings say. With attempts 0 the
// client tries as often as it usually does.
func (p *program) apiClient(cmd *cobra.Command, cfg *config.Config, attempts int) (*client.Client, error) {
	to := cfg.ClientConfig()
	to.Attempts = attempts
	if !given(cmd, apiAddr) {
		// Whatever keeps the launcher from answering, the API may still do so.
		if status, err := launcher.Dial(cfg).Status(cmd.Context()); err == nil && status.API != "" {
			to.BaseURL = status.API
		}
	}
	return client.New(to)
}

// given reports whether the flag of a setting is on the command line.
func given(cmd *cobra.Command, key string) bool {
	f := cmd.Flags().Lookup(config.Flag(key))
	return f != nil && f.Changed
}

// unreachableError says that no API answers.
type unreachableError struct {
	url     string
	running bool // a launcher holds the directory
	local   bool // the address is that of this machine's own system
	err     *client.ConnectError
}

func (e *unreachableError) Error() string { return e.err.Error() }
func (e *unreachableError) Unwrap() error { return e.err }

// Is makes it launcher.ErrNotRunning where that is the reason.
func (e *unreachableError) Is(target error) bool {
	return target == launcher.ErrNotRunning && !e.running && e.local && !e.err.Sent
}

// noTaskError says that no task has an id, or one that begins so.
type noTaskError struct{ id string }

func (e *noTaskError) Error() string { return fmt.Sprintf("no task %s", e.id) }

// about names the task that a client's error speaks of.
func about(id string, err error) error {
	if errors.Is(err, task.ErrNotFound) {
		return &noTaskError{id}
	}
	return err
}

// resolve completes a shortened id.
func resolve(ctx context.Context, c *client.Client, id string) (string, error) {
	whole, err := c.Resolve(ctx, id)
	return whole, about(id, err)
}

// eachTask does something to every task named. All ids are completed before
// anything is done, so that a slip in one of them changes nothing.
func (p *program) eachTask(ctx context.Context, c *client.Client, args []string, do func(id string) error) error {
	var ids []string
	for _, arg := range args {
		id, err := resolve(ctx, c, arg)
		if err != nil {
			return err
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	var verdict error
	for _, id := range ids {
		err := do(id)
		switch {
		case errors.Is(err, task.ErrNotFound): // the others are wanted all the same
			fmt.Fprintln(p.stderr, p.lang.TaskUnknown(id))
			verdict = exitStatus(exitFailed)
		case err != nil:
			return err
		}
	}
	return verdict
}

// printTask prints what a write made of a task: its id, or all of it.
func (p *program) printTask(t task.Task, asJSON bool) error {
	if asJSON {
		return printJSON(p.stdout, t)
	}
	_, err := fmt.Fprintln(p.stdout, t.ID)
	return err
}

// Bounds of what the shell is offered: more is no help, and it must not wait.
const (
	maxCompletions    = 100
	completionTimeout = 2 * time.Second
)

// completeTasks offers the ids of the newest tasks to the shell, with their
// titles, up to most of them on one command line.
func (p *program) completeTasks(most int, which func(*cobra.Command) task.Query) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		cfg, err := p.load(cmd)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		c, err := p.apiClient(cmd, cfg, 1)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
		defer cancel()
		var offers []cobra.Completion
		for t, err := range c.All(ctx, which(cmd)) {
			if err != nil || len(offers) == maxCompletions || t.ID < begun {
				break // ids sort in the order of creation, so nothing that fits follows
			}
			if strings.HasPrefix(t.ID, begun) && !slices.Contains(args, t.ID) {
				offers = append(offers, cobra.CompletionWithDesc(t.ID, oneLine(t.Title)))
			}
		}
		return offers, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

func anyTask(*cobra.Command) task.Query { return task.Query{Limit: maxCompletions} }
