package api

import (
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

const introduction = "Tasks over HTTP, and the log of what happened to them. " +
	"Every answer about tasks, also that there is none, carries Taskctl-Position; a client that reads tasks and then follows the events from there misses nothing and sees nothing twice. " +
	"A 2xx answer to a write means that the task and its event are on disk, synced. " +
	"HEAD goes with every GET, and OPTIONS with everything. An unknown query parameter or member is an error."

// The values that examples are made of.
const (
	exampleID     = "018d0c8e-5a80-7c3e-9a51-2f6e8d1b7c40"
	exampleEpoch  = "6f1c0a93d47be852"
	exampleCursor = "AAAAAAAAACq-mRa_"
)

func exampleTask() taskBody {
	made := time.Date(2024, 1, 15, 10, 0, 0, 0, time.UTC)
	return taskBody{ID: exampleID, Title: "Prueba WebSocket", Description: "Tarea para probar notificaciones", CreatedAt: made, UpdatedAt: made}
}

func exampleEvent() eventBody {
	t := exampleTask()
	return eventBody{Type: "task_created", Task: t, Timestamp: t.CreatedAt, Seq: 42}
}

func aboutListTasks(b *book) *huma.Operation {
	example := pageBody{Tasks: []taskBody{exampleTask()}, NextCursor: exampleCursor, Seq: 42, Epoch: exampleEpoch}
	return &huma.Operation{
		OperationID: "list-tasks",
		Summary:     "One page of tasks, newest first",
		Parameters:  takes("limit", "cursor", "completed", "q"),
		Responses:   answers(http.StatusOK, b.answer("The page.", example, "Taskctl-Position"), invalid),
	}
}

func aboutCreateTask(b *book) *huma.Operation {
	return &huma.Operation{
		OperationID: "create-task",
		Summary:     "Make a task",
		Description: "Without a Content-Type the body is taken for JSON.",
		Parameters:  takes("Idempotency-Key"),
		RequestBody: b.body(newTaskBody{Title: "Prueba WebSocket", Description: "Tarea para probar notificaciones"}, jsonType),
		Responses: answers(http.StatusCreated, b.answer("The task.", exampleTask(), "Location", "ETag", "Taskctl-Position"),
			notJSONBody, changed, tooLarge, mediaTypeWrong, invalid),
	}
}

func aboutGetTask(b *book) *huma.Operation {
	op := &huma.Operation{
		OperationID: "get-task",
		Summary:     "One task",
		Parameters:  takes("id", "If-None-Match"),
		Responses:   answers(http.StatusOK, b.answer("The task.", exampleTask(), "ETag", "Taskctl-Position"), notFound, invalid),
	}
	op.Responses["304"] = b.answer("The client has this version already.", nil, "ETag", "Taskctl-Position")
	return op
}

func aboutReplaceTask(b *book) *huma.Operation {
	return &huma.Operation{
		OperationID: "replace-task",
		Summary:     "Replace title, description and completed",
		Description: "Where nothing differs, nothing is written and there is no event.",
		Parameters:  takes("id", "If-Match", "Idempotency-Key"),
		RequestBody: b.body(replaceTaskBody{Title: "Prueba WebSocket", Completed: true}, jsonType),
		Responses: answers(http.StatusOK, b.answer("The task as it is now.", exampleTask(), "ETag", "Taskctl-Position"),
			notJSONBody, notFound, changed, tooLarge, mediaTypeWrong, invalid),
	}
}

func aboutPatchTask(b *book) *huma.Operation {
	done := true
	return &huma.Operation{
		OperationID: "patch-task",
		Summary:     "Change some of a task (JSON Merge Patch, RFC 7396)",
		Description: "Read, merged and written in one transaction. A patch that changes nothing makes no event.",
		Parameters:  takes("id", "If-Match", "Idempotency-Key"),
		RequestBody: b.body(patchTaskBody{Completed: &done}, mergePatchType, jsonType),
		Responses: answers(http.StatusOK, b.answer("The task as it is now.", exampleTask(), "ETag", "Taskctl-Position"),
			notJSONBody, notFound, changed, tooLarge, mediaTypeWrong, invalid),
	}
}

func aboutDeleteTask(b *book) *huma.Operation {
	return &huma.Operation{
		OperationID: "delete-task",
		Summary:     "Delete a task",
		Parameters:  takes("id", "If-Match", "Idempotency-Key"),
		Responses: answers(http.StatusNoContent, b.answer("It is gone.", nil, "Taskctl-Position"),
			notFound, changed, tooLarge, invalid),
	}
}

func aboutEvents(b *book) *huma.Operation {
	example := eventsBody{Events: []eventBody{exampleEvent()}, Seq: 42, Epoch: exampleEpoch}
	success := b.answer("The events after since. Fewer than limit does not mean that there are no more: an empty list does.", example, "Taskctl-Position")
	success.Content[streamType] = &huma.MediaType{
		Schema:  &huma.Schema{Type: "string"},
		Example: "retry: 1000\nid: " + exampleEpoch + ":41\n\nid: " + exampleEpoch + ":42\nevent: task_created\ndata: {\"type\":\"task_created\",…,\"seq\":42}\n\n: heartbeat\n\n",
	}
	return &huma.Operation{
		OperationID: "read-events",
		Summary:     "What happened to tasks, oldest first",
		Description: "With Accept: text/event-stream, server-sent events that follow: each has the id EPOCH:SEQ, the event's type, and as data the event. " +
			"Without since or Last-Event-ID a stream begins with what happens from now on, and JSON with the beginning. " +
			"When the log can no longer be read on under an open stream, it sends the event \"reset\" with {\"type\":\"reset\",\"reason\":…,\"seq\":N} and goes on after N; read the tasks anew. " +
			"A stream takes no limit. Comments are sent as signs of life.",
		Parameters: takes("since", "limit", "Last-Event-ID"),
		Responses:  answers(http.StatusOK, success, gone, invalid),
	}
}

func aboutHealth(b *book) *huma.Operation {
	return &huma.Operation{
		OperationID: "health",
		Summary:     "Whether the process answers",
		Responses:   answers(http.StatusOK, b.answer("It does.", healthBody{Status: "ok", Version: "v1.0.0"})),
	}
}

func aboutReadiness(b *book) *huma.Operation {
	example := readinessBody{Status: "ready", Link: "connected", Seq: 42, Epoch: exampleEpoch}
	return &huma.Operation{
		OperationID: "readiness",
		Summary:     "Whether tasks can be read and written",
		Responses:   answers(http.StatusOK, b.answer("They can.", example, "Taskctl-Position")),
	}
}

func aboutMetrics(b *book) *huma.Operation {
	return &huma.Operation{
		OperationID: "metrics",
		Summary:     "Figures in the format of Prometheus",
		Responses:   answers(http.StatusOK, b.text("The figures.", "text/plain", "taskctl_http_requests_total{route=\"/tasks\",status=\"201\"} 42\n")),
	}
}

func aboutOpenAPI(b *book) *huma.Operation {
	return &huma.Operation{
		OperationID: "openapi",
		Summary:     "This document",
		Responses: answers(http.StatusOK, &huma.Response{
			Description: "OpenAPI 3.1.",
			Headers:     headerRefs(nil),
			Content:     map[string]*huma.MediaType{jsonType: {Schema: &huma.Schema{Type: "object"}}},
		}),
	}
}

func aboutIndex(b *book) *huma.Operation {
	return &huma.Operation{
		OperationID: "index",
		Summary:     "The board, or where things are",
		Responses:   answers(http.StatusOK, b.text("A page for people.", "text/html", "<!doctype html>…")),
	}
}
