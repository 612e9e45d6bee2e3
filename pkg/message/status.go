package message

// What `status` and its live view say.

// StatusHeading is the state of the whole system.
func (l Lang) StatusHeading(state, mode, dir string, pid int) string {
	return l.say("%s  (%s, pid %d, %s)", "%s  (%s, pid %d, %s)", state, mode, pid, dir)
}

// StatusTraffic tells who is connected, what was last, and how the test went.
func (l Lang) StatusTraffic(clients int, seq uint64) string {
	return l.say("connected clients: %d   last event: %d", "clientes conectados: %d   último evento: %d", clients, seq)
}

// StatusService tells of a store or a broker that is a server of its own.
func (l Lang) StatusService(store, server, storeState, broker, brokerState string, lag uint64) string {
	return l.say("store: %s at %s, %s   broker: %s, %s   lag: %s", "almacén: %s en %s, %s   broker: %s, %s   retraso: %s",
		store, server, storeState, broker, brokerState, l.events(int64(lag)))
}

// StatusStoreDegraded tells why the store refuses writes.
func (l Lang) StatusStoreDegraded(reason string) string {
	return l.say("store degraded: %s", "almacén degradado: %s", reason)
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
		return "no responde"
	case "backing-off":
		return "en espera"
	case "stopping":
		return "deteniéndose"
	case "stopped":
		return "detenido"
	case "failed":
		return "fallido"
	case "done":
		return "terminado"
	}
	return state
}

// WatchRate tells how many events a second there are.
func (l Lang) WatchRate(rate float64) string {
	return l.say("events per second: %.1f", "eventos por segundo: %.1f", rate)
}

// WatchTrouble heads the last warnings and errors of the launcher.
func (l Lang) WatchTrouble() string {
	return l.say("last warnings and errors", "últimos avisos y errores")
}

// WatchKeys lists the keys of the live view.
func (l Lang) WatchKeys() string {
	return l.say("↑↓ select  l log  w why  r restart  s start  x stop  q quit",
		"↑↓ elegir  l registro  w por qué  r reiniciar  s arrancar  x detener  q salir")
}

// WatchPaneKeys lists the keys beside a log or the cause of a death.
func (l Lang) WatchPaneKeys() string {
	return l.say("↑↓ PgUp PgDn Home End scroll  q back", "↑↓ RePág AvPág Inicio Fin desplazar  q volver")
}

// WatchLog heads the log of a component.
func (l Lang) WatchLog(name string) string { return l.say("log of %s", "registro de %s", name) }

// WatchPaused says that new lines are not shown, and which key shows them again.
func (l Lang) WatchPaused() string {
	return l.say("paused, End follows again", "en pausa, Fin sigue de nuevo")
}

// WatchStarting, WatchStopping and WatchRestarting name a request to the launcher that
// has not been answered yet.
func (l Lang) WatchStarting(name string) string {
	return l.say("starting %s …", "arrancando %s …", name)
}

func (l Lang) WatchStopping(name string) string {
	return l.say("stopping %s …", "deteniendo %s …", name)
}

func (l Lang) WatchRestarting(name string) string {
	return l.say("restarting %s …", "reiniciando %s …", name)
}
