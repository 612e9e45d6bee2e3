package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"taskctl/pkg/client"
	"taskctl/pkg/client/clienttest"
	"taskctl/pkg/task"
)

// open connects to a taskctl in memory; a program passes the addresses of a real
// one, or none for a local one on its default ports.
func open() (*client.Client, func()) {
	server := clienttest.Open()
	c, err := client.New(client.Config{BaseURL: server.URL(), WebSocketURL: server.WebSocketURL()})
	if err != nil {
		log.Fatal(err)
	}
	return c, func() { c.CloseIdleConnections(); server.Close() }
}

// Read the tasks, then follow what happens to them: nothing is missed in between.
func Example() {
	c, done := open()
	defer done()
	ctx := context.Background()

	if _, err := c.Create(ctx, client.Values{Title: "Buy milk"}); err != nil {
		log.Fatal(err)
	}
	tasks, at, err := c.Snapshot(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range tasks {
		fmt.Println("have", t.Title)
	}
	if _, err := c.Create(ctx, client.Values{Title: "Buy bread"}); err != nil {
		log.Fatal(err)
	}
	for n, err := range c.Subscribe(ctx, at, client.SubscribeOptions{}) {
		if err != nil {
			log.Fatal(err)
		}
		if e, ok := n.(client.Event); ok {
			fmt.Println("then", e.Type, e.Task.Title)
			break
		}
	}
	// Output:
	// have Buy milk
	// then task_created Buy bread
}

// Every kind of notification. A program that keeps the last position it has dealt with
// continues from there after a restart of its own.
func ExampleClient_Subscribe() {
	c, done := open()
	defer done()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()

	made, err := c.Create(ctx, client.Values{Title: "Buy milk"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.Delete(ctx, made.Task.ID); err != nil {
		log.Fatal(err)
	}
	position := task.Position{} // the beginning
	for n, err := range c.Subscribe(ctx, position, client.SubscribeOptions{}) {
		if err != nil {
			log.Fatal(err) // the server will not have it: coming back cannot help
		}
		switch n := n.(type) {
		case client.Connected:
			fmt.Println("connected; clients:", n.Clients)
		case client.Event:
			fmt.Println(n.Position.Seq, n.Type, n.Task.Title)
			position = n.Position
			if n.Type == task.Deleted {
				stop() // the loop ends, without an error
			}
		case client.Reset:
			fmt.Println("events are missing:", n.Reason) // read the tasks anew
			position = n.Position
		case client.Disconnected:
			fmt.Println("trying again in", n.Wait, "because", n.Err)
		}
	}
	// Output:
	// connected; clients: 1
	// 1 task_created Buy milk
	// 2 task_deleted Buy milk
}

// Only what happens from now on, and only tasks that come to be.
func ExampleClient_Watch() {
	c, done := open()
	defer done()
	ctx := context.Background()

	created := client.SubscribeOptions{Types: []task.EventType{task.Created}}
	for n, err := range c.Watch(ctx, created) {
		if err != nil {
			log.Fatal(err)
		}
		switch n := n.(type) {
		case client.Connected:
			if _, err := c.Create(ctx, client.Values{Title: "Buy milk"}); err != nil {
				log.Fatal(err)
			}
		case client.Event:
			fmt.Println(n.Task.Title)
			return
		}
	}
	// Output: Buy milk
}

// Change a task only if nobody else has changed it since it was read.
func ExampleIfMatch() {
	c, done := open()
	defer done()
	ctx := context.Background()

	read, err := c.Create(ctx, client.Values{Title: "Buy milk"})
	if err != nil {
		log.Fatal(err)
	}
	title, completed := "Buy oat milk", true
	if _, err := c.Patch(ctx, read.Task.ID, task.Patch{Title: &title}); err != nil {
		log.Fatal(err)
	}
	_, err = c.Patch(ctx, read.Task.ID, task.Patch{Completed: &completed}, client.IfMatch(read.ETag))
	fmt.Println(errors.Is(err, task.ErrVersion))
	// Output: true
}

// A key of one's own lets a program repeat a write even after it was itself
// restarted in between.
func ExampleIdempotencyKey() {
	c, done := open()
	defer done()
	ctx := context.Background()

	for range 2 {
		answer, err := c.Create(ctx, client.Values{Title: "Invoice 2024-17"}, client.IdempotencyKey("invoice-2024-17"))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(answer.Position.Seq)
	}
	// Output:
	// 1
	// 1
}

func ExampleClient_All() {
	c, done := open()
	defer done()
	ctx := context.Background()

	for _, title := range []string{"Buy milk", "Buy bread", "Sell car"} {
		if _, err := c.Create(ctx, client.Values{Title: title}); err != nil {
			log.Fatal(err)
		}
	}
	for t, err := range c.All(ctx, task.Query{Contains: "buy"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(t.Title)
	}
	// Output:
	// Buy bread
	// Buy milk
}
