package chaos

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"taskctl/pkg/task"
)

const testEpoch = "e1"

// scene is the record of a small run without a fault: three tasks, seven events and
// their writes, a patch that changes nothing, and a refused write.
type scene struct {
	events   []string // by seq
	writes   []*write
	listings []listing
}

func rawTask(id, title string, completed bool) string {
	return fmt.Sprintf(`{"id":%q,"title":%q,"description":"","completed":%v,"created_at":"2024-01-15T10:00:00Z","updated_at":"2024-01-15T10:00:00Z"}`,
		id, title, completed)
}

func idOf(letter string) string { return "018d0c4e-0000-7000-8000-00000000000" + letter }

func newScene() *scene {
	s := &scene{}
	for _, e := range []struct {
		kind         task.ChangeKind
		letter, body string
	}{
		{task.Create, "a", rawTask(idOf("a"), "k1", false)},
		{task.Create, "b", rawTask(idOf("b"), "k2", false)},
		{task.Merge, "a", rawTask(idOf("a"), "k3", true)},
		{task.Replace, "b", rawTask(idOf("b"), "k4", false)},
		{task.Delete, "a", rawTask(idOf("a"), "k3", true)},
		{task.Create, "c", rawTask(idOf("c"), "k6", false)},
		{task.Merge, "c", rawTask(idOf("c"), "k7", false)},
	} {
		seq := uint64(len(s.events) + 1)
		kinds := [...]task.EventType{task.Create: task.Created, task.Replace: task.Updated, task.Merge: task.Updated, task.Delete: task.Deleted}
		s.events = append(s.events, fmt.Sprintf(`{"type":%q,"task":%s,"timestamp":"2024-01-15T10:00:00Z","seq":%d}`, kinds[e.kind], e.body, seq))
		w := &write{
			key: fmt.Sprintf("k%d", seq), kind: e.kind, id: idOf(e.letter), attempts: 1,
			answer: &answer{status: 200, position: task.Position{Epoch: testEpoch, Seq: seq}},
		}
		if e.kind != task.Delete {
			var t taskBody
			_ = json.Unmarshal([]byte(e.body), &t)
			w.body = object(map[string]any{"title": t.Title, "completed": t.Completed})
			w.answer.body, w.answer.etag = e.body, fmt.Sprintf(`"%d"`, seq)
		}
		s.writes = append(s.writes, w)
	}
	s.writes = append(s.writes,
		&write{key: "n1", kind: task.Merge, nothing: true, id: idOf("b"), body: `{"title":"k2"}`, answer: &answer{
			status: 200, body: rawTask(idOf("b"), "k2", false), etag: `"2"`, position: task.Position{Epoch: testEpoch, Seq: 3},
		}},
		&write{key: "r1", kind: task.Delete, id: idOf("a"), answer: &answer{status: 404}},
		&write{key: "r2", kind: task.Merge, id: idOf("b"), ifMatch: 2, body: `{"title":"r2"}`, answer: &answer{status: 412}},
	)
	list := func(seq uint64, bodies ...string) {
		l := listing{seq: seq}
		for _, b := range bodies {
			l.tasks = append(l.tasks, json.RawMessage(b))
		}
		s.listings = append(s.listings, l)
	}
	list(0)
	list(7, rawTask(idOf("c"), "k7", false), rawTask(idOf("b"), "k4", false))
	list(3, rawTask(idOf("b"), "k2", false), rawTask(idOf("a"), "k3", true))
	return s
}

func (s *scene) history(t *testing.T) *history {
	t.Helper()
	h := &history{epoch: testEpoch}
	for _, raw := range s.events {
		if err := h.add([]byte(raw)); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func welcome(seq int) string {
	return fmt.Sprintf(`{"type":"connected","message":"","clients":1,"seq":%d,"epoch":%q,"resumed":true}`, seq, testEpoch)
}

func heartbeat(seq int) string { return fmt.Sprintf(`{"type":"heartbeat","seq":%d}`, seq) }

// stream is the record of a consumer of all events, with a reconnection after the
// third: lines 3 to 5 are the events 1 to 3, lines 9 to 12 the others.
func (s *scene) stream() []string {
	lines := []string{"# connected; last told 0", welcome(0)}
	lines = append(lines, s.events[:3]...)
	lines = append(lines, "# ended: EOF", "# connected; last told 3", welcome(3))
	lines = append(lines, s.events[3:]...)
	return append(lines, heartbeat(7))
}

// filtered is the same without updates.
func (s *scene) filtered() []string {
	prev := func(seq, prev int) string {
		return strings.TrimSuffix(s.events[seq-1], "}") + fmt.Sprintf(`,"prev":%d}`, prev)
	}
	return []string{welcome(0), prev(1, 0), prev(2, 1), heartbeat(3), "# ended: EOF", welcome(3), prev(5, 3), prev(6, 5)}
}

// consumerLog is the log of the launcher's own consumer, with a restart after the fifth
// event that repeats two events.
func (s *scene) consumerLog(h *history) []string {
	line := func(seq uint64) string {
		e := h.at(seq)
		return fmt.Sprintf("2024-01-15T10:00:00.000000Z out 2024-01-15T10:00:00Z #%d updated %s  %s", seq, e.body.ID, e.body.Title)
	}
	lines := []string{"2024-01-15T10:00:00.000000Z err Connected to the notification server"}
	for _, seq := range []uint64{1, 2, 3, 4, 5, 4, 5, 6, 7} {
		lines = append(lines, line(seq))
	}
	return lines
}

func expect(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("a run without a fault: %v", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("%v, want %q", err, want)
	}
}

func joined(lines []string) *strings.Reader {
	return strings.NewReader(strings.Join(lines, "\n") + "\n")
}

func TestCheckStream(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(lines []string) []string
		want   string
	}{
		{"no fault", func(l []string) []string { return l }, ""},
		{"a dropped frame", func(l []string) []string { return slices.Delete(l, 3, 4) }, "event 2 is missing after 1 (line 4)"},
		{"a dropped frame before a reconnection", func(l []string) []string { return slices.Delete(l, 4, 5) }, "the welcome does not resume at e1:2"},
		{"a dropped frame at the end", func(l []string) []string { return l[:11] }, "it ends too early: event 7 is missing"},
		{"a heartbeat instead of a frame", func(l []string) []string { return slices.Delete(l, 11, 12) }, "a heartbeat claims what was not sent: event 7"},
		{"a repeated frame", func(l []string) []string { return slices.Insert(l, 4, l[3]) }, "event 2 again, after 2 (line 5)"},
		{"a repeat after a reconnection", func(l []string) []string { return slices.Insert(l, 8, l[4]) }, "event 3 again, after 3"},
		{"two frames in the wrong order", func(l []string) []string { l[2], l[3] = l[3], l[2]; return l }, "event 1 is missing after 0"},
		{"a phantom event", func(l []string) []string { return append(l, strings.Replace(l[11], `"seq":7`, `"seq":8`, 1)) }, "event 8, and the log ends at 7"},
		{"an altered task", func(l []string) []string { l[9] = strings.Replace(l[9], "k3", "k4", 1); return l }, "event 5 is altered"},
		{"another type", func(l []string) []string { l[9] = strings.Replace(l[9], "deleted", "updated", 1); return l }, "event 5 is altered"},
		{"a reset", func(l []string) []string { return slices.Insert(l, 8, `{"type":"reset","reason":"ahead","seq":3}`) }, "an unexpected message"},
		{"no resumption", func(l []string) []string { l[7] = strings.Replace(l[7], "true", "false", 1); return l }, "the welcome does not resume"},
		{"another epoch", func(l []string) []string { l[7] = strings.Replace(l[7], "e1", "e2", 1); return l }, "the welcome does not resume"},
		{"what the consumer saw itself", func(l []string) []string { return append(l, alarm+"the server left out an event") }, "the server left out an event (line 14)"},
		{"no JSON", func(l []string) []string { l[3] = l[3][:40]; return l }, "unexpected end of JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene()
			expect(t, checkStream("record", joined(tt.change(s.stream())), s.history(t)), tt.want)
		})
	}
}

func TestCheckStreamThatEndsInMidLine(t *testing.T) {
	s := newScene()
	torn := strings.Join(s.events, "\n") // as the output file of a consumer would be without its newline
	expect(t, checkStream("output", strings.NewReader(torn), s.history(t)), "the last line is torn")
}

func TestCheckFilteredStream(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(lines []string) []string
		want   string
	}{
		{"no fault", func(l []string) []string { return l }, ""},
		{"a dropped frame", func(l []string) []string { return slices.Delete(l, 2, 3) }, "event 2 is missing after 1"},
		{"a dropped frame that prev hides", func(l []string) []string {
			return slices.Replace(l, 6, 8, strings.Replace(l[7], `"prev":5`, `"prev":3`, 1))
		}, "event 5 is missing after 3"},
		{"a frame that was not asked for", func([]string) []string { return newScene().stream() }, `is altered`},
		{"an update", func(l []string) []string {
			return slices.Insert(l, 3, strings.TrimSuffix(newScene().events[2], "}")+`,"prev":2}`)
		}, "which was not asked for"},
		{"another prev", func(l []string) []string { l[7] = strings.Replace(l[7], `"prev":5`, `"prev":4`, 1); return l }, "event 6 is altered"},
		{"a repeated frame", func(l []string) []string { return append(l, l[7]) }, "event 6 again"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene()
			err := checkStream("record", joined(tt.change(s.filtered())), s.history(t), task.Created, task.Deleted)
			expect(t, err, tt.want)
		})
	}
}

func TestCheckLog(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(lines []string) []string
		want   string
	}{
		{"no fault", func(l []string) []string { return l }, ""},
		{"a line cut short and repeated", func(l []string) []string { return slices.Insert(l, 3, l[3][:70]) }, ""},
		{"a line cut short", func(l []string) []string { l[3] = l[3][:70]; return l }, "event 3 is missing: 4 comes after 2"},
		{"a hole", func(l []string) []string { return slices.Delete(l, 3, 4) }, "event 3 is missing: 4 comes after 2"},
		{"a hole after a repeat", func(l []string) []string { return slices.Delete(l, 7, 9) }, "event 5 is missing: 7 comes after 4"},
		{"no end", func(l []string) []string { return l[:9] }, "it ends at 6 of 7"},
		{"another task", func(l []string) []string { l[9] = strings.Replace(l[9], idOf("c"), idOf("d"), 1); return l }, "event 7 is about another task"},
		{"a phantom", func(l []string) []string { return append(l, strings.Replace(l[9], "#7", "#8", 1)) }, "event 8, and the log ends at 7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene()
			h := s.history(t)
			expect(t, checkLog("log", joined(tt.change(s.consumerLog(h))), h), tt.want)
		})
	}
}

func TestHistoryWithASkippedSeq(t *testing.T) {
	h := &history{epoch: testEpoch}
	s := newScene()
	expect(t, h.add([]byte(s.events[0])), "")
	expect(t, h.add([]byte(s.events[2])), "GET /events has 3 after 1")
	expect(t, h.add([]byte(s.events[0])), "GET /events has 1 after 1")
}

func TestCheckWrites(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(s *scene)
		want   string
	}{
		{"no fault", func(*scene) {}, ""},
		{"a lost write", func(s *scene) { s.events = s.events[:6] }, "a write was acknowledged as event 7, and the log ends at 6"},
		{"a phantom event", func(s *scene) { s.writes = slices.Delete(s.writes, 3, 4) }, "event 4 has no acknowledged write"},
		{"an event of a refused write", func(s *scene) { s.writes[2].answer = &answer{status: 412}; s.writes[2].ifMatch = 1 }, "event 3 has no acknowledged write"},
		{"an event of a write that changes nothing", func(s *scene) {
			s.events = append(s.events, strings.NewReplacer(`"seq":2`, `"seq":8`, "created", "updated").Replace(s.events[1]))
		}, "event 8 has no acknowledged write"},
		{"an altered task", func(s *scene) { s.events[3] = strings.Replace(s.events[3], "false", "true", 1) }, "the task of event 4 is not what its write was answered"},
		{"an answer that is not what was asked for", func(s *scene) { s.writes[3].body = `{"title":"k4","completed":true}` }, "completed became false"},
		{"a title that was lost", func(s *scene) { s.writes[3].body = `{"title":"k5"}` }, `the title became "k4"`},
		{"an acknowledgement of another's event", func(s *scene) { s.writes[3].answer.position.Seq = 2 }, "a write was acknowledged as event 2, which is another"},
		{"two writes of one event", func(s *scene) { s.writes = append(s.writes, s.writes[3]) }, "event 4 belongs to two acknowledged writes"},
		{"another ETag", func(s *scene) { s.writes[3].answer.etag = `"3"` }, "was answered the ETag"},
		{"another epoch", func(s *scene) { s.writes[3].answer.position.Epoch = "e2" }, "in another epoch"},
		{"no answer", func(s *scene) { s.writes[3].answer = nil }, "a write was never answered"},
		{"an internal error", func(s *scene) { s.writes[3].answer.status = 500 }, "a write was refused without a reason"},
		{"a refusal of what nobody else touches", func(s *scene) { s.writes[8].sure = true }, "a write was refused without a reason"},
		{"a wrong 404", func(s *scene) { s.writes[8].id = idOf("b") }, "its task was never deleted"},
		{"a wrong 412", func(s *scene) { s.writes[9].ifMatch = 4 }, "its task was in that version"},
		{"an order that time contradicts", func(s *scene) { s.writes[3].floor = 5 }, "event 5 was acknowledged before the write of event 4 was first sent"},
		{"a stale answer to a write that changes nothing", func(s *scene) { s.writes[7].answer.position.Seq = 4 }, "was not answered the task as it was at 4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene()
			tt.change(s)
			expect(t, checkWrites(s.writes, s.history(t)), tt.want)
		})
	}
}

func TestCheckFold(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(s *scene)
		want   string
	}{
		{"no fault", func(*scene) {}, ""},
		{"a task that is missing", func(s *scene) { s.listings[1].tasks = s.listings[1].tasks[:1] }, "GET /tasks at 7: it lacks the task of event 4"},
		{"a task that was deleted", func(s *scene) {
			s.listings[1].tasks = append(s.listings[1].tasks, json.RawMessage(rawTask(idOf("a"), "k3", true)))
		}, "it has a task that the events do not have"},
		{"a task twice", func(s *scene) { s.listings[1].tasks = append(s.listings[1].tasks, s.listings[1].tasks[1]) }, "it has a task twice"},
		{"an altered task", func(s *scene) { s.listings[1].tasks[0] = json.RawMessage(rawTask(idOf("c"), "k7", true)) }, "another state of a task than event 7"},
		{"a stale task", func(s *scene) { s.listings[2].tasks[1] = json.RawMessage(rawTask(idOf("a"), "k1", false)) }, "GET /tasks at 3: it has another state of a task than event 3"},
		{"a task from the future", func(s *scene) { s.listings[2].tasks[0] = json.RawMessage(rawTask(idOf("b"), "k4", false)) }, "another state of a task than event 2"},
		{"the wrong order", func(s *scene) { slices.Reverse(s.listings[1].tasks) }, "not sorted, newest first"},
		{"a look that missed a write", func(s *scene) { s.listings[2].floor = 4 }, "event 4 had been acknowledged before it was asked"},
		{"a position that is not in the log", func(s *scene) { s.listings[1].seq = 9 }, "GET /tasks stood at 9, and the log ends at 7"},
		{"an update of nothing", func(s *scene) { s.events[0] = strings.Replace(s.events[0], "created", "updated", 1) }, "event 1 is task_updated, and the task exists: false"},
		{"a task made twice", func(s *scene) { s.events[3] = strings.Replace(s.events[3], "updated", "created", 1) }, "event 4 is task_created, and the task exists: true"},
		{"a deletion of what was not so", func(s *scene) { s.events[4] = strings.Replace(s.events[4], "k3", "k1", 1) }, "event 5 deletes a task as it was not"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene()
			tt.change(s)
			expect(t, checkFold(s.history(t), s.listings), tt.want)
		})
	}
}
