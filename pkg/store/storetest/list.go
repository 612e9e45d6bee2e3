package storetest

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"taskctl/pkg/task"
)

func testList(t *testing.T, open Open) {
	f := newFixture(t, open)
	p := f.list(task.Query{Limit: 1})
	if len(p.Records) != 0 || p.Next != "" || p.Position.Epoch == "" || p.Position.Seq != 0 {
		t.Fatalf("the page of an empty store: %+v", p)
	}
	const count = 25
	var want []string
	var made []task.Task
	for i := range count {
		// Ids are not in order; pages are in the order of creation.
		r := f.write(task.Change{Kind: task.Create, ID: NewID(t), Patch: Values(numbered("task", i), "", i%3 == 0)})
		made = append(made, r.Task)
		want = append([]string{r.Task.Title}, want...)
	}
	only := func(done bool) []string {
		return slices.DeleteFunc(slices.Clone(want), func(title string) bool {
			i := slices.IndexFunc(made, func(t task.Task) bool { return t.Title == title })
			return made[i].Completed != done
		})
	}
	for _, limit := range []int{1, 2, 5, 8, count - 1, count, count + 1, 1000} {
		equal(t, "all", f.all(task.Query{Limit: limit}), want)
		equal(t, "done", f.all(task.Query{Limit: limit, Completed: ptr(true)}), only(true))
		equal(t, "open", f.all(task.Query{Limit: limit, Completed: ptr(false)}), only(false))
	}
	p = f.list(task.Query{Limit: count})
	equal(t, "the newest", f.decode(p.Records[0]), made[count-1])
	equal(t, "next of the only page", p.Next, "")
	equal(t, "position", p.Position.Seq, count)

	// Writes between two pages do not move the next page.
	p = f.list(task.Query{Limit: 10})
	f.create("newer", "")
	f.write(task.Change{Kind: task.Delete, ID: f.decode(p.Records[9]).ID}) // the task of the cursor
	f.write(task.Change{Kind: task.Merge, ID: made[3].ID, Patch: task.Patch{Description: ptr("touched")}})
	equal(t, "rest", f.all(task.Query{Limit: 4, Cursor: p.Next}), want[10:])

	for _, cursor := range []string{
		"x", "0", "-1", "AAAAAAAAAAAAAAAA", p.Next + "A", p.Next[1:], strings.ToLower(p.Next) + "=", "' OR 1=1",
		strings.Repeat("A", 10_000), "\x00", "\xff", p.Next + "\n", " " + p.Next,
	} {
		_, err := f.List(f.ctx, task.Query{Limit: 10, Cursor: cursor})
		var invalid *task.InvalidError
		if !errors.As(err, &invalid) || invalid.Field != "cursor" {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}

// testIDParts looks tasks up by the beginning and the end of their ids.
func testIDParts(t *testing.T, open Open) {
	f := newFixture(t, open)
	const begins = "01900000-0000-7000-8000-"
	for i, end := range []string{"00000000abcd", "00000001abcd", "0000abcd0000", "a1b2c3d4e5f6"} {
		f.write(task.Change{Kind: task.Create, ID: begins + end, Patch: Values(end, "", i%2 == 1)})
	}
	f.create("of another time", "")
	for part, want := range map[string][]string{
		begins + "00000000abcd":  {"00000000abcd"},
		"0abcd":                  {"00000000abcd"},
		"1abcd":                  {"00000001abcd"},
		"abcd":                   {"00000001abcd", "00000000abcd"},
		"00-a1b2c3d4e5f6":        {"a1b2c3d4e5f6"},
		begins:                   {"a1b2c3d4e5f6", "0000abcd0000", "00000001abcd", "00000000abcd"},
		begins + "0000a":         {"0000abcd0000"},
		"abc":                    {}, // neither beginning nor end
		"ffffffff":               {},
		"%abcd":                  {},
		"_abcd":                  {},
		begins + "a1b2c3d4e5f67": {},
	} {
		for _, limit := range []int{1, 2, 100} {
			equal(t, "ids with "+part, f.all(task.Query{Limit: limit, IDPart: part}), want)
		}
	}
	equal(t, "completed", f.all(task.Query{Limit: 9, IDPart: "abcd", Completed: ptr(true)}), []string{"00000001abcd"})
	equal(t, "open", f.all(task.Query{Limit: 9, IDPart: "abcd", Completed: ptr(false)}), []string{"00000000abcd"})
}

// testLargePages checks that pages and reads end at their maximum size.
func testLargePages(t *testing.T, open Open) {
	f := newFixture(t, open)
	description := strings.Repeat("日", task.MaxDescription) // three bytes each
	var want []string
	for i := range 120 {
		want = append([]string{f.create(numbered("large", i), description).Task.Title}, want...)
	}
	for _, q := range []task.Query{{Limit: 1000}, {Limit: 1000, Completed: ptr(false)}, {Limit: 1000, Contains: "日"}} {
		pages := 0
		var got []string
		for next := (task.RecordPage{Next: "first"}); next.Next != ""; q.Cursor = next.Next {
			next = f.list(q)
			pages++
			size := 0
			for _, r := range next.Records {
				size += len(r.JSON)
				got = append(got, f.decode(r).Title)
			}
			if size > task.MaxPageBytes+4*task.MaxDescription {
				t.Fatalf("a page of %d bytes", size)
			}
		}
		equal(t, "large tasks", got, want)
		if pages < 3 {
			t.Errorf("%d pages for %d bytes", pages, len(want)*len(description))
		}
	}
	events, _, err := f.Read(f.ctx, task.Position{}, 1000)
	if err != nil || len(events) == 0 || len(events) > 40 {
		t.Errorf("Read returned %d events of %d bytes each, and %v", len(events), len(description), err)
	}
}

// testLargeSearch searches more text than one page may compare: pages end early, name
// the next one, and together find every match.
func testLargeSearch(t *testing.T, open Open) {
	f := newFixture(t, open)
	f.create("needle", "")
	description := strings.Repeat("日", task.MaxDescription) // three bytes each
	for i := range 1000 {
		f.create(numbered("large", i), description)
	}
	for _, text := range []string{"needle", "ne"} { // with an index, and without
		q := task.Query{Limit: 10, Contains: text}
		first := f.list(q)
		if len(first.Records) == 0 && first.Next == "" {
			t.Errorf("search for %q ends before the task", text)
		}
		equal(t, "search for "+text, f.all(q), []string{"needle"})
	}
}

func testSearch(t *testing.T, open Open) {
	f := newFixture(t, open)
	texts := [][2]string{
		{"Comprar café", "en la ESQUINA"},
		{"100% done", "under_score and 'quote' and \"double\""},
		{"NEAR(a b) AND NOT *", "col:value -minus +plus ^caret (paren"},
		{"Éclair", "ÀÉÎÕÜ ß Straße ΣΊΣΥΦΟΣ"},
		{"日本語のタスク", "会議は明日"},
		{"emoji 🎉🎊", "👩‍👩‍👧"},
		{"backslash \\ and [set] {brace}", "a\nb\tc"},
		{"x", ""},
		{"K kelvin \u212A", "ſ long s"},
		{"combined", "the title does not touch"},
		{"decomposed", "cafe\u0301 solo, \u1112\u1161\u11AB"},
		{"marks", "q\u0323\u0307"},
	}
	for _, text := range texts {
		f.create(text[0], text[1])
	}
	// Former texts are no longer found.
	changed := f.create("former words", "vanished").Task
	f.write(task.Change{Kind: task.Replace, ID: changed.ID, Patch: Values("present words", "", true)})
	gone := f.create("gone words", "vanished").Task
	f.write(task.Change{Kind: task.Delete, ID: gone.ID})

	for q, want := range map[string][]string{
		"":                          nil, // all; checked below
		"CAFÉ":                      {"decomposed", "Comprar café"},
		"afé":                       {"decomposed", "Comprar café"},
		"cafe\u0301":                {"decomposed", "Comprar café"},
		"AFE\u0301 S":               {"decomposed"},
		"cafe":                      {},
		"한":                         {"decomposed"},
		"q\u0307\u0323":             {"marks"},
		"esquina":                   {"Comprar café"},
		"a ESQ":                     {"Comprar café"},
		"é":                         {"decomposed", "Éclair", "Comprar café"},
		"%":                         {"100% done"},
		"0%":                        {"100% done"},
		"_":                         {"100% done"},
		"r_s":                       {"100% done"},
		"'quote'":                   {"100% done"},
		`"double"`:                  {"100% done"},
		`"`:                         {"100% done"},
		"near(A B)":                 {"NEAR(a b) AND NOT *"},
		"NOT *":                     {"NEAR(a b) AND NOT *"},
		"col:value":                 {"NEAR(a b) AND NOT *"},
		"-minus +plus":              {"NEAR(a b) AND NOT *"},
		"^car":                      {"NEAR(a b) AND NOT *"},
		"(":                         {"NEAR(a b) AND NOT *"},
		"àéîõü":                     {"Éclair"},
		"STRASSE":                   {},
		"STRAẞE":                    {"Éclair"},
		"σίσυφος":                   {"Éclair"},
		"日本":                        {"日本語のタスク"},
		"明日":                        {"日本語のタスク"},
		"本語の":                       {"日本語のタスク"},
		"🎊":                         {"emoji 🎉🎊"},
		"🎉🎊":                        {"emoji 🎉🎊"},
		"👩‍👧":                       {"emoji 🎉🎊"},
		`\`:                         {`backslash \ and [set] {brace}`},
		"[set]":                     {`backslash \ and [set] {brace}`},
		"a\nb":                      {`backslash \ and [set] {brace}`},
		"\n":                        {`backslash \ and [set] {brace}`},
		"marks\nq":                  {},
		"X":                         {"x"},
		"kelvin k":                  {"K kelvin \u212A"},
		"S LONG":                    {"K kelvin \u212A"},
		"combinedthe":               {},
		"edthe":                     {},
		"former":                    {},
		"vanished":                  {},
		"words":                     {"present words"},
		"WORDS":                     {"present words"},
		"\x00":                      {},
		"zz":                        {},
		"no such text":              {},
		strings.Repeat("a", 20_000): {},
	} {
		if want == nil {
			want = f.all(task.Query{Limit: 1000})
		}
		if q == "X" {
			if got := f.all(task.Query{Limit: 100, Contains: q}); !slices.Contains(got, "x") {
				t.Fatalf("search for %q: %q", q, got)
			}
			continue
		}
		for _, limit := range []int{1, 2, 100} {
			equal(t, "search for "+q, f.all(task.Query{Limit: limit, Contains: q}), want)
		}
	}
	equal(t, "open words", f.all(task.Query{Limit: 9, Contains: "words", Completed: ptr(false)}), []string{})
	equal(t, "done words", f.all(task.Query{Limit: 9, Contains: "words", Completed: ptr(true)}), []string{"present words"})

	if _, err := f.List(f.ctx, task.Query{Limit: 9, Contains: "\xc3"}); !errors.Is(err, task.ErrInvalid) {
		t.Fatalf("search for what is not UTF-8: %v", err)
	}
	testSearchAgainstScan(t, f)
}

// testSearchAgainstScan searches for random pieces of random texts from a small
// alphabet, while tasks are created, changed and deleted, and compares the result with
// a plain scan.
func testSearchAgainstScan(t *testing.T, f *fixture) {
	random := rand.New(rand.NewPCG(1, 2)) // repeatable on purpose
	alphabet := []rune("aAbBéÉ 日%_\"'*ß")
	text := func(most int) string {
		var b strings.Builder
		for range random.IntN(most) {
			b.WriteRune(alphabet[random.IntN(len(alphabet))])
		}
		return b.String()
	}
	fold := func(s string) string { return strings.ToLower(s) }
	tasks := map[string]task.Task{}
	for _, old := range f.tasks(task.Query{Limit: 1000}) {
		f.write(task.Change{Kind: task.Delete, ID: old.ID})
	}
	for range 300 {
		switch id := NewID(t); random.IntN(4) {
		default:
			r := f.write(task.Change{Kind: task.Create, ID: id, Patch: Values("t"+text(12), text(20), random.IntN(2) == 0)})
			tasks[id] = r.Task
		case 2:
			for id := range tasks {
				tasks[id] = f.write(task.Change{Kind: task.Merge, ID: id, Patch: task.Patch{Description: ptr(text(20))}}).Task
				break
			}
		case 3:
			for id := range tasks {
				f.write(task.Change{Kind: task.Delete, ID: id})
				delete(tasks, id)
				break
			}
		}
	}
	for range 200 {
		q := text(5)
		want := []string{}
		newest := f.tasks(task.Query{Limit: 1000})
		for _, t := range newest {
			if strings.Contains(fold(t.Title), fold(q)) || strings.Contains(fold(t.Description), fold(q)) {
				want = append(want, t.Title)
			}
		}
		equal(t, "search for "+q, f.all(task.Query{Limit: 1 + random.IntN(50), Contains: q}), want)
	}
	if got := len(f.all(task.Query{Limit: 1000})); got != len(tasks) {
		t.Fatalf("%d tasks, want %d", got, len(tasks))
	}
}
