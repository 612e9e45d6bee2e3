package client

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUniqueEnds(t *testing.T) {
	got := uniqueEnds([]string{"a-1111", "b-2111", "c-3111", "d-5"})
	want := map[string]int{"a-1111": 4, "b-2111": 4, "c-3111": 4, "d-5": 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
