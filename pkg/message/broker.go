package message

// BrokerUnreachable: no server answers, or it refuses for a reason of its own.
func (l Lang) BrokerUnreachable(kind, server, group, cause string) string {
	return l.say(
		"%s at %s cannot be used: %s. Check %s.url, and that the server runs",
		"%s en %s no se puede usar: %s. Compruebe %s.url y que el servidor esté en marcha",
		kind, server, cause, group)
}

// BrokerLogin: the server does not let this user in.
func (l Lang) BrokerLogin(kind, server, group string) string {
	return l.say(
		"%s at %s refuses the user or the password. Check both in %s.url",
		"%s en %s rechaza el usuario o la contraseña. Compruebe ambos en %s.url",
		kind, server, group)
}

// BrokerCertificate: the server's certificate is not accepted.
func (l Lang) BrokerCertificate(kind, server, group, cause string) string {
	return l.say(
		"the certificate of %s at %s is not accepted: %s. Name its authority in %[4]s.ca_file, and its host in %[4]s.url",
		"el certificado de %s en %s no se acepta: %s. Indique su autoridad en %[4]s.ca_file y su host en %[4]s.url",
		kind, server, cause, group)
}

// BrokerPlain: the server does not use TLS.
func (l Lang) BrokerPlain(kind, server, group string) string {
	return l.say(
		"%s at %s does not use TLS. Change the port or the scheme of %s.url",
		"%s en %s no usa TLS. Cambie el puerto o el esquema de %s.url",
		kind, server, group)
}

// BrokerCAFile: the file with the certificate authorities cannot be used.
func (l Lang) BrokerCAFile(kind, server, group, cause string) string {
	return l.say(
		"%s at %s is not connected: %s. Correct %s.ca_file",
		"%s en %s no está conectado: %s. Corrija %s.ca_file",
		kind, server, cause, group)
}

// BrokerClosed: the server ends the connection without an answer.
func (l Lang) BrokerClosed(kind, server, group string) string {
	return l.say(
		"%s at %s closes the connection without an answer. If it expects TLS, change the scheme of %s.url",
		"%s en %s cierra la conexión sin responder. Si espera TLS, cambie el esquema de %s.url",
		kind, server, group)
}

// ConfigNeedsScheme says that a file of certificate authorities needs a URL with TLS.
func (l Lang) ConfigNeedsScheme(key, url, scheme string) string {
	return l.say("%s is used only if %s begins with %s://", "%s solo se usa si %s empieza por %s://", key, url, scheme)
}

// ConfigNoCertificates says that a file holds no certificate.
func (l Lang) ConfigNoCertificates(key, file string) string {
	return l.say("%s: %s holds no certificate in PEM", "%s: %s no contiene ningún certificado en PEM", key, file)
}

// DoctorBroker says that notifications arrive through the broker.
func (l Lang) DoctorBroker(kind, server string) string {
	return l.say("%s at %s answers, and delivers notifications", "%s en %s responde y entrega notificaciones", kind, server)
}
