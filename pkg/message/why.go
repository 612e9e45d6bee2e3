package message

import "time"

func (l Lang) WhyShort() string {
	return l.say("Explain a component's last death and what happens next", "Explica la última muerte de un componente y qué sigue")
}

func (l Lang) WhyLong() string {
	return l.say(`Show one screen about a component: its state and restart budget, how it died
last (exit code, signal, out of memory), the last health checks, and the last
30 lines that it printed.`,
		`Muestra una pantalla sobre un componente: su estado y sus reinicios, cómo murió
la última vez (código, señal, memoria agotada), las últimas comprobaciones y las
últimas 30 líneas que imprimió.`)
}

// WhyNeverDied says that there is no crash to explain.
func (l Lang) WhyNeverDied(name string) string {
	return l.say("%s has not died since this launcher started", "%s no ha muerto desde que arrancó este lanzador", name)
}

// WhyDied tells of a death.
func (l Lang) WhyDied(at string, pid int, generation uint64, exit string, uptime time.Duration) string {
	return l.say("died at %s: pid %d, generation %d, %s, after %s", "murió a las %s: pid %d, generación %d, %s, tras %s",
		at, pid, generation, exit, Took(uptime))
}

// WhyNotStarted tells of a generation that no process came of.
func (l Lang) WhyNotStarted(at string, generation uint64, exit string) string {
	return l.say("at %s: generation %d %s", "a las %s: la generación %d %s", at, generation, exit)
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
		return l.say("it is watched; if it dies it is restarted", "está vigilado; si muere se reinicia")
	case "starting":
		return l.say("it is starting", "está arrancando")
	case "unhealthy":
		return l.say("it does not answer; if that goes on it is restarted", "no responde; si sigue así se reinicia")
	}
	return l.say("nothing happens until it is started", "nada ocurre hasta que se arranque")
}
