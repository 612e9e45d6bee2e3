package message

// What the components say when they run alone, without a launcher.

// WSServerListening is what wsserver says by hand, as the demo did.
func (l Lang) WSServerListening(url string) string {
	return l.say("WebSocket server running at %s", "Servidor WebSocket en marcha en %s", url)
}

// ListeningOn names one address.
func (l Lang) ListeningOn(addr string) string {
	return l.say("listening on %s", "escuchando en %s", addr)
}

// APIListening is what the api says by hand, as the demo did.
func (l Lang) APIListening(url string) string {
	return l.say("Tasks API available at %s", "API de tareas disponible en %s", url)
}

// APIWaiting says what the api waits for, and that it serves requests already.
func (l Lang) APIWaiting(url string) string {
	return l.say("waiting for the notification server at %s; the API already serves requests",
		"esperando al servidor de notificaciones en %s; la API ya atiende peticiones", url)
}

// APILinked says that notifications flow.
func (l Lang) APILinked(url string) string {
	return l.say("connected to the notification server at %s", "conectado al servidor de notificaciones en %s", url)
}

// ReadyByHand says that a component alone is ready and how it ends.
func (l Lang) ReadyByHand(name string) string {
	return l.say("%s is ready; Ctrl+C stops it", "%s está listo; Ctrl+C lo detiene", name)
}
