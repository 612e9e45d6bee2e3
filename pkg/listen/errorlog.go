package listen

import (
	"context"
	"log"
	"log/slog"
	"strings"
)

// newErrorLog returns the error log of an http.Server. It drops errors that any client
// can cause, so that clients cannot fill the log.
func newErrorLog(logger *slog.Logger) *log.Logger {
	return log.New(errorWriter{logger}, "", 0)
}

type errorWriter struct{ logger *slog.Logger }

func (w errorWriter) Write(p []byte) (int, error) {
	text := strings.TrimSuffix(string(p), "\n")
	level := slog.LevelDebug
	if strings.HasPrefix(text, "http: panic serving") || strings.HasPrefix(text, "http2: panic serving") {
		level = slog.LevelError
	}
	w.logger.Log(context.Background(), level, text)
	return len(p), nil
}
