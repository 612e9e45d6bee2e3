package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/pkg/client"
	"github.com/taskctl/taskctl/pkg/screen"
	"github.com/taskctl/taskctl/pkg/task"
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
