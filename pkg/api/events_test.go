package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"taskctl/pkg/task"
)

func TestEventsAsJSON(t *testing.T) {
	s := start(t)
	if empty := s.do(http.MethodGet, "/events", ""); !strings.HasPrefix(string(empty.body), `{"events":[],"seq":0,"epoch":"`) {
		t.Errorf("an empty log: %s", empty.body)
	}
	made, _ := s.create("title")
	s.do(http.MethodPatch, "/tasks/"+made.ID, `{"completed":true}`)
	s.do(http.MethodPatch, "/tasks/"+made.ID, `{"completed":true}`)
	s.do(http.MethodDelete, "/tasks/"+made.ID, "")

	all := decode[seenEvents](t, s.do(http.MethodGet, "/events", ""))
	want := []string{"task_created", "task_updated", "task_deleted"}
	if len(all.Events) != len(want) || all.Seq != 3 {
		t.Fatalf("%+v", all)
	}
	for i, e := range all.Events {
		if e.Type != want[i] || e.Seq != uint64(i+1) || e.Task.ID != made.ID || e.Task.Completed != (i > 0) || e.Timestamp.IsZero() {
			t.Errorf("event %d: %+v", i, e)
		}
	}
	since := task.Position{Epoch: all.Epoch}
	for range want { // going on from where each answer stands misses nothing
		a := s.do(http.MethodGet, "/events?limit=1&since="+since.String(), "")
		one := decode[seenEvents](t, a)
		if len(one.Events) != 1 || one.Events[0].Seq != since.Seq+1 || one.Seq != since.Seq+1 {
			t.Fatalf("after %s: %s", since, a.body)
		}
		since.Seq = one.Seq
		if got := a.header.Get("Taskctl-Position"); got != since.String() {
			t.Errorf("stands at %s, header %s", since, got)
		}
	}
	if rest := decode[seenEvents](t, s.do(http.MethodGet, "/events?since=3", "")); len(rest.Events) != 0 || rest.Seq != 3 {
		t.Errorf("at the head: %+v", rest)
	}
}

func TestGoneSaysWhereToGoOn(t *testing.T) {
	s := start(t)
	_, a := s.create("title")
	for since, reason := range map[string]string{"other:1": "epoch", "2": "ahead"} {
		p := wantProblem(t, s.do(http.MethodGet, "/events?since="+since, ""), http.StatusGone, "")
		if p.Reason != reason || p.Seq == nil || fmt.Sprintf("%s:%d", p.Epoch, *p.Seq) != a.header.Get("Taskctl-Position") {
			t.Errorf("since %s: %+v", since, p)
		}
	}
}
