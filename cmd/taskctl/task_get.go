package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"taskctl/pkg/client"
	"taskctl/pkg/screen"
	"taskctl/pkg/task"
)

func (p *program) taskGetCommand() *cobra.Command {
	var out format
	cmd := &cobra.Command{
		Use:               "get ID",
		Aliases:           []string{"show"},
		SuggestFor:        []string{"view", "cat"},
		Short:             p.text("Show one task", "Muestra una tarea"),
		Long:              p.taskIDHelp(p.text("Show a task with its description.", "Muestra una tarea con su descripción.")),
		Example:           "  taskctl task get 3f9c\n  taskctl task get \"$id\" --json | jq -r .description",
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
				if out == asJSON {
					return printJSON(p.stdout, answer.Task)
				}
				_, err = io.WriteString(p.stdout, p.renderTask(answer.Task))
				return err
			})
		},
	}
	formatFlag(cmd, &out, p.lang.FlagJSON())
	return cmd
}

// renderTask renders one task for people. The description keeps its lines.
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
