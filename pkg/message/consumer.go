package message

import (
	"errors"
	"io/fs"
	"syscall"
	"time"
)

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
	return l.say("nothing listens there", "ahí no escucha nada")
}

// ConsumerForeign completes ConsumerWaiting where something else answers.
func (l Lang) ConsumerForeign(status int) string {
	return l.say("another program answers there, not taskctl: HTTP %d", "allí responde otro programa, no taskctl: HTTP %d", status)
}

// ConsumerTLS completes ConsumerWaiting where TLS fails; fault is a client.TLSFault.
func (l Lang) ConsumerTLS(fault string) string {
	switch fault {
	case "unknown_authority":
		return l.say("its certificate is signed by an authority that this machine does not trust; set SSL_CERT_FILE to a file with the certificate of that authority",
			"su certificado está firmado por una autoridad en la que esta máquina no confía; defina SSL_CERT_FILE con un archivo que contenga el certificado de esa autoridad")
	case "wrong_host":
		return l.say("its certificate is for another host name", "su certificado es para otro nombre de host")
	case "expired":
		return l.say("its certificate has expired or is not valid yet", "su certificado ha caducado o todavía no es válido")
	case "not_tls":
		return l.say("it does not use TLS on this port; try ws:// or http://", "no usa TLS en este puerto; pruebe ws:// o http://")
	}
	return l.say("its certificate is invalid", "su certificado no es válido")
}

// ConsumerFile says why a file cannot be the output or the checkpoint; fault is a
// consumer.FileFault, and cause is for one that cannot be opened.
func (l Lang) ConsumerFile(fault, path, cause string) string {
	switch fault {
	case "same":
		return l.say("--output and --checkpoint are the same file, %s; name two files",
			"--output y --checkpoint son el mismo archivo, %s; indique dos archivos", path)
	case "system":
		return l.say("%s belongs to a taskctl system and must not be written to; name another file",
			"%s pertenece a un sistema de taskctl y no se debe escribir en él; indique otro archivo", path)
	case "not_regular":
		return l.say("%s is not a regular file; name a file, or redirect standard output instead of --output",
			"%s no es un archivo normal; indique un archivo, o redirija la salida estándar en lugar de usar --output", path)
	}
	return l.say("cannot open %s: %s", "no se puede abrir %s: %s", path, cause)
}

// FileMissingDir says why a file cannot be opened.
func (l Lang) FileMissingDir() string {
	return l.say("its directory does not exist", "su directorio no existe")
}

// FileNoPermission: see FileMissingDir.
func (l Lang) FileNoPermission() string { return l.say("permission denied", "permiso denegado") }

// FileCause says why a file cannot be read, without its name, which the message has
// already.
func (l Lang) FileCause(err error) string {
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return l.say("there is no such file", "el archivo no existe")
	case errors.Is(err, fs.ErrPermission):
		return l.FileNoPermission()
	case errors.Is(err, syscall.EISDIR):
		return l.say("it is a directory", "es un directorio")
	case errors.As(err, &path):
		err = path.Err
	}
	return err.Error()
}

// UnknownHost is why a connection to a host name fails.
func (l Lang) UnknownHost(name string) string {
	return l.say("there is no host named %s", "no existe un host con el nombre %s", name)
}

// NoAnswerInTime is why a connection is given up.
func (l Lang) NoAnswerInTime() string {
	return l.say("it did not answer in time", "no respondió a tiempo")
}

// ConsumerRejected gives the notification server's reason for refusing a consumer.
func (l Lang) ConsumerRejected(url, reason string) string {
	return l.say("the notification server at %s refuses the connection: %s", "el servidor de notificaciones en %s rechaza la conexión: %s", url, reason)
}

// ConsumerNeedsToken says which setting holds the token that the server asks for.
func (l Lang) ConsumerNeedsToken(url, key, env string) string {
	return l.say("the notification server at %s needs a valid token: set %s or %s",
		"el servidor de notificaciones en %s necesita un token válido: defina %s o %s", url, key, env)
}

// ConsumerStopping completes ConsumerLost for a server that shuts down.
func (l Lang) ConsumerStopping() string {
	return l.say("the server is shutting down", "el servidor se está deteniendo")
}

// ConsumerRestarting completes ConsumerLost for a server that restarts.
func (l Lang) ConsumerRestarting() string {
	return l.say("the server is restarting", "el servidor se está reiniciando")
}

// ConsumerTooSlow completes ConsumerLost for a consumer that did not read in time.
func (l Lang) ConsumerTooSlow() string {
	return l.say("this consumer was too slow", "este consumidor era demasiado lento")
}

// ConsumerBroken completes ConsumerLost for a connection that ended without a close frame.
func (l Lang) ConsumerBroken() string {
	return l.say("the connection was cut", "la conexión se cortó")
}

// ConsumerReset is a line among the events: between the line before it and the
// one after it events are missing.
func (l Lang) ConsumerReset(reason string, seq uint64) string {
	return l.say("--- events are missing here (%s); continuing after #%d; GET /tasks returns the current tasks",
		"--- aquí faltan eventos (%s); se continúa después de #%d; GET /tasks devuelve las tareas actuales", reason, seq)
}

// ConsumerResetEpoch completes ConsumerReset for another database's position.
func (l Lang) ConsumerResetEpoch() string {
	return l.say("the position belongs to another database", "la posición es de otra base de datos")
}

// ConsumerResetTooOld completes ConsumerReset for history that was removed.
func (l Lang) ConsumerResetTooOld() string {
	return l.say("they are older than the server's event log", "son más antiguos que el registro de eventos del servidor")
}

// ConsumerResetAhead completes ConsumerReset for a position the log never reached.
func (l Lang) ConsumerResetAhead() string {
	return l.say("the server's event log ends before that position", "el registro de eventos del servidor termina antes de esa posición")
}

// ConsumerExecRetry is said when a command failed and will be run again.
func (l Lang) ConsumerExecRetry(seq uint64, cause string, wait time.Duration) string {
	return l.say("The command failed for event #%d (%s); next try in %s",
		"El comando falló con el evento #%d (%s); próximo intento en %s", seq, cause, wait.Round(10*time.Millisecond))
}

// ConsumerOutputAnew is said when the output of an earlier run is gone.
func (l Lang) ConsumerOutputAnew(path string) string {
	return l.say("%s was moved or emptied; continuing with a new file",
		"%s se movió o se vació; se continúa con un archivo nuevo", path)
}

// ConsumerOutputCut is said when the end of an output, written but never
// confirmed by a checkpoint, is removed; those events follow again.
func (l Lang) ConsumerOutputCut(path string, bytes int64) string {
	return l.say("%s: removed the last %d bytes, which no checkpoint covers; their events are written again",
		"%s: se quitaron los últimos %d bytes, que ningún punto de control cubre; sus eventos se escriben de nuevo", path, bytes)
}

// ConsumerCreated, ConsumerUpdated and ConsumerDeleted begin an event's line.
func (l Lang) ConsumerCreated() string { return l.say("created", "creada") }

// ConsumerUpdated: see ConsumerCreated.
func (l Lang) ConsumerUpdated() string { return l.say("updated", "actualizada") }

// ConsumerDeleted: see ConsumerCreated.
func (l Lang) ConsumerDeleted() string { return l.say("deleted", "eliminada") }

// ConsumerCompleted marks a completed task in an event's line.
func (l Lang) ConsumerCompleted() string { return l.say("completed", "completada") }
