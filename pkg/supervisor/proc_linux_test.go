package supervisor

import (
	"os"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	rest := " 1 42 41 0 -1 4194304 101 0 0 0 5 6 7 8 20 0 1 0 83334 3133440 230"
	for _, tt := range []struct {
		name, text string
		want       procInfo
		state      byte
		ok         bool
	}{
		{"plain", "42 (cat) R" + rest, procInfo{pid: 42, parent: 1, group: 42, session: 41, cpuTicks: 26, rssPages: 230, started: 83334, command: "cat"}, 'R', true},
		{"a name with everything", "42 (a) R 1 (b) Z" + rest, procInfo{pid: 42, parent: 1, group: 42, session: 41, cpuTicks: 26, rssPages: 230, started: 83334, command: "a) R 1 (b"}, 'Z', true},
		{"an empty name", "42 () T" + rest, procInfo{pid: 42, parent: 1, group: 42, session: 41, cpuTicks: 26, rssPages: 230, started: 83334}, 'T', true},
		{"cut short", "42 (cat) R 1 42", procInfo{}, 0, false},
		{"no name", "42 R 1 42", procInfo{}, 0, false},
		{"nothing", "", procInfo{}, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, state, ok := parseStat([]byte(tt.text))
			if p != tt.want || state != tt.state || ok != tt.ok {
				t.Errorf("got %+v %c %v", p, state, ok)
			}
		})
	}
}

func TestWaitingForADeathIsBounded(t *testing.T) {
	self, _, ok := readStat(os.Getpid())
	if !ok {
		t.Fatal("this process is not in /proc")
	}
	for _, atMost := range []time.Duration{-time.Hour, 0, time.Nanosecond, 10 * time.Millisecond} {
		awaitDeathOf([]procInfo{self}, atMost)
	}
}

func FuzzParseStat(f *testing.F) {
	text, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(_ *testing.T, text []byte) { parseStat(text) })
}

func TestGenerationIDs(t *testing.T) {
	id := generationID(componentID("RUN", "my.mailer"), 12)
	for _, tt := range []struct {
		name, environ, component string
	}{
		{"in the middle", "A=1\x00" + GenerationVariable + "=" + id + "\x00B=2\x00", "my.mailer"},
		{"of another run", GenerationVariable + "=RUNNER.api.1\x00", ""},
		{"in a value", "X=" + GenerationVariable + "=" + id + "\x00", ""},
		{"without a generation", GenerationVariable + "=RUN.\x00", ""},
		{"none", "A=1\x00", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			component, found := componentOf([]byte(tt.environ), "RUN")
			if component != tt.component || found != (tt.component != "") {
				t.Errorf("got %q, %v", component, found)
			}
		})
	}
	if _, found := componentOf([]byte(GenerationVariable+"=.api.1\x00"), ""); found {
		t.Error("a run without a id claims processes")
	}
}
