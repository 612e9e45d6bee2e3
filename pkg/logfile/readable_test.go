package logfile

import (
	"testing"
	"time"
)

// TestReadable checks that a line has one time on a terminal, and that logfmt is shown
// as message and details. Other lines stay unchanged.
func TestReadable(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.FixedZone("", 3600))
	for _, c := range []struct{ text, level, message, details string }{
		{`level=INFO msg="client connected" remote=127.0.0.1:1 clients=1`, "", "client connected", "remote=127.0.0.1:1 clients=1"},
		{`level=INFO msg=ready took=70ms`, "", "ready", "took=70ms"},
		{`level=WARN msg="say \"when\""`, "WARN", `say "when"`, ""},
		{`level=ERROR+2 msg=x`, "ERROR+2", "x", ""},
		{`time=2026-01-02T02:04:05.700Z level=INFO msg=ready`, "", "ready", ""},
		{`time="2026-01-02 03:04:05" level=INFO msg=ready a=b`, "", "ready", "a=b"},
		{`2026-01-02T02:04:05.677Z #1 created 01a2  Buy milk`, "", "#1 created 01a2  Buy milk", ""},
		{`2026-01-02 03:04:05,001 root INFO started`, "", "root INFO started", ""},
		{`2025-01-02T02:04:05Z is when it began`, "", `2025-01-02T02:04:05Z is when it began`, ""},
		{`2026-99-99T02:04:05Z x`, "", `2026-99-99T02:04:05Z x`, ""},
		{`level=INFO msg="no end`, "", `level=INFO msg="no end`, ""},
		{`msg=x level=INFO`, "", "msg=x level=INFO", ""},
		{`plain text`, "", "plain text", ""},
		{``, "", "", ""},
	} {
		level, message, details := readable(c.text, at)
		if level != c.level || message != c.message || details != c.details {
			t.Errorf("%q: %q, %q, %q", c.text, level, message, details)
		}
	}
}
