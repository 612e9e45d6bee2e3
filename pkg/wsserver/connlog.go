package wsserver

import (
	"log/slog"
	"sync"
)

// connLogLines bounds the lines about connections in each interval of [hub.maintain].
const connLogLines = 100

// connLog logs connections that come and go. When there are too many of them it only
// counts them, so that they cannot push everything else out of the log files.
type connLog struct {
	logger *slog.Logger

	mu      sync.Mutex
	lines   int
	skipped int
}

func (l *connLog) info(msg string, args ...any) {
	l.mu.Lock()
	l.lines++
	skip := l.lines > connLogLines
	if skip {
		l.skipped++
	}
	l.mu.Unlock()
	if !skip {
		l.logger.Info(msg, args...)
	}
}

// next begins the next interval, and says what was skipped in the last one.
func (l *connLog) next() {
	l.mu.Lock()
	skipped := l.skipped
	l.lines, l.skipped = 0, 0
	l.mu.Unlock()
	if skipped > 0 {
		l.logger.Info("more connections came and went than are logged", "lines_skipped", skipped)
	}
}
