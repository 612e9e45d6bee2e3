package message_test

import (
	"testing"
	"time"

	"taskctl/pkg/message"
)

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{message.English.Bytes(0), "0 B"},
		{message.English.Bytes(1023), "1023 B"},
		{message.English.Bytes(1536), "1.5 KiB"},
		{message.English.Bytes(200 << 20), "200 MiB"},
		{message.English.Bytes(22<<20 + 400_000), "22.4 MiB"},
		{message.English.Bytes(3<<30 + 1<<29), "3.5 GiB"},
		{message.Spanish.Bytes(1536), "1,5 KiB"},
		{message.English.Number("%.1f%%", 2.25), "2.2%"},
		{message.Spanish.Number("%.1f%%", 2.25), "2,2%"},
		{message.Spanish.Number("%.0f", 1234), "1234"},
		{message.English.Took(2*time.Millisecond + 144*time.Microsecond), "2.14ms"},
		{message.Spanish.Took(2*time.Millisecond + 144*time.Microsecond), "2,14ms"},
		{message.Spanish.Took(90 * time.Second), "1m30s"},
		{message.Spanish.BudgetNextTry("", 2500*time.Millisecond), ", próximo intento en 2,5 s"},
		{message.Spanish.StatusHeading("listo", "processes", "/srv/a.b", 1), "listo  (processes, pid 1, /srv/a.b)"},
		{message.English.BackupDone("f", 1, "e:1", "1 B"), "backed up and verified: f, 1 task, position e:1, 1 B"},
		{message.Spanish.BackupDone("f", 2, "e:1", "1 B"), "copia hecha y comprobada: f, 2 tareas, posición e:1, 1 B"},
		{message.English.BenchMachine(1, "x", "linux", "go"), "1 CPU, x, linux, go"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
