package message

import "time"

// WhyNeverDied says that there is no crash to explain.
func (l Lang) WhyNeverDied(name string) string {
	return l.say("%s has not died since this launcher started", "%s no ha muerto desde que arrancó este lanzador", name)
}

// WhyDied tells of a death.
func (l Lang) WhyDied(at string, pid int, generation uint64, exit string, uptime time.Duration) string {
	return l.say("died at %s: pid %d, generation %d, %s, after %s", "murió el %s: pid %d, generación %d, %s, tras %s",
		at, pid, generation, exit, l.Took(uptime))
}

// WhyNotStarted tells of a generation whose process could not be started.
func (l Lang) WhyNotStarted(at string, generation uint64, exit string) string {
	return l.say("at %s: generation %d %s", "el %s: la generación %d %s", at, generation, exit)
}

// WhyProbes heads the last health checks before the death.
func (l Lang) WhyProbes() string {
	return l.say("its last health checks:", "sus últimas comprobaciones:")
}

// WhyLines heads the last lines of output.
func (l Lang) WhyLines() string {
	return l.say("its last lines:", "sus últimas líneas:")
}

// WhyNext says what happens next to a component in a state.
func (l Lang) WhyNext(name, state string) string {
	switch state {
	case "failed":
		return l.say("it is not restarted any more; `taskctl restart %s` tries again", "ya no se reinicia; `taskctl restart %s` lo intenta de nuevo", name)
	case "backing-off":
		return l.say("it is restarted after the pause", "se reinicia tras la pausa")
	case "ready":
		return l.say("if it dies, it is restarted", "si muere, se reinicia")
	case "starting":
		return l.say("it is starting", "está arrancando")
	case "unhealthy":
		return l.say("it does not answer; if it still does not, it is restarted", "no responde; si sigue sin responder, se reinicia")
	}
	return l.say("it stays stopped until it is started", "sigue detenido hasta que se arranque")
}
