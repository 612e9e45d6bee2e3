package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/pkg/client"
	"github.com/taskctl/taskctl/pkg/task"
)

func (p *program) taskAddCommand() *cobra.Command {
	var (
		description string
		asJSON      bool
	)
	cmd := &cobra.Command{
		Use:   "add TITLE",
		Short: p.lang.TaskAddShort(),
		Long:  p.lang.TaskAddLong(),
		Example: `  taskctl task add "Buy milk"
  id=$(taskctl task add "Buy milk" --description "two litres")
  git log -1 --format=%B | taskctl task add "Review" -d -
  taskctl task add --json -- "-1 degrees"`,
		Args:              p.exactArgs("TITLE"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.onTasks(cmd, func(ctx context.Context, c *client.Client) error {
				v := client.Values{Title: strings.TrimSpace(args[0])}
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
				return p.printTask(answer.Task, asJSON)
			})
		},
	}
	cmd.Flags().StringVarP(&description, "description", "d", "", p.lang.FlagTaskDescription())
	cmd.Flags().BoolVar(&asJSON, "json", false, p.lang.FlagJSON())
	return cmd
}

type taskEditOptions struct {
	title       string
	description string
	completed   string
	json        bool
}

func (p *program) taskEditCommand() *cobra.Command {
	var o taskEditOptions
	cmd := &cobra.Command{
		Use:   "edit ID",
		Short: p.lang.TaskEditShort(),
		Long:  p.lang.TaskEditLong(),
		Example: `  taskctl task edit "$id" --title "Buy oat milk"
  taskctl task edit "$id" --completed false --description -  < notes.txt`,
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
				return p.printTask(answer.Task, o.json)
			})
		},
	}
	cmd.Flags().StringVarP(&o.title, "title", "t", "", p.lang.FlagTaskTitle())
	cmd.Flags().StringVarP(&o.description, "description", "d", "", p.lang.FlagTaskDescription())
	p.trueOrFalse(cmd, &o.completed, p.lang.FlagTaskCompleted())
	cmd.Flags().BoolVar(&o.json, "json", false, p.lang.FlagJSON())
	return cmd
}

// taskPatch is what the flags of `task edit` change.
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

// edit changes a task as it was read, or not at all: what somebody else writes
// in between is not overwritten unseen.
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
	var undo, asJSON bool
	cmd := &cobra.Command{
		Use:     "done ID...",
		Short:   p.lang.TaskDoneShort(),
		Long:    p.lang.TaskIDsLong(),
		Example: "  taskctl task done 01a20cfb-7e43\n  taskctl task done --undo \"$id\"",
		Args:    p.someArgs("ID"),
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
					return p.printTask(answer.Task, asJSON)
				})
			})
		},
	}
	cmd.Flags().BoolVar(&undo, "undo", false, p.lang.FlagTaskUndo())
	cmd.Flags().BoolVar(&asJSON, "json", false, p.lang.FlagJSON())
	return cmd
}

func (p *program) taskRmCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "rm ID...",
		Short:             p.lang.TaskRmShort(),
		Long:              p.lang.TaskIDsLong(),
		Example:           "  taskctl task rm 01a20cfb-7e43\n  taskctl task list --done --all -q | xargs -r taskctl task rm",
		Args:              p.someArgs("ID"),
		ValidArgsFunction: p.completeTasks(math.MaxInt, anyTask),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.onTasks(cmd, func(ctx context.Context, c *client.Client) error {
				return p.eachTask(ctx, c, args, func(id string) error {
					if _, err := c.Delete(ctx, id); err != nil {
						return err
					}
					if asJSON {
						return printJSON(p.stdout, map[string]string{"id": id})
					}
					_, err := fmt.Fprintln(p.stdout, id)
					return err
				})
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, p.lang.FlagJSON())
	return cmd
}

// checkTitle finds what is most often wrong with a title before it is sent, so
// that it is said in the user's language.
func (p *program) checkTitle(title string) error {
	switch n := utf8.RuneCountInString(title); {
	case n == 0:
		return &usageError{p.lang.TaskTitleEmpty()}
	case n > task.MaxTitle:
		return &usageError{p.lang.TaskTitleLong(n, task.MaxTitle)}
	}
	return nil
}

// descriptionText is what --description means: "-" is the standard input, up to
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

// maxInput is more than any description may have, in bytes.
const maxInput = task.MaxDescription*utf8.UTFMax + 1<<10

// readInput reads the standard input, or stops waiting for it when ctx ends.
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
