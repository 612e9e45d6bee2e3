package message

// What `taskctl bench` says.

// Flags.

func (l Lang) FlagBenchDuration() string {
	return l.say("stop after this `TIME`", "termina tras este `TIEMPO`")
}

func (l Lang) FlagBenchSize() string {
	return l.say("approximate size of a task as JSON, in `BYTES`", "tamaño aproximado de una tarea como JSON, en `BYTES`")
}

func (l Lang) FlagBenchKeep() string {
	return l.say("do not delete the tasks that were created", "no borra las tareas creadas")
}

func (l Lang) FlagBenchClients() string {
	return l.say("connect `N` clients", "conecta `N` clientes")
}

// Usage errors.

func (l Lang) BenchBetween(flag string, low, high int) string {
	return l.say("%s must be between %d and %d", "%s debe estar entre %d y %d", flag, low, high)
}

func (l Lang) BenchPositive(flag string) string {
	return l.say("%s must be more than 0", "%s debe ser mayor que 0", flag)
}

func (l Lang) BenchCountDeletes() string {
	return l.say("delete needs --requests: that many tasks are created first", "delete necesita --requests: antes se crean otras tantas tareas")
}

func (l Lang) BenchCatchupHasNoRate() string {
	return l.say("--catchup cannot be used together with --rate", "--catchup no se puede usar junto con --rate")
}

// BenchNotLocal refuses a target elsewhere.
func (l Lang) BenchNotLocal(url string) string {
	return l.say("%s is not on this machine, and a measurement can overload it; --remote allows it",
		"%s no está en esta máquina, y una medición puede sobrecargarla; --remote lo permite", url)
}

func (l Lang) BenchNothingAnswers(url, cause string) string {
	return l.say("nothing answers at %s (%s); `taskctl start` starts the system", "nada responde en %s (%s); `taskctl start` arranca el sistema", url, cause)
}

// BenchTooManyFiles says that this process, and not the server, has reached a limit.
func (l Lang) BenchTooManyFiles(url string) string {
	return l.say("this command may not open more connections to %s: raise its limit of open files (ulimit -n), or use fewer connections",
		"este comando no puede abrir más conexiones con %s: suba su límite de archivos abiertos (ulimit -n), o use menos conexiones", url)
}

// BenchAllFailed says that no request came through, and why.
func (l Lang) BenchAllFailed(sample string) string {
	return l.say("every request failed: %s", "han fallado todas las peticiones: %s", sample)
}

// BenchUnfaithful says that notifications were lost or repeated.
func (l Lang) BenchUnfaithful(lost, repeated, resets uint64, disconnected int) string {
	return l.say("notifications failed; lost: %d, repeated: %d, resets: %d, clients disconnected: %d",
		"han fallado notificaciones; perdidas: %d, repetidas: %d, mensajes reset: %d, clientes desconectados: %d", lost, repeated, resets, disconnected)
}

// Reports.

func (l Lang) BenchMachine(cpus int, cpu, os, goVersion string) string {
	return l.say("%s, %s, %s, %s", "%s, %s, %s, %s", l.count(int64(cpus), noun{"CPU", "CPUs"}, noun{"CPU", "CPU"}), cpu, os, goVersion)
}

func (l Lang) BenchRestTitle(method string, connections, body int) string {
	return l.say("%s, %s, tasks of %d bytes", "%s, %s, tareas de %d bytes", method, l.connections(int64(connections)), body)
}

func (l Lang) BenchEcho(connections int) string {
	return l.say("echo, %s", "eco, %s", l.connections(int64(connections)))
}

func (l Lang) BenchEchoBefore() string { return l.say("echo before", "eco antes") }
func (l Lang) BenchEchoAfter() string  { return l.say("echo after", "eco después") }
func (l Lang) BenchMax() string        { return l.say("max", "máx.") }
func (l Lang) BenchPerSecond() string  { return l.say("per second", "por segundo") }
func (l Lang) BenchOwnCPU() string     { return l.say("client CPU each", "CPU cliente c/u") }
func (l Lang) BenchServerCPU() string  { return l.say("server CPU each", "CPU servidor c/u") }
func (l Lang) BenchMemory() string     { return l.say("memory", "memoria") }
func (l Lang) BenchProcess() string    { return l.say("process", "proceso") }

func (l Lang) BenchRatio(ratio float64) string {
	return l.say("ratio to the echo: %.2f", "proporción respecto al eco: %.2f", ratio)
}

func (l Lang) BenchFanoutRatio(ratio float64) string {
	return l.say("ratio to raw writes of twenty messages: %.2f", "proporción respecto a escrituras directas de veinte mensajes: %.2f", ratio)
}

// BenchFanoutTitle says which fan-out it was.
func (l Lang) BenchFanoutTitle(mode string, clients int, events uint64, message float64, rate float64) string {
	switch mode {
	case "rate":
		return l.say("%s to %s, messages of %.0f bytes, %.0f events/s", "%s a %s, mensajes de %.0f bytes, %.0f eventos/s", l.events(int64(events)), l.clients(int64(clients)), message, rate)
	case "catchup":
		return l.say("%s resumed by %s, messages of %.0f bytes", "%s reanudados por %s, mensajes de %.0f bytes", l.events(int64(events)), l.clients(int64(clients)), message)
	}
	return l.say("%s to %s, messages of %.0f bytes, as fast as possible", "%s a %s, mensajes de %.0f bytes, lo más rápido posible", l.events(int64(events)), l.clients(int64(clients)), message)
}

func (l Lang) BenchCreated() string   { return l.say("tasks created", "tareas creadas") }
func (l Lang) BenchDelivered() string { return l.say("deliveries", "entregas") }

func (l Lang) BenchRaw(messages int) string {
	return l.say("raw writes of %d", "escrituras directas de %d", messages)
}

func (l Lang) BenchDisk(kind string, bytes int) string {
	if kind == "append" {
		return l.say("fdatasync, %d bytes appended", "fdatasync, %d bytes añadidos", bytes)
	}
	return l.say("fdatasync, %d bytes overwritten", "fdatasync, %d bytes sobrescritos", bytes)
}

func (l Lang) BenchConnected(clients int, took string, perSecond float64) string {
	return l.say("%s connected in %s (%.0f/s)", "%s: conexión en %s (%.0f/s)", l.clients(int64(clients)), took, perSecond)
}

func (l Lang) BenchIdle(name, each string) string {
	return l.say("each idle client takes %[2]s of %[1]s's memory", "cada cliente en reposo ocupa %[2]s de la memoria de %[1]s", name, each)
}

func (l Lang) BenchFaithful(deliveries uint64, lost, repeated uint64) string {
	return l.say("deliveries: %d, lost: %d, repeated: %d", "entregas: %d, perdidas: %d, repetidas: %d", deliveries, lost, repeated)
}

// BenchLate says how late the events were sent.
func (l Lang) BenchLate(p99, longest string) string {
	return l.say("events were sent up to %s late (p99), %s at most", "los eventos se enviaron con hasta %s de retraso (p99), %s como máximo", p99, longest)
}

func (l Lang) BenchErrors(kinds, sample string) string {
	return l.say("errors: %s (one was: %s)", "errores: %s (uno fue: %s)", kinds, sample)
}

func (l Lang) BenchTasks(made, cleaned int) string {
	return l.say("tasks created: %d, deleted: %d", "tareas creadas: %d, borradas: %d", made, cleaned)
}

func (l Lang) BenchInterrupted() string {
	return l.say("interrupted: these are the results so far", "interrumpido: estos son los resultados hasta ahora")
}

// BenchStage says what is being done, for the progress line.
func (l Lang) BenchStage(stage string) string {
	switch stage {
	case "echo":
		return l.say("echo", "eco")
	case "prepare":
		return l.say("creating tasks", "creando tareas")
	case "load":
		return l.say("sending", "enviando")
	case "connect":
		return l.say("connecting", "conectando")
	case "stabilize":
		return l.say("waiting for stable memory", "esperando a que la memoria se estabilice")
	case "deliver":
		return l.say("delivering", "entregando")
	case "clean":
		return l.say("deleting tasks", "borrando tareas")
	case "raw":
		return l.say("raw writes", "escrituras directas")
	case "disk":
		return l.say("disk", "disco")
	}
	return stage
}
