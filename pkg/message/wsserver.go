package message

// ClientConnected is the greeting in the welcome that every client gets.
func (l Lang) ClientConnected() string {
	return l.say("Connected to the task notifications", "Conectado a las notificaciones de tareas")
}
