package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"taskctl/pkg/client"
	"taskctl/pkg/task"
)

func (p *program) taskAddCommand() *cobra.Command {
	var (
		description string
		out         format
	)
	cmd := &cobra.Command{
		Use:        "add TITLE...",
		SuggestFor: []string{"new", "create"},
		Short:      p.text("Add a task and print its id", "Añade una tarea y muestra su id"),
		Long: p.text(`Add a task, and print its id when the task is on disk. The words are joined to one
title. After --, a title may begin with a dash.`,
			`Añade una tarea y muestra su id cuando está en disco. Las palabras se unen en un
solo título. Tras --, un título puede empezar con un guion.`),
		Example: p.text(`  taskctl task add Buy milk
  id=$(taskctl task add "Buy milk" --description "two litres")
  git log -1 --format=%B | taskctl task add "Review" -d -
  taskctl task add --json -- "-1 degrees"`,
			`  taskctl task add Comprar leche
  id=$(taskctl task add "Comprar leche" --description "dos litros")
  git log -1 --format=%B | taskctl task add "Revisar" -d -
  taskctl task add --json -- "-1 grados"`),
		Args:              p.someArgs("TITLE"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.onTasks(cmd, func(ctx context.Context, c *client.Client) error {
				v := client.Values{Title: strings.TrimSpace(strings.Join(args, " "))}
				if err := p.checkTitle(v.Title); err != nil {
					return err
				}
				var err error
				if v.Description, err = p.descriptionText(ctx, description); err != nil {
					return err
				}
				answer, err := c.Create(ctx, v)
				if err != nil {
					return err
				}
				return p.printTask(answer.Task, out)
			})
		},
	}
	cmd.Flags().StringVarP(&description, "description", "d", "", p.descriptionHelp())
	formatFlag(cmd, &out, p.lang.FlagJSON())
	return cmd
}

type taskEditOptions struct {
	title       string
	description string
	completed   string
	out         format
}

func (p *program) taskEditCommand() *cobra.Command {
	var o taskEditOptions
	cmd := &cobra.Command{
		Use:        "edit ID",
		SuggestFor: []string{"update", "set", "change"},
		Short:      p.text("Change a task", "Cambia una tarea"),
		Long: p.taskIDHelp(p.text(`Change what the flags name, and print the task's id. Nothing is written if the task
is changed by someone else in the meantime.`,
			`Cambia lo que nombran las opciones y muestra el id de la tarea. No se escribe nada
si otra persona la cambia mientras tanto.`)),
		Example: p.text(`  taskctl task edit "$id" --title "Buy oat milk"
  taskctl task edit "$id" --completed false --description - < notes.txt`,
			`  taskctl task edit "$id" --title "Comprar leche de avena"
  taskctl task edit "$id" --completed false --description - < notas.txt`),
		Args:              p.exactArgs("ID"),
		ValidArgsFunction: p.completeTasks(1, anyTask),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.onTasks(cmd, func(ctx context.Context, c *client.Client) error {
				patch, err := p.taskPatch(cmd, o)
				if err != nil {
					return err
				}
				answer, err := edit(ctx, c, args[0], patch)
				if err != nil {
					return about(args[0], err)
				}
				return p.printTask(answer.Task, o.out)
			})
		},
	}
	cmd.Flags().StringVarP(&o.title, "title", "t", "", p.text("new title, `TEXT`", "título nuevo, `TEXTO`"))
	cmd.Flags().StringVarP(&o.description, "description", "d", "", p.descriptionHelp())
	p.trueOrFalse(cmd, &o.completed, p.text("mark it as completed or open, `true|false`", "la marca como completada o pendiente, `true|false`"))
	formatFlag(cmd, &o.out, p.lang.FlagJSON())
	return cmd
}

// taskPatch is the change that the flags of `task edit` describe.
func (p *program) taskPatch(cmd *cobra.Command, o taskEditOptions) (patch task.Patch, err error) {
	if cmd.Flags().Changed("title") {
		title := strings.TrimSpace(o.title)
		if err := p.checkTitle(title); err != nil {
			return patch, err
		}
		patch.Title = &title
	}
	if patch.Completed, err = p.completedValue(cmd, o.completed); err != nil {
		return patch, err
	}
	if cmd.Flags().Changed("description") {
		description, err := p.descriptionText(cmd.Context(), o.description)
		if err != nil {
			return patch, err
		}
		patch.Description = &description
	}
	if patch == (task.Patch{}) {
		return patch, &usageError{p.lang.TaskNothingToEdit()}
	}
	return patch, nil
}

// edit changes a task only if it is still as it was read, so that it does not
// overwrite somebody else's change.
func edit(ctx context.Context, c *client.Client, id string, patch task.Patch) (client.Answer, error) {
	id, err := resolve(ctx, c, id)
	if err != nil {
		return client.Answer{}, err
	}
	read, err := c.Get(ctx, id)
	if err != nil {
		return client.Answer{}, err
	}
	return c.Patch(ctx, id, patch, client.IfMatch(read.ETag))
}

func (p *program) taskDoneCommand() *cobra.Command {
	var (
		undo bool
		out  format
	)
	cmd := &cobra.Command{
		Use:        "done ID...",
		SuggestFor: []string{"complete", "finish", "close", "check"},
		Short:      p.text("Mark tasks as completed", "Marca tareas como completadas"),
		Long:       p.taskIDHelp(p.text("Mark tasks as completed, and print their ids.", "Marca tareas como completadas y muestra sus ids.")),
		Example:    "  taskctl task done 3f9c\n  taskctl task done --undo \"$id\"",
		Args:       p.someArgs("ID"),
		ValidArgsFunction: p.completeTasks(math.MaxInt, func(*cobra.Command) task.Query {
			q := anyTask(nil)
			q.Completed = &undo
			return q
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			completed := !undo
			return p.onTasks(cmd, func(ctx context.Context, c *client.Client) error {
				return p.eachTask(ctx, c, args, func(id string) error {
					answer, err := c.Patch(ctx, id, task.Patch{Completed: &completed})
					if err != nil {
						return err
					}
					return p.printTask(answer.Task, out)
				})
			})
		},
	}
	cmd.Flags().BoolVar(&undo, "undo", false, p.text("mark them as open instead", "las marca como pendientes"))
	formatFlag(cmd, &out, p.lang.FlagJSON())
	return cmd
}

func (p *program) taskRmCommand() *cobra.Command {
	var out format
	cmd := &cobra.Command{
		Use:               "rm ID...",
		Aliases:           []string{"delete"},
		SuggestFor:        []string{"remove", "del", "erase"},
		Short:             p.text("Remove tasks", "Borra tareas"),
		Long:              p.taskIDHelp(p.text("Remove tasks, and print their ids.", "Borra tareas y muestra sus ids.")),
		Example:           "  taskctl task rm 3f9c\n  taskctl task list --done --all -q | xargs -r taskctl task rm",
		Args:              p.someArgs("ID"),
		ValidArgsFunction: p.completeTasks(math.MaxInt, anyTask),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.onTasks(cmd, func(ctx context.Context, c *client.Client) error {
				return p.eachTask(ctx, c, args, func(id string) error {
					if _, err := c.Delete(ctx, id); err != nil {
						return err
					}
					if out == asJSON {
						return printJSON(p.stdout, map[string]string{"id": id})
					}
					_, err := fmt.Fprintln(p.stdout, id)
					return err
				})
			})
		},
	}
	formatFlag(cmd, &out, p.lang.FlagJSON())
	return cmd
}

// checkTitle finds the most common mistakes in a title before it is sent, so that the
// message is in the user's language.
func (p *program) checkTitle(title string) error {
	switch n := utf8.RuneCountInString(title); {
	case n == 0:
		return &usageError{p.lang.TaskTitleEmpty()}
	case n > task.MaxTitle:
		return &usageError{p.lang.TaskTitleLong(n, task.MaxTitle)}
	}
	return nil
}

// descriptionText is the value of --description. "-" means the standard input without
// the newlines at its end, as in $(…).
func (p *program) descriptionText(ctx context.Context, given string) (string, error) {
	if given == "-" {
		text, err := p.readInput(ctx)
		if err != nil {
			return "", err
		}
		given = strings.TrimRight(text, "\r\n")
	}
	if n := utf8.RuneCountInString(given); n > task.MaxDescription {
		return "", &usageError{p.lang.TaskDescriptionLong(task.MaxDescription)}
	}
	return given, nil
}

// maxInput is longer than any valid description, in bytes.
const maxInput = task.MaxDescription*utf8.UTFMax + 1<<10

// readInput reads the standard input; it returns early when ctx ends.
func (p *program) readInput(ctx context.Context) (string, error) {
	type input struct {
		text []byte
		err  error
	}
	read := make(chan input, 1)
	go func() {
		text, err := io.ReadAll(io.LimitReader(p.stdin, maxInput))
		read <- input{text, err}
	}()
	select {
	case in := <-read:
		if in.err != nil {
			return "", fmt.Errorf("read the description: %w", in.err)
		}
		return string(in.text), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
