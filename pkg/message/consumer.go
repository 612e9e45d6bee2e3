package message

import "time"

// ConsumerConnecting is said once, before the first attempt.
func (l Lang) ConsumerConnecting(url string) string {
	return l.say("Task notification consumer: connecting to %s",
		"Consumidor de notificaciones de tareas: conectando a %s", url)
}

// ConsumerConnected is said at each welcome.
func (l Lang) ConsumerConnected() string {
	return l.say("Connected to the notification server", "Conectado al servidor de notificaciones")
}

// ConsumerClients is said at each welcome; clients counts this consumer too.
func (l Lang) ConsumerClients(clients int) string {
	return l.say("Connected clients: %d", "Clientes conectados: %d", clients)
}

// ConsumerWaiting is said when the server is not there; cause says why.
func (l Lang) ConsumerWaiting(url, cause string) string {
	return l.say("Waiting for the notification server at %s (%s)",
		"Esperando al servidor de notificaciones en %s (%s)", url, cause)
}

// ConsumerLost is said when a connection ends.
func (l Lang) ConsumerLost(cause string) string {
	return l.say("Connection lost (%s); reconnecting", "Conexión perdida (%s); reconectando", cause)
}

// ConsumerRefused completes ConsumerWaiting where nothing listens.
func (l Lang) ConsumerRefused() string {
	return l.say("nothing is listening there", "nadie está escuchando ahí")
}

// ConsumerRejected gives the notification server's own words on a consumer that
// it will not have.
func (l Lang) ConsumerRejected(url, reason string) string {
	return l.say("the notification server at %s refuses it: %s", "el servidor de notificaciones en %s lo rechaza: %s", url, reason)
}

// ConsumerNeedsToken says which setting lets a consumer in.
func (l Lang) ConsumerNeedsToken(url, key, env string) string {
	return l.say("the notification server at %s does not accept the token, or asks for one; set %s or %s",
		"el servidor de notificaciones en %s no acepta el token, o pide uno; defina %s o %s", url, key, env)
}

// ConsumerStopping completes ConsumerLost for a server that shuts down.
func (l Lang) ConsumerStopping() string {
	return l.say("the server is shutting down", "el servidor se está cerrando")
}

// ConsumerRestarting completes ConsumerLost for a server that restarts.
func (l Lang) ConsumerRestarting() string {
	return l.say("the server is restarting", "el servidor se está reiniciando")
}

// ConsumerTooSlow completes ConsumerLost for a server that would not wait.
func (l Lang) ConsumerTooSlow() string {
	return l.say("this consumer was too slow", "este consumidor era demasiado lento")
}

// ConsumerBroken completes ConsumerLost for a connection cut without a word.
func (l Lang) ConsumerBroken() string {
	return l.say("the connection broke off", "la conexión se cortó")
}

// ConsumerReset is a line among the events: between the line before it and the
// one after it events are missing.
func (l Lang) ConsumerReset(reason string, seq uint64) string {
	return l.say("--- events are missing here (%s); going on after #%d; GET /tasks has the tasks as they are",
		"--- aquí faltan eventos (%s); se sigue después de #%d; GET /tasks da las tareas como están", reason, seq)
}

// ConsumerResetEpoch completes ConsumerReset for another database's position.
func (l Lang) ConsumerResetEpoch() string {
	return l.say("the position belongs to another database", "la posición es de otra base de datos")
}

// ConsumerResetTooOld completes ConsumerReset for history that was removed.
func (l Lang) ConsumerResetTooOld() string {
	return l.say("they are older than what the server keeps", "son más antiguos que lo que guarda el servidor")
}

// ConsumerResetAhead completes ConsumerReset for a position the log never reached.
func (l Lang) ConsumerResetAhead() string {
	return l.say("the server's log does not reach that far", "el registro del servidor no llega tan lejos")
}

// ConsumerExecRetry is said when a command failed and will be run again.
func (l Lang) ConsumerExecRetry(seq uint64, cause string, wait time.Duration) string {
	return l.say("The command failed for event #%d (%s); again in %s",
		"El comando falló con el evento #%d (%s); otra vez en %s", seq, cause, wait.Round(10*time.Millisecond))
}

// ConsumerOutputAnew is said when the output of an earlier run is gone.
func (l Lang) ConsumerOutputAnew(path string) string {
	return l.say("%s was moved away or emptied; going on with a new one",
		"%s fue movido o vaciado; se sigue con uno nuevo", path)
}

// ConsumerOutputCut is said when the end of an output, written but never
// confirmed by a checkpoint, is removed; those events follow again.
func (l Lang) ConsumerOutputCut(path string, bytes int64) string {
	return l.say("%s: removed the last %d bytes, which no checkpoint covers; their events follow",
		"%s: se quitaron los últimos %d bytes, que ningún punto de control cubre; sus eventos siguen", path, bytes)
}

// ConsumerCreated, ConsumerUpdated and ConsumerDeleted begin an event's line.
func (l Lang) ConsumerCreated() string { return l.say("created", "creada") }

// ConsumerUpdated: see ConsumerCreated.
func (l Lang) ConsumerUpdated() string { return l.say("updated", "actualizada") }

// ConsumerDeleted: see ConsumerCreated.
func (l Lang) ConsumerDeleted() string { return l.say("deleted", "eliminada") }

// ConsumerCompleted marks a completed task in an event's line.
func (l Lang) ConsumerCompleted() string { return l.say("completed", "completada") }
