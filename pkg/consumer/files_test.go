package consumer_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"taskctl/pkg/client/clienttest"
	"taskctl/pkg/consumer"
	"taskctl/pkg/message"
)

// A consumer writes neither over its own checkpoint nor into a system's files, by
// whatever name they are given.
func TestFilesThatAreRefused(t *testing.T) {
	s := clienttest.New(t)
	s.Add(3)
	for name, test := range map[string]struct {
		output, checkpoint string
		links              [][2]string // target and name
		symbolic           bool
		fault              consumer.FileFault
	}{
		"the same name":                  {output: "a", checkpoint: "a", fault: consumer.FaultSame},
		"another spelling":               {output: "a", checkpoint: "./x/../a", fault: consumer.FaultSame},
		"a link to a missing file":       {output: "a", checkpoint: "b", links: [][2]string{{"a", "b"}}, symbolic: true, fault: consumer.FaultSame},
		"a link to a link":               {output: "a", checkpoint: "c", links: [][2]string{{"a", "b"}, {"b", "c"}}, symbolic: true, fault: consumer.FaultSame},
		"a link to the directory":        {output: "x/a", checkpoint: "y/a", links: [][2]string{{"x", "y"}}, symbolic: true, fault: consumer.FaultSame},
		"a hard link":                    {output: "old", checkpoint: "b", links: [][2]string{{"old", "b"}}, fault: consumer.FaultSame},
		"the default checkpoint, linked": {output: "a", links: [][2]string{{"a", "a.checkpoint"}}, symbolic: true, fault: consumer.FaultSame},
		"output in data":                 {output: "data/new", fault: consumer.FaultSystem},
		"output below data":              {output: "data/hooks/new", fault: consumer.FaultSystem},
		"checkpoint in data":             {output: "a", checkpoint: "data/new", fault: consumer.FaultSystem},
		"a file of data, linked":         {output: "b", links: [][2]string{{"data/run.json", "b"}}, symbolic: true, fault: consumer.FaultSystem},
		"a file of data, hard-linked":    {output: "b", links: [][2]string{{"data/hooks/h", "b"}}, fault: consumer.FaultSystem},
		"data, linked":                   {output: "d/new", links: [][2]string{{"data", "d"}}, symbolic: true, fault: consumer.FaultSystem},
		"a log that does not exist yet":  {output: "logs/api.log", fault: consumer.FaultSystem},
		"a log":                          {output: "logs/consumer.log", fault: consumer.FaultSystem},
		"a database of another system":   {output: "other.db", fault: consumer.FaultSystem},
		"a directory":                    {output: "x", fault: consumer.FaultNotRegular},
		"no directory":                   {output: "none/a", fault: consumer.FaultOpen},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Chdir(dir)
			for _, d := range []string{"x", "data/hooks", "logs"} {
				if err := os.MkdirAll(d, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			files := map[string]string{"old": "{}\n", "data/run.json": "{}", "data/hooks/h": "h", "logs/consumer.log": "x\n", "other.db": "SQLite format 3\x00rest"}
			for path, text := range files {
				write(t, path, text)
			}
			for _, link := range test.links {
				make := os.Link
				target := link[0]
				if test.symbolic {
					make = os.Symlink
				}
				if err := make(target, link[1]); err != nil {
					t.Skip(err) // Windows asks for a privilege
				}
			}
			cfg := consumer.Config{JSON: true, Output: test.output, Checkpoint: test.checkpoint, Protected: consumer.Protected{
				Dir: filepath.Join(dir, "data"), Files: []string{filepath.Join(dir, "logs", "api.log"), filepath.Join(dir, "logs", "consumer.log")},
			}}
			err := <-start(t, s, cfg, message.English).done
			var refused *consumer.FileError
			if !errors.As(err, &refused) || refused.Fault != test.fault {
				t.Errorf("Run: %v; want the fault %s", err, test.fault)
			}
			for path, text := range files {
				if got := string(read(t, path)); got != text {
					t.Errorf("%s now holds %q", path, got)
				}
			}
			if _, err := os.Lstat("a"); err == nil {
				t.Error("an output was created")
			}
		})
	}
}
