package client

import (
	"testing"
	"time"

	"taskctl/pkg/task"
)

// BenchmarkMessage is what an event costs a subscriber besides reading it.
func BenchmarkMessage(b *testing.B) {
	now := task.Timestamp(time.Now())
	t := task.Task{ID: "018d0c5e-7b00-7000-8000-000000000000", Title: "Prueba WebSocket", Description: "Tarea para probar notificaciones", CreatedAt: now, UpdatedAt: now}
	e := task.Event{Seq: 1, Type: task.Created, Time: now, Task: t.AppendJSON(nil)}
	raw := e.AppendJSON(nil)
	s := subscription{yield: func(Notification, error) bool { return true }, placed: true}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		s.at = task.Position{}
		f, err := decode(raw)
		if err == nil {
			err = s.take("", f, raw)
		}
		if err != nil || s.at.Seq != 1 {
			b.Fatal(s.at, err)
		}
	}
}
