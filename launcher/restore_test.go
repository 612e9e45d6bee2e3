package launcher

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLastLogged(t *testing.T) {
	const (
		six   = "2026-11-24T19:00:06.000000Z out 2026-11-24T19:00:06Z #6 created \"six\"\n"
		seven = "2026-11-24T19:00:07.000000Z out 2026-11-24T19:00:07Z #7 created \"seven\"\n"
		said  = "2026-11-24T19:00:08.000000Z err Connected clients: 1\n"
	)
	for name, tt := range map[string]struct {
		log  string
		want uint64
	}{
		"nothing":                   {"", 0},
		"no events":                 {said, 0},
		"whole":                     {six + seven, 7},
		"whole, and words after it": {six + seven + said, 7},
		"cut in the text":           {six + seven[:len(seven)-4], 6},
		"without its newline":       {six + seven[:len(seven)-1], 6},
		"cut in the number":         {six + "2026-11-24T19:00:07.000000Z out 2026-11-24T19:00:07Z #7", 6},
		"cut in the event's time":   {six + "2026-11-24T19:00:07.000000Z out 2026-11-24T", 6},
		"cut in the line's time":    {six + "2026-11-24T19:0", 6},
		"cut in other words":        {six + seven + said[:len(said)-4], 7},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "consumer.log"), []byte(tt.log), 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := lastLogged(t.Context(), dir); got != tt.want || err != nil {
				t.Errorf("%d, %v; want %d", got, err, tt.want)
			}
		})
	}
}
