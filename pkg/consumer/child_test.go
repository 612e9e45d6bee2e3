package consumer_test

import (
	"context"
	"log/slog"
	"os"

	"taskctl/pkg/client"
	"taskctl/pkg/consumer"
)

// childVariable makes the test binary a consumer, so that it can be killed.
const childVariable = "TASKCTL_TEST_CONSUMER"

// child is what the consumer of another process is told.
type child struct {
	URL    string
	Config consumer.Config
}

func (c child) run() error {
	cl, err := client.New(client.Config{WebSocketURL: c.URL})
	if err != nil {
		return err
	}
	con, err := consumer.New(c.Config, consumer.Deps{
		Client: cl, Stdout: os.Stdout, Stderr: os.Stderr, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	return con.Run(context.Background())
}
