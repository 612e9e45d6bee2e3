package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/launcher"
	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/consumer"
	"github.com/taskctl/taskctl/pkg/supervisor/child"
	"github.com/taskctl/taskctl/pkg/task"
)

func (p *program) wsserverCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "wsserver",
		Short:   p.lang.WSServerShort(),
		Long:    p.lang.WSServerLong(),
		Example: "  taskctl wsserver\n  taskctl wsserver --wsserver-addr localhost:9765",
		Args:    p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.component(cmd, launcher.RunWSServer)
		},
	}
	p.settingFlags(cmd, "wsserver.addr")
	return cmd
}

func (p *program) apiCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "api",
		Short:   p.lang.APIShort(),
		Long:    p.lang.APILong(),
		Example: "  taskctl api\n  taskctl api --api-addr localhost:9001",
		Args:    p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p.collectLess()
			return p.component(cmd, launcher.RunAPI)
		},
	}
	p.settingFlags(cmd, "api.addr", "wsserver.addr")
	return cmd
}

func (p *program) consumerCommand() *cobra.Command {
	var (
		o     consumer.Config
		since string
	)
	cmd := &cobra.Command{
		Use:   "consumer",
		Short: p.lang.ConsumerShort(),
		Long:  p.lang.ConsumerLong(),
		Example: `  taskctl consumer
  taskctl consumer --json --output events.jsonl
  taskctl consumer --since 0 --json | jq .task.title
  taskctl consumer --checkpoint mail.checkpoint --exec ./send-mail`,
		Args: p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("exec") && o.Exec == "" {
				return &usageError{p.lang.FlagBadValue("--exec", o.Exec)}
			}
			if cmd.Flags().Changed("since") {
				at, err := task.ParsePosition(since)
				if err != nil {
					return &usageError{p.lang.FlagBadValue("--since", since)}
				}
				o.Since = &at
			}
			p.runOnOneCore()
			return p.component(cmd, func(ctx context.Context, cfg *config.Config, env launcher.Env) error {
				if env.Handle == nil {
					cfg = whereItRuns(ctx, cfg)
				}
				return launcher.RunConsumer(ctx, cfg, o, env)
			})
		},
	}
	cmd.Flags().BoolVar(&o.JSON, "json", false, p.lang.FlagConsumerJSON())
	cmd.Flags().StringVar(&o.Output, "output", "", p.lang.FlagConsumerOutput())
	cmd.Flags().StringVar(&since, "since", "", p.lang.FlagConsumerSince())
	cmd.Flags().StringVar(&o.Exec, "exec", "", p.lang.FlagConsumerExec())
	cmd.Flags().StringVar(&o.Checkpoint, "checkpoint", "", p.lang.FlagConsumerCheckpoint())
	p.settingFlags(cmd, "websocket_url")
	return cmd
}

// whereItRuns turns to the notifications of the system that runs in the
// directory, which may have been started on other ports than the settings say.
// An address that was given stands, and so do the settings where nothing runs.
func whereItRuns(ctx context.Context, cfg *config.Config) *config.Config {
	if cfg.WebSocketURL != "" {
		return cfg
	}
	status, err := launcher.Dial(cfg).Status(ctx)
	if err != nil {
		return cfg
	}
	there := *cfg
	there.WebSocketURL = status.WebSocket
	return &there
}

// component runs one component in this process, under a launcher or by hand: it
// is the same function that `start --in-process` runs.
func (p *program) component(cmd *cobra.Command, run func(context.Context, *config.Config, launcher.Env) error) error {
	handle, err := child.Connect()
	if err != nil {
		return err
	}
	cfg, err := p.load(cmd)
	if err != nil {
		return err
	}
	ctx, stop := child.Guard(cmd.Context(), handle)
	defer stop()
	return run(ctx, cfg, launcher.Env{
		Handle: handle, Stdout: p.stdout, Stderr: p.stderr, Lang: p.lang, Version: version(), Getenv: p.getenv,
	})
}
