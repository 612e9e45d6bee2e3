package message

// What `status` and its live view say.

func (l Lang) StatusShort() string {
	return l.say("Show how the system is", "Muestra cómo está el sistema")
}

func (l Lang) StatusLong() string {
	return l.say(`Show the components with their state, address, uptime, restarts, CPU and
memory. The exit code tells: 0 ready, 7 not running, 8 not all ready.`,
		`Muestra los componentes con su estado, dirección, tiempo, reinicios, CPU y
memoria. El código de salida: 0 listo, 7 no funciona, 8 no todo está listo.`)
}

func (l Lang) FlagWatch() string {
	return l.say("keep showing it", "lo sigue mostrando")
}

// StatusHeading says how the whole system is.
func (l Lang) StatusHeading(state, mode, dir string, pid int) string {
	return l.say("%s  (%s, pid %d, %s)", "%s  (%s, pid %d, %s)", state, mode, pid, dir)
}

// StatusTraffic tells who is connected, what was last, and how the test went.
func (l Lang) StatusTraffic(clients int, seq uint64) string {
	return l.say("connected clients: %d   last event: %d", "clientes conectados: %d   último evento: %d", clients, seq)
}

func (l Lang) StatusRoundTrip(took string) string {
	return l.say("   test round trip: %s", "   ida y vuelta de prueba: %s", took)
}

// StateName is a state in words for people; machines read the English one.
func (l Lang) StateName(state string) string {
	if l != Spanish {
		return state
	}
	switch state {
	case "starting":
		return "arrancando"
	case "ready":
		return "listo"
	case "degraded":
		return "degradado"
	case "unhealthy":
		return "enfermo"
	case "backing-off":
		return "esperando"
	case "stopping":
		return "parando"
	case "stopped":
		return "parado"
	case "failed":
		return "fallido"
	}
	return state
}

// WatchRate tells how many events a second there are.
func (l Lang) WatchRate(rate float64) string {
	return l.say("events per second: %.1f", "eventos por segundo: %.1f", rate)
}

// WatchTrouble heads the launcher's last complaints.
func (l Lang) WatchTrouble() string { return l.say("last trouble", "últimos problemas") }

// WatchKeys says how the live view is left.
func (l Lang) WatchKeys() string { return l.say("q leaves", "q para salir") }
