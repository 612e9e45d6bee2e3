package message

// What the components say where they run alone, by hand.

func (l Lang) WSServerShort() string {
	return l.say("Run the notification server alone", "Ejecuta solo el servidor de notificaciones")
}

func (l Lang) WSServerLong() string {
	return l.say(`Run the WebSocket notification server in this terminal. It may be started
before or after the API and the consumers; each finds the others.`,
		`Ejecuta el servidor WebSocket de notificaciones en esta terminal. Puede
arrancarse antes o después de la API y los consumidores; se encuentran solos.`)
}

func (l Lang) APIShort() string {
	return l.say("Run the REST API alone", "Ejecuta solo la API REST")
}

func (l Lang) APILong() string {
	return l.say(`Run the REST tasks API in this terminal. Tasks are kept in data/taskctl.db;
notifications reach the clients as soon as the notification server is there.`,
		`Ejecuta la API REST de tareas en esta terminal. Las tareas se guardan en
data/taskctl.db; las notificaciones llegan en cuanto está el servidor.`)
}

func (l Lang) ConsumerShort() string {
	return l.say("Print notifications as they arrive", "Muestra las notificaciones según llegan")
}

func (l Lang) ConsumerLong() string {
	return l.say(`Connect to the notification server and print a line for each event. It
reconnects by itself and goes on where it was: nothing missed, nothing twice.`,
		`Se conecta al servidor de notificaciones y muestra una línea por evento. Se
reconecta solo y sigue donde estaba: sin huecos y sin repeticiones.`)
}

func (l Lang) FlagConsumerJSON() string {
	return l.say("print each event as the object that was received", "imprime cada evento como el objeto recibido")
}

func (l Lang) FlagConsumerOutput() string {
	return l.say("write the lines to `FILE`, each exactly once", "escribe las líneas en `FICHERO`, cada una exactamente una vez")
}

func (l Lang) FlagConsumerSince() string {
	return l.say("begin after this `EPOCH:SEQ`; 0 is the beginning", "empieza después de `EPOCH:SEQ`; 0 es el principio")
}

func (l Lang) FlagConsumerExec() string {
	return l.say("run `CMD` for each event, with the event on its standard input", "ejecuta `CMD` por evento, con el evento en su entrada estándar")
}

func (l Lang) FlagConsumerCheckpoint() string {
	return l.say("remember the last event done in `FILE`, across restarts", "recuerda en `FICHERO` el último evento hecho, entre reinicios")
}

// WSServerListening is what wsserver says by hand, as the demo did.
func (l Lang) WSServerListening(url string) string {
	return l.say("WebSocket server running at %s", "Servidor WebSocket ejecutándose en %s", url)
}

// ListeningOn names one address.
func (l Lang) ListeningOn(addr string) string {
	return l.say("listening on %s", "escuchando en %s", addr)
}

// APIListening is what the api says by hand, as the demo did.
func (l Lang) APIListening(url string) string {
	return l.say("Tasks API available at %s", "API de Tareas disponible en: %s", url)
}

// APIWaiting says what the api waits for, and that it works meanwhile.
func (l Lang) APIWaiting(url string) string {
	return l.say("waiting for the notification server at %s; tasks are served meanwhile",
		"esperando al servidor de notificaciones en %s; las tareas se atienden mientras tanto", url)
}

// APILinked says that notifications flow.
func (l Lang) APILinked(url string) string {
	return l.say("connected to the notification server at %s", "conectado al servidor de notificaciones en %s", url)
}

// ReadyByHand says that a component alone is ready and how it ends.
func (l Lang) ReadyByHand(name string) string {
	return l.say("%s ready; Ctrl+C stops it", "%s listo; Ctrl+C lo para", name)
}
