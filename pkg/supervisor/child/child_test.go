package child

import (
	"reflect"
	"testing"
)

func TestWiringSurvivesItsText(t *testing.T) {
	for _, w := range []Descriptors{
		{Notify: 3, Lifeline: 4},
		{Notify: 3, Lifeline: 4, Listen: []int{5, 6}, Gated: true},
	} {
		got, err := ParseDescriptors(w.String())
		if err != nil || !reflect.DeepEqual(got, w) {
			t.Errorf("%q came back as %+v, %v", w, got, err)
		}
	}
}

func TestParseWiringRefuses(t *testing.T) {
	for _, text := range []string{
		"", "notify=3", "lifeline=4", "notify=3 lifeline=3", "notify=1 lifeline=4", "notify=3 lifeline=4 listen=0",
		"notify=3 lifeline=4 listen=5,5", "notify=3 lifeline=4 listen=", "notify=3 lifeline=4 listen=5,,6", "notify=3 lifeline=4 what",
		"notify=-1 lifeline=4", "notify=99999999999999999999 lifeline=4",
	} {
		if w, err := ParseDescriptors(text); err == nil {
			t.Errorf("%q was taken as %+v", text, w)
		}
	}
}

func FuzzParseWiring(f *testing.F) {
	f.Add("notify=3 lifeline=4 listen=5,6 gated")
	f.Fuzz(func(t *testing.T, text string) {
		w, err := ParseDescriptors(text)
		if err != nil {
			return
		}
		if again, err := ParseDescriptors(w.String()); err != nil || !reflect.DeepEqual(again, w) {
			t.Errorf("%q: %+v became %+v, %v", text, w, again, err)
		}
	})
}

func TestANilHandleIsSilent(t *testing.T) {
	var h *Handle
	h.Ready()
	h.Alive()
	h.Note("seen")
	if h.Listeners() != nil || h.Gone() != nil || h.Stdout() != nil || h.Stderr() != nil || h.Gate().Accept != nil || h.Gate().Retire != nil {
		t.Error("a nil handle has something to say")
	}
	if ctx, leave := Guard(t.Context(), h); ctx != t.Context() {
		t.Error("a nil handle guards")
	} else {
		leave()
	}
}
