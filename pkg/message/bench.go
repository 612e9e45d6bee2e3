package message

// What `taskctl bench` says.

func (l Lang) BenchShort() string {
	return l.say("Put load on a running system and measure it", "Pone carga sobre un sistema en marcha y lo mide")
}

func (l Lang) BenchLong() string {
	return l.say(`Put load on a running system, with percentiles, beside what this machine can do
at all, measured in the same run: figures are worth reading as ratios. The tasks
a measurement makes are deleted again, by their ids. Ctrl+C ends it and prints
what was measured so far.`,
		`Pone carga sobre un sistema en marcha, con percentiles, junto a lo que esta
máquina puede dar, medido en la misma ejecución: las cifras valen como razones.
Las tareas creadas se borran después, por su id. Ctrl+C termina y muestra lo
medido hasta entonces.`)
}

func (l Lang) BenchRestShort() string {
	return l.say("Send requests to the API", "Envía peticiones a la API")
}

func (l Lang) BenchRestLong() string {
	return l.say(`Send requests of one kind over many connections, each waiting for its answer
before it sends the next. A bare JSON echo by Go's net/http is measured before
and after in the same way, in a process of its own. Methods: post, get, list,
put, patch, delete; with get and --path, anything that can be read.`,
		`Envía peticiones de un tipo por muchas conexiones; cada una espera su respuesta
antes de enviar la siguiente. Antes y después se mide igual un simple eco JSON
de net/http de Go, en un proceso propio. Métodos: post, get, list, put, patch,
delete; con get y --path, cualquier cosa que pueda leerse.`)
}

func (l Lang) BenchFanoutShort() string {
	return l.say("Send events to many clients", "Envía eventos a muchos clientes")
}

func (l Lang) BenchFanoutLong() string {
	return l.say(`Connect clients, see what they take while idle, create tasks, and see every
notification arrive at every client: how many, how late, none lost, none twice.
With --rate the events come at that pace, and lateness is what counts; without,
as fast as the API takes them, and then raw writes of twenty such messages to as
many sockets are measured too. --catchup creates the events first: the clients
then resume from before them.`,
		`Conecta clientes, mide lo que ocupan en reposo, crea tareas, y ve llegar cada
notificación a cada cliente: cuántas, con qué retraso, ninguna perdida, ninguna
repetida. Con --rate los eventos llevan ese ritmo, y cuenta el retraso; sin él,
van tan deprisa como la API los toma, y después se miden también escrituras de
veinte mensajes iguales a otros tantos sockets. --catchup crea antes los
eventos: los clientes reanudan desde antes de ellos.`)
}

func (l Lang) BenchLimitsShort() string {
	return l.say("Measure what this machine can do", "Mide lo que esta máquina puede dar")
}

func (l Lang) BenchLimitsLong() string {
	return l.say(`Measure, without any system running: a bare JSON echo by net/http under the
client of "bench rest", fdatasync after a small write in the data directory, and
raw writes to many sockets, with twenty messages to a call and with one, under
the clients of "bench fanout".`,
		`Mide, sin ningún sistema en marcha: un simple eco JSON de net/http con el
cliente de "bench rest", fdatasync tras una escritura pequeña en el directorio
de datos, y escrituras a muchos sockets, con veinte mensajes por llamada y con
uno, con los clientes de "bench fanout".`)
}

func (l Lang) BenchPeerShort() string {
	return l.say("Serve what measurements compare with", "Sirve aquello con lo que se comparan las mediciones")
}

// Flags.

func (l Lang) FlagBenchAPI() string {
	return l.say("the API's `URL` (default: the running system's, else the settings')", "la `URL` de la API (por defecto, la del sistema en marcha o la de los ajustes)")
}

func (l Lang) FlagBenchWS() string {
	return l.say("the notifications' `URL` (default: the running system's, else the settings')",
		"la `URL` de las notificaciones (por defecto, la del sistema en marcha o la de los ajustes)")
}

func (l Lang) FlagBenchRemote() string {
	return l.say("allow addresses that are not on this machine", "admite direcciones que no están en esta máquina")
}

func (l Lang) FlagBenchMethod() string {
	return l.say("post, get, list, put, patch or delete", "post, get, list, put, patch o delete")
}

func (l Lang) FlagBenchPath() string {
	return l.say("with get: read this `path` instead of tasks", "con get: lee esta ruta (`path`) en lugar de tareas")
}

func (l Lang) FlagBenchConnections() string {
	return l.say("connections at once", "conexiones a la vez")
}

func (l Lang) FlagBenchRequests() string {
	return l.say("requests at most (0: as many as fit into the duration)", "peticiones como máximo (0: las que quepan en la duración)")
}

func (l Lang) FlagBenchDuration() string {
	return l.say("how long at most", "cuánto tiempo como máximo")
}

func (l Lang) FlagBenchEach() string {
	return l.say("how long each measurement takes", "cuánto dura cada medición")
}

func (l Lang) FlagBenchSize() string {
	return l.say("`bytes` of a task's JSON, about", "`bytes` del JSON de una tarea, más o menos")
}

func (l Lang) FlagBenchMessage() string {
	return l.say("`bytes` of a message, about", "`bytes` de un mensaje, más o menos")
}

func (l Lang) FlagBenchPage() string {
	return l.say("with list: tasks on a page", "con list: tareas por página")
}

func (l Lang) FlagBenchTasks() string {
	return l.say("tasks to make first (0: as the method needs)", "tareas que crear antes (0: las que pida el método)")
}

func (l Lang) FlagBenchKeep() string {
	return l.say("leave the tasks that were made", "deja las tareas creadas")
}

func (l Lang) FlagBenchClients() string {
	return l.say("clients that receive", "clientes que reciben")
}

func (l Lang) FlagBenchEvents() string {
	return l.say("events, that is, tasks to create", "eventos, es decir, tareas que crear")
}

func (l Lang) FlagBenchRate() string {
	return l.say("events per second (0: as fast as they are taken)", "eventos por segundo (0: tan deprisa como se acepten)")
}

func (l Lang) FlagBenchPosters() string {
	return l.say("connections that create the tasks", "conexiones que crean las tareas")
}

func (l Lang) FlagBenchCatchup() string {
	return l.say("create the events first, then connect and resume from before them", "crea antes los eventos; los clientes conectan y reanudan desde antes")
}

// Complaints.

func (l Lang) BenchBetween(flag string, low, high int) string {
	return l.say("%s must be between %d and %d", "%s debe estar entre %d y %d", flag, low, high)
}

func (l Lang) BenchPositive(flag string) string {
	return l.say("%s must be more than 0", "%s debe ser mayor que 0", flag)
}

func (l Lang) BenchCountDeletes() string {
	return l.say("deletes need --requests: that many tasks are made first", "delete necesita --requests: se crean antes tantas tareas")
}

func (l Lang) BenchCatchupHasNoRate() string {
	return l.say("--catchup and --rate exclude each other", "--catchup y --rate se excluyen")
}

// BenchNotLocal refuses a target elsewhere.
func (l Lang) BenchNotLocal(url string) string {
	return l.say("%s is not on this machine; a measurement is an attack on whoever did not ask for it. With --remote it is allowed",
		"%s no está en esta máquina; una medición es un ataque para quien no la pidió. Con --remote se permite", url)
}

func (l Lang) BenchNothingAnswers(url, cause string) string {
	return l.say("nothing answers at %s (%s); `taskctl start` brings the system up", "nada responde en %s (%s); `taskctl start` levanta el sistema", url, cause)
}

// BenchAllFailed says that no request came through, and why.
func (l Lang) BenchAllFailed(sample string) string {
	return l.say("no request was answered with success: %s", "ninguna petición tuvo éxito: %s", sample)
}

// BenchUnfaithful says that the promise of order and completeness was broken.
func (l Lang) BenchUnfaithful(lost, repeated, resets uint64, disconnected int) string {
	return l.say("notifications went wrong: %d lost, %d repeated, %d resets, %d clients disconnected",
		"las notificaciones fallaron: %d perdidas, %d repetidas, %d reinicios, %d clientes desconectados", lost, repeated, resets, disconnected)
}

// Reports.

func (l Lang) BenchMachine(cpus int, cpu, os, goVersion string) string {
	return l.say("%d CPUs, %s, %s, %s", "%d CPU, %s, %s, %s", cpus, cpu, os, goVersion)
}

func (l Lang) BenchRestTitle(method string, connections, body int) string {
	return l.say("%s, %d connections, tasks of %d bytes", "%s, %d conexiones, tareas de %d bytes", method, connections, body)
}

func (l Lang) BenchEcho(connections int) string {
	return l.say("echo, %d connections", "eco, %d conexiones", connections)
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
	return l.say("ratio to the echo: %.2f", "razón respecto al eco: %.2f", ratio)
}

func (l Lang) BenchFanoutRatio(ratio float64) string {
	return l.say("ratio to raw writes of twenty: %.2f", "razón respecto a escrituras de veinte: %.2f", ratio)
}

// BenchFanoutTitle says which fan-out it was.
func (l Lang) BenchFanoutTitle(mode string, clients int, events uint64, message float64, rate float64) string {
	switch mode {
	case "rate":
		return l.say("%d events to %d clients, messages of %.0f bytes, %.0f events/s", "%d eventos a %d clientes, mensajes de %.0f bytes, %.0f eventos/s", events, clients, message, rate)
	case "catchup":
		return l.say("%d events resumed by %d clients, messages of %.0f bytes", "%d eventos reanudados por %d clientes, mensajes de %.0f bytes", events, clients, message)
	}
	return l.say("%d events to %d clients, messages of %.0f bytes, as fast as possible", "%d eventos a %d clientes, mensajes de %.0f bytes, lo más deprisa posible", events, clients, message)
}

func (l Lang) BenchCreated() string   { return l.say("tasks created", "tareas creadas") }
func (l Lang) BenchDelivered() string { return l.say("deliveries", "entregas") }

func (l Lang) BenchRaw(messages int) string {
	return l.say("raw writes of %d", "escrituras de %d", messages)
}

func (l Lang) BenchDisk(kind string, bytes int) string {
	if kind == "append" {
		return l.say("fdatasync, %d bytes appended", "fdatasync, %d bytes añadidos", bytes)
	}
	return l.say("fdatasync, %d bytes overwritten", "fdatasync, %d bytes sobrescritos", bytes)
}

func (l Lang) BenchConnected(clients int, took string, perSecond float64) string {
	return l.say("%d clients connected in %s (%.0f/s)", "%d clientes conectados en %s (%.0f/s)", clients, took, perSecond)
}

func (l Lang) BenchIdle(name, each string) string {
	return l.say("idle, each takes %[2]s of %[1]s's memory", "en reposo, cada uno ocupa %[2]s de la memoria de %[1]s", name, each)
}

func (l Lang) BenchFaithful(deliveries uint64, lost, repeated uint64) string {
	return l.say("%d deliveries, %d lost, %d repeated", "%d entregas, %d perdidas, %d repetidas", deliveries, lost, repeated)
}

// BenchLate says how punctual the sender was.
func (l Lang) BenchLate(p99, longest string) string {
	return l.say("events were sent late by %s at the p99, %s at most", "los eventos salieron con %s de retraso en el p99, %s como mucho", p99, longest)
}

func (l Lang) BenchErrors(kinds, sample string) string {
	return l.say("errors: %s (one was: %s)", "errores: %s (uno fue: %s)", kinds, sample)
}

func (l Lang) BenchTasks(made, cleaned int) string {
	return l.say("%d tasks made, %d deleted", "%d tareas creadas, %d borradas", made, cleaned)
}

func (l Lang) BenchInterrupted() string {
	return l.say("interrupted: this is what was measured so far", "interrumpido: esto es lo medido hasta entonces")
}

// BenchStage says what is being done, for the progress line.
func (l Lang) BenchStage(stage string) string {
	switch stage {
	case "echo":
		return l.say("echo", "eco")
	case "prepare":
		return l.say("making tasks", "creando tareas")
	case "load":
		return l.say("sending", "enviando")
	case "connect":
		return l.say("connecting", "conectando")
	case "settle":
		return l.say("letting memory settle", "esperando a que la memoria se asiente")
	case "deliver":
		return l.say("delivering", "entregando")
	case "clean":
		return l.say("deleting tasks", "borrando tareas")
	case "raw":
		return l.say("raw writes", "escrituras")
	case "disk":
		return l.say("disk", "disco")
	}
	return stage
}
