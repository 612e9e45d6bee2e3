package launcher

import (
	"io"
	"strings"

	"taskctl/pkg/logfile"
)

// maxEchoedLine is the length at which a line is cut, in bytes.
const maxEchoedLine = 8 << 10

// echo writes a component's stream to its log, and also shows each line on the
// launcher's output. Showing never blocks and may drop lines; the log has all of them.
type echo struct {
	io.WriteCloser
	lines *logfile.LineWriter
}

func newEcho(to io.WriteCloser, show func(line []byte)) *echo {
	return &echo{to, logfile.NewLineWriter(maxEchoedLine, show)}
}

func (e *echo) Write(p []byte) (int, error) {
	n, err := e.WriteCloser.Write(p)
	_, _ = e.lines.Write(p) // cannot fail
	return n, err
}

func (e *echo) Close() error {
	e.lines.End()
	return e.WriteCloser.Close()
}

// echoed wraps a component's stream so that its lines are also shown, with the
// component's name in front, if the user asked for that.
func (s *system) echoed(name string, to io.WriteCloser) io.WriteCloser {
	if !s.opts.Output {
		return to
	}
	width := 0
	for _, component := range s.cfg.ComponentNames() {
		width = max(width, len(component))
	}
	prefix := s.opts.Palette.Bold(name+strings.Repeat(" ", max(0, width-len(name)))) + " | "
	return newEcho(to, func(line []byte) {
		s.terminal.print(s.opts.Stdout, prefix+logfile.Printable(string(line))+"\n")
	})
}
