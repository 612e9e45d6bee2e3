package api

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"taskctl/pkg/task"
)

// TestAsyncAPIDescribesTheEvents compares the document with the encoded events. An
// end-to-end test compares the messages of wsserver.
func TestAsyncAPIDescribesTheEvents(t *testing.T) {
	type schema struct {
		Required   []string
		Properties map[string]struct{ Enum []string }
	}
	var doc struct {
		Components struct {
			Messages map[string]struct{ Payload schema }
			Schemas  map[string]schema
		}
	}
	if err := json.Unmarshal(asyncAPIDocument, &doc); err != nil {
		t.Fatal(err)
	}
	subject := task.Task{ID: "01a20cf9-dfb7-76ec-9ff4-5f9e8eb34eec", Title: "t", CreatedAt: time.Unix(1, 0), UpdatedAt: time.Unix(1, 0)}
	event := task.Event{Seq: 2, Type: task.Created, Time: time.Unix(1, 0), Task: subject.AppendJSON(nil)}
	keys := func(object []byte) []string {
		var members map[string]any
		if err := json.Unmarshal(object, &members); err != nil {
			t.Fatal(err)
		}
		return slices.Sorted(maps.Keys(members))
	}
	described := doc.Components.Messages["event"].Payload
	if diff := cmp.Diff(keys(event.AppendJSON(nil)), slices.Sorted(slices.Values(described.Required))); diff != "" {
		t.Errorf("an event, and what the document requires of one: %s", diff)
	}
	if diff := cmp.Diff(keys(event.AppendJSONPrev(nil, 1)), slices.Sorted(maps.Keys(described.Properties))); diff != "" {
		t.Errorf("a filtered event, and what the document knows of one: %s", diff)
	}
	if diff := cmp.Diff([]string{string(task.Created), string(task.Updated), string(task.Deleted)}, described.Properties["type"].Enum); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(keys(event.Task), slices.Sorted(slices.Values(doc.Components.Schemas["task"].Required))); diff != "" {
		t.Errorf("a task, and what the document requires of one: %s", diff)
	}
}
