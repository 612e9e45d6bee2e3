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

	"taskctl/launcher/control"
	"taskctl/pkg/client"
	"taskctl/pkg/config"
	"taskctl/pkg/listen"
	"taskctl/pkg/task"
)

func (p *program) taskCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:        "task",
		SuggestFor: []string{"tasks", "todo"},
		Short:      p.text("List, add, change and remove tasks", "Lista, añade, cambia y borra tareas"),
		Long: p.text(`Work on the tasks of the system that runs in the directory, whatever its port; if
none runs there, on the tasks of the system that answers at api.addr.

A task is named by the end of its id, as "taskctl task list" shows it: four
characters or more, as many as make it unique. A whole id, and a beginning that
only one task has, work too.`,
			`Trabaja con las tareas del sistema en marcha en el directorio, sea cual sea su
puerto; si no hay ninguno, con las del que responde en api.addr.

Una tarea se nombra por el final de su id, como lo muestra "taskctl task list":
cuatro caracteres o los que hagan falta para que sea único. También sirven el id
completo y un principio que solo tenga una tarea.`),
		Example: p.text(`  taskctl task add Buy milk
  taskctl task list
  taskctl task done 3f9c             # the end of its id
  taskctl task list --open --json | jq -r '.[].title'`,
			`  taskctl task add Comprar leche
  taskctl task list
  taskctl task done 3f9c             # el final de su id
  taskctl task list --open --json | jq -r '.[].title'`),
		Args: p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	add(cmd, "",
		p.taskListCommand(), p.taskGetCommand(), p.taskAddCommand(),
		p.taskEditCommand(), p.taskDoneCommand(), p.taskRmCommand(),
	)
	for _, sub := range cmd.Commands() {
		sub.Flags().String(urlFlag, "", p.text("`URL` of the API, of another machine for example", "`URL` de la API, por ejemplo de otra máquina"))
		p.settingFlag(sub, apiAddr, p.text("address of the API, `HOST:PORT`, instead of that of the running system", "dirección de la API, `HOST:PUERTO`, en lugar de la del sistema en marcha"))
	}
	return cmd
}

const apiAddr = "api.addr"

// urlFlag is the URL of an API, possibly on another machine.
const urlFlag = "url"

// slowAnswer is the time after which a command says what it waits for.
const slowAnswer = 3 * time.Second

// onTasks runs a command against the API and turns the client's errors into those of
// the command line.
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
	elsewhere := cmd.Flags().Changed(urlFlag)
	if _, ownerErr := control.Owner(cfg); errors.Is(ownerErr, control.ErrNotRunning) && !given(cmd, apiAddr) && !elsewhere {
		p.tellOtherSystem(cmd, p.lang.UsingOtherSystem)
	}
	answered := p.tellSlowAnswer(c.BaseURL())
	err = do(ctx, c)
	answered()
	var lost *client.ConnectError
	var refused *client.Problem
	switch {
	case errors.As(err, &refused) && refused.Foreign():
		foreign := &foreignError{url: c.BaseURL(), err: refused}
		if elsewhere {
			foreign.flag = "--" + urlFlag
		}
		return foreign
	case err != nil && ctx.Err() != nil:
		return exitStatus(exitFailed) // interrupted: no message is needed, but the work is not done
	case errors.As(err, &lost):
		_, ownerErr := control.Owner(cfg)
		host, _, _ := net.SplitHostPort(cfg.API.Addr) // validated
		return &unreachableError{
			url:     c.BaseURL(),
			given:   elsewhere,
			running: ownerErr == nil,
			local:   !given(cmd, apiAddr) && !elsewhere && listen.IsLoopback(host),
			err:     lost,
		}
	}
	return err
}

// tellSlowAnswer says what is waited for, unless answered is called soon.
func (p *program) tellSlowAnswer(url string) (answered func()) {
	told := make(chan struct{})
	timer := time.AfterFunc(slowAnswer, func() {
		defer close(told)
		fmt.Fprintln(p.stderr, p.lang.WaitingForAnswer(url))
	})
	return func() {
		if !timer.Stop() {
			<-told
		}
	}
}

// apiClient returns a client of the API: at the URL of the flag, else where the system
// of the directory listens, else at the address of the settings. With attempts 0 the
// client uses its default.
func (p *program) apiClient(cmd *cobra.Command, cfg *config.Config, attempts int) (*client.Client, error) {
	to := cfg.ClientConfig()
	to.Attempts = attempts
	remote := cmd.Flags().Lookup(urlFlag)
	switch {
	case remote != nil && remote.Changed:
		to.BaseURL, to.Token = remote.Value.String(), cfg.Token() // not the internal one, which is for this machine only
		if _, err := client.New(to); err != nil {
			return nil, &usageError{p.lang.FlagBadValue("--"+urlFlag, to.BaseURL)}
		}
	case given(cmd, apiAddr):
		to.Token = cfg.Token()
	default:
		// The API may answer even if the launcher does not.
		if status, err := control.NewClient(cfg).Status(cmd.Context()); err == nil && status.API != "" {
			to.BaseURL = status.API
		} else if _, err := control.Owner(cfg); err != nil {
			to.Token = cfg.Token() // whoever listens there now may be another user
		}
	}
	return client.New(to)
}

// given reports whether the flag of a setting was given.
func given(cmd *cobra.Command, key string) bool {
	f := cmd.Flags().Lookup(config.Flag(key))
	return f != nil && f.Changed
}

// unreachableError means that no API answers.
type unreachableError struct {
	url     string
	given   bool // with --url
	running bool // a launcher holds the directory
	local   bool // the address is that of this machine's own system
	err     *client.ConnectError
}

func (e *unreachableError) Error() string { return e.err.Error() }
func (e *unreachableError) Unwrap() error { return e.err }

// Is reports that it is control.ErrNotRunning if nothing runs.
func (e *unreachableError) Is(target error) bool {
	return target == control.ErrNotRunning && !e.running && e.local && !e.err.Sent
}

// foreignError says that something else than taskctl answers.
type foreignError struct {
	url  string
	flag string // that gave the URL; empty: none did
	err  *client.Problem
}

func (e *foreignError) Error() string { return fmt.Sprintf("no taskctl at %s: %v", e.url, e.err) }
func (e *foreignError) Unwrap() error { return e.err }

// noTaskError means that no task has the given id or part of an id.
type noTaskError struct{ id string }

func (e *noTaskError) Error() string { return fmt.Sprintf("no task %s", e.id) }

// about adds the task's id to a client's error.
func about(id string, err error) error {
	if errors.Is(err, task.ErrNotFound) {
		return &noTaskError{id}
	}
	return err
}

// resolve returns the whole id for a shortened one.
func resolve(ctx context.Context, c *client.Client, id string) (string, error) {
	whole, err := c.Resolve(ctx, id)
	return whole, about(id, err)
}

// eachTask calls do for every named task. All ids are resolved first, so that a typo
// in one of them changes nothing.
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
		case errors.Is(err, task.ErrNotFound): // go on with the others
			fmt.Fprintln(p.stderr, p.lang.TaskUnknown(id))
			verdict = exitStatus(exitFailed)
		case err != nil:
			return err
		}
	}
	return verdict
}

// printTask prints a task after a write: its id, or the whole task as JSON.
func (p *program) printTask(t task.Task, out format) error {
	if out == asJSON {
		return printJSON(p.stdout, t)
	}
	_, err := fmt.Fprintln(p.stdout, t.ID)
	return err
}

// Limits of completion: a longer list does not help, and the shell must not wait.
const (
	maxCompletions    = 100
	completionTimeout = 2 * time.Second
)

// completeTasks completes the short ids of the newest tasks, with their titles as
// descriptions, for up to most arguments. Whole ids are completed as well.
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
		short, err := c.ShortIDs(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var offers []cobra.Completion
		for t, err := range c.All(ctx, which(cmd)) {
			if err != nil || len(offers) == maxCompletions {
				break
			}
			name := short(t.ID)
			if !strings.HasPrefix(name, begun) {
				name = t.ID // a whole id may be typed, too
			}
			if strings.HasPrefix(name, begun) && !slices.Contains(args, name) && !slices.Contains(args, t.ID) {
				offers = append(offers, cobra.CompletionWithDesc(name, oneLine(t.Title)))
			}
		}
		return offers, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

func anyTask(*cobra.Command) task.Query { return task.Query{Limit: maxCompletions} }

// taskIDHelp is the part of the help about ids.
func (p *program) taskIDHelp(does string) string {
	return does + "\n\n" + p.text(`ID is the end of a task's id, as "taskctl task list" shows it, its beginning where
that is unique, or the whole id.`,
		`ID es el final del id de una tarea, como lo muestra "taskctl task list", su
principio si es único, o el id completo.`)
}

// descriptionHelp is the help of the flag --description.
func (p *program) descriptionHelp() string {
	return p.text("description, `TEXT`; - reads it from the standard input", "descripción, `TEXTO`; - la lee de la entrada estándar")
}
