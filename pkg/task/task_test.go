package task

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestNormalizeTitle(t *testing.T) {
	for text, want := range map[string]string{
		"t":                            "t",
		" \t\n\u00a0\u2003t  x\u3000 ": "t  x",
		strings.Repeat("é", MaxTitle):  strings.Repeat("é", MaxTitle),
		" " + strings.Repeat("\U0001F389", MaxTitle) + " ": strings.Repeat("\U0001F389", MaxTitle),
	} {
		if got, err := NormalizeTitle(text); err != nil || got != want {
			t.Errorf("NormalizeTitle(%q) = %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", " \t\n", "\u00a0", "\xff", "a\xc3", "\x00", "a\x00b", strings.Repeat("x", MaxTitle+1), strings.Repeat("é", MaxTitle+1)} {
		_, err := NormalizeTitle(text)
		var invalid *InvalidError
		if !errors.As(err, &invalid) || invalid.Field != "title" {
			t.Errorf("NormalizeTitle(%q): %v", text, err)
		}
	}
}

func TestCheckDescription(t *testing.T) {
	for _, text := range []string{"", " spaces stay ", strings.Repeat("\U0001F389", MaxDescription), "a\nb"} {
		if err := CheckDescription(text); err != nil {
			t.Errorf("CheckDescription(%.20q…): %v", text, err)
		}
	}
	for _, text := range []string{"\xff", "\x00", strings.Repeat("x", MaxDescription+1)} {
		err := CheckDescription(text)
		var invalid *InvalidError
		if !errors.As(err, &invalid) || invalid.Field != "description" {
			t.Errorf("CheckDescription(%.20q…): %v", text, err)
		}
	}
}

func TestPatchApply(t *testing.T) {
	before := Task{ID: "i", Title: "t", Description: "d", Completed: true, Version: 7}
	title, empty, no, yes := "t", "", false, true
	other := "other"
	for _, test := range []struct {
		name    string
		patch   Patch
		want    Task
		changed bool
	}{
		{"nothing", Patch{}, before, false},
		{"the same", Patch{Title: &title, Completed: &yes}, before, false},
		{"title", Patch{Title: &other}, Task{ID: "i", Title: "other", Description: "d", Completed: true, Version: 7}, true},
		{"to empty", Patch{Description: &empty}, Task{ID: "i", Title: "t", Completed: true, Version: 7}, true},
		{"all", Patch{Title: &other, Description: &other, Completed: &no}, Task{ID: "i", Title: "other", Description: "other", Version: 7}, true},
	} {
		if got, changed := test.patch.Apply(before); got != test.want || changed != test.changed {
			t.Errorf("%s: %+v, %v", test.name, got, changed)
		}
	}
}

func TestPatchGuard(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_000).UTC()
	task := Task{CreatedAt: at, UpdatedAt: at.Add(time.Second)}
	created, updated := at.In(time.FixedZone("", 7200)), at.Add(time.Second)
	for _, g := range []PatchGuard{{}, {CreatedAt: &created}, {UpdatedAt: &updated}, {CreatedAt: &created, UpdatedAt: &updated}} {
		if err := g.Check(task); err != nil {
			t.Errorf("%+v: %v", g, err)
		}
	}
	for field, g := range map[string]PatchGuard{
		"created_at": {CreatedAt: &updated, UpdatedAt: &created},
		"updated_at": {CreatedAt: &created, UpdatedAt: &created},
	} {
		var invalid *InvalidError
		if err := g.Check(task); !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%+v: %v", g, err)
		}
	}
}

func TestErrors(t *testing.T) {
	invalid := fmt.Errorf("write: %w", Invalidf("limit", "must be at most %d", 1000))
	gone := fmt.Errorf("read: %w", &GoneError{Reason: GoneTooOld, Head: Position{"e", 9}})
	for _, test := range []struct {
		err, is error
		text    string
	}{
		{invalid, ErrInvalid, "write: limit must be at most 1000"},
		{gone, ErrGone, "read: cannot resume (too_old): the log stands at e:9"},
	} {
		if !errors.Is(test.err, test.is) || errors.Is(test.err, ErrNotFound) || test.err.Error() != test.text {
			t.Errorf("%v", test.err)
		}
	}
}

func TestTimestamp(t *testing.T) {
	at := time.Date(2024, 1, 15, 11, 0, 0, 123_999_999, time.FixedZone("", 3600))
	if got, want := Timestamp(at), time.Date(2024, 1, 15, 10, 0, 0, 123_000_000, time.UTC); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if got := Timestamp(time.Now()); got != time.UnixMilli(got.UnixMilli()).UTC() {
		t.Errorf("%#v is not what comes back from a store", got)
	}
}

func TestEventTypeValid(t *testing.T) {
	for typ, want := range map[EventType]bool{Created: true, Updated: true, Deleted: true, "": false, "task_renamed": false} {
		if typ.Valid() != want {
			t.Errorf("%q.Valid() = %v", typ, !want)
		}
	}
}
