package message

import "time"

// HooksNone says that the settings have no hook.
func (l Lang) HooksNone() string {
	return l.say("the settings have no hooks; docs/hooks.md shows how to add one",
		"los ajustes no tienen hooks; docs/hooks.md muestra cómo añadir uno")
}

// HookUnknown says that no hook has a name.
func (l Lang) HookUnknown(name string) string {
	return l.say("there is no hook named %q; `taskctl hooks list` shows them", "no hay ningún hook llamado %q; `taskctl hooks list` los muestra", name)
}

// HookReplayed is the result of a replay.
func (l Lang) HookReplayed(delivered, remaining int) string {
	return l.say("delivered: %d; remaining: %d", "entregados: %d; quedan: %d", delivered, remaining)
}

// HookNextAttempt completes the last error of a hook.
func (l Lang) HookNextAttempt(attempts int, in time.Duration) string {
	return l.say(" (attempt %d; next in %s)", " (intento %d; el siguiente en %s)", attempts, in.Round(time.Second))
}

// HookState names the state of a hook.
func (l Lang) HookState(state string) string {
	switch state {
	case "ready":
		return l.say("ready", "listo")
	case "connecting":
		return l.say("connecting", "conectando")
	case "retrying":
		return l.say("retrying", "reintentando")
	case "failed":
		return l.say("failed", "fallido")
	}
	return l.say("stopped", "detenido")
}

func (l Lang) ColumnHook() string        { return l.say("hook", "hook") }
func (l Lang) ColumnTarget() string      { return l.say("target", "destino") }
func (l Lang) ColumnLag() string         { return l.say("lag", "retraso") }
func (l Lang) ColumnDeadLetters() string { return l.say("dead letters", "fallidos") }
