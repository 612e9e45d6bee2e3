// Command watch prints every task event, exactly once, across restarts of the
// server. It is the example of docs/notifications.md.
//
// Usage: watch [EPOCH:SEQ]. A token is taken from TASKCTL_AUTH_TOKEN.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"taskctl/pkg/client"
	"taskctl/pkg/task"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := watch(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func watch(ctx context.Context, args []string) error {
	c, err := client.New(client.Config{
		WebSocketURL: os.Getenv("TASKCTL_WEBSOCKET_URL"),
		Token:        os.Getenv("TASKCTL_AUTH_TOKEN"),
	})
	if err != nil {
		return err
	}
	from := task.Position{} // the beginning
	if len(args) > 0 {
		if from, err = task.ParsePosition(args[0]); err != nil {
			return fmt.Errorf("position %s: %w", args[0], err)
		}
	}
	for n, err := range c.Subscribe(ctx, from, client.SubscribeOptions{}) {
		if err != nil {
			return err
		}
		switch n := n.(type) {
		case client.Event:
			fmt.Println(n.Position.Seq, n.Type, n.Task.Title)
		case client.Reset: // read c.Snapshot(ctx), then go on
			fmt.Fprintln(os.Stderr, "missed something:", n.Reason)
		}
	}
	return nil
}
