// Command watch prints every task event, exactly once, across restarts of the
// server. It is the example of docs/notifications.md.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/taskctl/taskctl/pkg/client"
	"github.com/taskctl/taskctl/pkg/task"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c, err := client.New(client.Config{WebSocketURL: os.Getenv("TASKCTL_WEBSOCKET_URL")})
	if err != nil {
		panic(err)
	}
	from := task.Position{} // the beginning
	if len(os.Args) > 1 {
		if from, err = task.ParsePosition(os.Args[1]); err != nil {
			panic(err)
		}
	}
	for n, err := range c.Subscribe(ctx, from, client.SubscribeOptions{}) {
		switch n := n.(type) {
		case client.Event:
			fmt.Fprintln(os.Stdout, n.Position.Seq, n.Type, n.Task.Title)
		case client.Reset: // read c.Snapshot(ctx), then go on
			fmt.Fprintln(os.Stderr, "missed something:", n.Reason)
		}
		if err != nil {
			panic(err)
		}
	}
}
