package message

// SettingDoc explains a setting in the settings file. english is the explanation in the
// table of settings.
func (l Lang) SettingDoc(key, english string) string {
	if l != Spanish {
		return english
	}
	return settingsInSpanish()[key]
}

// SettingsHead is the beginning of the settings file.
func (l Lang) SettingsHead() string {
	return l.say(`# taskctl's settings. Everything is optional; the values here are the defaults.
# A value is taken from a flag first, then from the environment, then from this
# file: api.addr is --api-addr on the commands that have it, and TASKCTL_API_ADDR.
`, `# Los ajustes de taskctl. Todo es opcional; aquí están los valores por defecto.
# Un valor se toma primero de una opción, después del entorno y después de este
# archivo: api.addr es --api-addr en los comandos que la tienen, y TASKCTL_API_ADDR.
`)
}

// SettingsTail is the end of the settings file: examples of components and hooks.
func (l Lang) SettingsTail() string {
	return l.say(`
# Your own processes join the same supervision, logs and status:
# components:
#   - name: mailer
#     command: [python3, mailer.py]
#     dir: workers            # relative to --dir
#     env: {MODE: live}
#     after: [api]            # started when these are ready, stopped before them
#     ready: {log: "listening"}   # or http: URL, or tcp: ADDR; without it, ready once running
#     restart: {max: 5}
#     stop: {signal: SIGTERM, timeout: 10s}
#     watch: ["workers/**/*.py"]  # relative to --dir; restarted when one of these changes

# Hooks: each event is sent to a URL, signed, or given to a command (docs/hooks.md):
# hooks:
#   - name: shop
#     url: https://shop.example/webhooks/tasks
#     secret: whsec_…             # whsec_$(openssl rand -base64 24)
#     types: [task_created]       # without it, all
#     max_attempts: 12            # then it goes to data/hooks/shop.dead.jsonl; 0: no limit
#     allow_private: []           # host names that may be private addresses
`, `
# Sus propios procesos comparten la supervisión, los registros y el estado:
# components:
#   - name: mailer
#     command: [python3, mailer.py]
#     dir: workers            # relativo a --dir
#     env: {MODE: live}
#     after: [api]            # se arranca cuando estos están listos y se detiene antes que ellos
#     ready: {log: "listening"}   # o http: URL, o tcp: ADDR; sin él, listo en cuanto se ejecuta
#     restart: {max: 5}
#     stop: {signal: SIGTERM, timeout: 10s}
#     watch: ["workers/**/*.py"]  # relativo a --dir; se reinicia cuando cambia uno de estos

# Hooks: cada evento se envía a una URL, firmado, o se entrega a un comando (docs/hooks.md):
# hooks:
#   - name: shop
#     url: https://shop.example/webhooks/tasks
#     secret: whsec_…             # whsec_$(openssl rand -base64 24)
#     types: [task_created]       # sin ellos, todos
#     max_attempts: 12            # después va a data/hooks/shop.dead.jsonl; 0: sin límite
#     allow_private: []           # nombres de host que pueden ser direcciones privadas
`)
}

// SettingsProcfile introduces the components that were processes of a Procfile.
func (l Lang) SettingsProcfile() string {
	return l.say("\n# The processes of the Procfile. They join the same supervision, logs and status.\n",
		"\n# Los procesos del Procfile. Comparten la supervisión, los registros y el estado.\n")
}

func settingsInSpanish() map[string]string {
	return map[string]string{
		"api.addr": "Dónde escucha la API REST. localhost significa 127.0.0.1 y ::1; el puerto 0 elige\n" +
			"uno. Fuera de la propia máquina hay que definir auth.token.",
		"api.origins": "Orígenes de navegador que pueden usar la API y las notificaciones, además del\n" +
			"propio tablero: [https://tasks.example, https://*.corp.example]",
		"api.hosts": "Nombres de host que pueden llevar las peticiones a una dirección local, además de\n" +
			"localhost: [tasks.example, \"*.corp.example\"]",
		"api.access_log": "Anota una línea en el registro por cada petición.",
		"limits.rate": "Peticiones por segundo de un token, o de una dirección sin token, en cualquiera de\n" +
			"los dos puertos; las demás reciben 429 con Retry-After. 0: sin límite.",
		"limits.connections_per_address": "Conexiones de una dirección en cualquiera de los dos puertos, aparte de las de esta\n" +
			"máquina; las peticiones de las demás reciben 503. 0: sin límite.",
		"trusted_proxies":      "Proxies cuyo X-Forwarded-For cuenta en límites y registros: [10.0.0.0/8, \"::1\"]",
		"wsserver.addr":        "Dónde escucha el servidor WebSocket de notificaciones.",
		"wsserver.ring_bytes":  "Memoria para las notificaciones más recientes, común a todos los clientes; las\nanteriores se leen de la base de datos.",
		"wsserver.max_clients": "Clientes a la vez; los demás reciben 503 con Retry-After.",
		"websocket_url":        "Dónde se conectan los consumidores; vacío: se deduce de wsserver.addr.",
		"store": "Dónde se guardan las tareas: sqlite (data/taskctl.db), o postgres, que pueden\n" +
			"compartir varias máquinas.",
		"broker": "Cómo llegan los eventos de la API a wsserver: direct (un WebSocket entre los dos);\n" +
			"para varias máquinas con store postgres: postgres (notificaciones de la base de\n" +
			"datos), nats, redis o rabbitmq; vacío: direct con store sqlite, postgres con store\npostgres.",
		"nats.url": "El servidor de broker: nats, con usuario y contraseña si los necesita; tls:// para\nTLS.",
		"nats.ca_file": "Las autoridades de certificación en las que confía tls://, en PEM, relativo a --dir\n" +
			"si no es una ruta absoluta; vacío: las de la máquina.",
		"redis.url": "El servidor de broker: redis; rediss:// para TLS.",
		"redis.ca_file": "Las autoridades de certificación en las que confía rediss://, en PEM, relativo a\n" +
			"--dir si no es una ruta absoluta; vacío: las de la máquina.",
		"rabbitmq.url": "El servidor de broker: rabbitmq; amqps:// para TLS.",
		"rabbitmq.ca_file": "Las autoridades de certificación en las que confía amqps://, en PEM, relativo a\n" +
			"--dir si no es una ruta absoluta; vacío: las de la máquina.",
		"postgres.url": "La base de datos, como la escribe libpq, con sslmode y sslrootcert:\n" +
			"postgres://taskctl@db.internal/tasks?sslmode=verify-full",
		"postgres.password_file": "Un archivo con la contraseña, que se lee en cada conexión, relativo a --dir si no es\n" +
			"una ruta absoluta; vacío: la tiene la URL o ~/.pgpass.",
		"postgres.schema":            "El esquema de las tablas, que se crea si falta.",
		"postgres.pool_size":         "Conexiones de lectura de cada proceso; hay hasta tres más.",
		"postgres.connect_timeout":   "Cuánto puede tardar un servidor en aceptar una conexión.",
		"postgres.statement_timeout": "Cuánto puede tardar el servidor en responder a una sentencia.",
		"postgres.lossless_failover": "La replicación es síncrona: una réplica que se promueve tiene todos los commits, así\n" +
			"que los clientes siguen donde estaban. Si no, tienen que leer todas las tareas de nuevo.",
		"auth.token": "Si se define, toda petición y conexión debe llevarlo (Authorization: Bearer …).",
		"auth.token_file": "Un archivo que contiene el token, relativo al directorio. Los tokens con nombre y\n" +
			"alcance se crean con `taskctl token new` y se guardan en data/tokens.",
		"tls.cert": "El certificado de los dos puertos, con su cadena, y su clave; ambos en PEM, relativos\n" +
			"al directorio. Si los archivos se renuevan, se usan en un segundo. Vacío: HTTP sin TLS.",
		"lang":           "Idioma de los mensajes para personas: en o es; vacío: el del entorno.",
		"events.max_age": "Cuánto tiempo se guarda el registro de eventos, para que los clientes puedan reanudar.",
		"events.max":     "Cuántos eventos se guardan como mucho.",
		"logs.max_size":  "El tamaño con el que se rota un archivo de registro.",
		"logs.max_age":   "La edad con la que se borra un archivo de registro rotado.",
		"logs.max_total": "El tamaño de logs/ en total; por encima se borran los archivos rotados más antiguos.",
		"restart.max": "Un componente que muere estas veces en restart.window se da por fallido (failed);\n" +
			"0 lo reinicia siempre.",
		"restart.backoff_min": "Un componente que muere antes de haber estado listo un segundo se reinicia tras este\n" +
			"tiempo, que se duplica hasta restart.backoff_max.",
		"start.only":      "Los componentes de esta máquina, entre wsserver, api, consumer y hooks; vacío: todos.",
		"start.test_task": "Crea la tarea de prueba en cada arranque y comprueba que llega su notificación.",
		"start.timeout":   "Cuánto puede tardar un componente en estar listo.",
		"stop.timeout":    "Cuánto puede tardar un componente en detenerse antes de que se mate.",
	}
}
