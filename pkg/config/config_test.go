package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"taskctl/pkg/access"
	"taskctl/pkg/message"
)

// load reads a settings file with the given text, environment and flags.
func load(t testing.TB, text string, env, flags map[string]string) (*Config, error) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "taskctl.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(Input{Dir: dir, File: path, Flags: flags, Getenv: func(name string) string { return env[name] }})
}

func TestLayers(t *testing.T) {
	file := "api:\n  addr: localhost:1\n"
	for _, tt := range []struct {
		name         string
		file         string
		env, flags   map[string]string
		want, source string
	}{
		{"default", "", nil, nil, "localhost:8001", "default"},
		{"file", file, nil, nil, "localhost:1", ":2"},
		{"environment beats file", file, map[string]string{"TASKCTL_API_ADDR": "localhost:2"}, nil, "localhost:2", "TASKCTL_API_ADDR"},
		{"flag beats all", file, map[string]string{"TASKCTL_API_ADDR": "localhost:2"}, map[string]string{"api.addr": "localhost:3"}, "localhost:3", "--api-addr"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := load(t, tt.file, tt.env, tt.flags)
			if err != nil {
				t.Fatal(err)
			}
			if c.API.Addr != tt.want || !strings.HasSuffix(c.Source("api.addr"), tt.source) {
				t.Errorf("api.addr = %q from %q, want %q from …%q", c.API.Addr, c.Source("api.addr"), tt.want, tt.source)
			}
		})
	}
}

// A value that another layer hides is still a mistake: it would come to light on the
// day that layer is gone.
func TestHiddenMistakesAreFound(t *testing.T) {
	env := map[string]string{"TASKCTL_API_ADDR": "localhost:2", "TASKCTL_STORE": "mysql"}
	_, err := load(t, "api: {addr: nowhere}\nlang: fr\n", env, map[string]string{"lang": "es", "store": "sqlite"})
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v, want problems", err)
	}
	for _, want := range []string{`:1: api.addr takes host:port`, `:2: lang takes en or es, not "fr"`, `TASKCTL_STORE: store takes sqlite`} {
		if !strings.Contains(problems.Error(), want) {
			t.Errorf("got %v\nwant a problem with %q", problems, want)
		}
	}
}

// The board may be opened by any of this machine's names, and talks to both ports.
func TestBoardIsAtHomeOnBothPorts(t *testing.T) {
	c, err := load(t, "api: {addr: 'localhost:9001', origins: ['https://tasks.example/']}\n", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"https://tasks.example", "http://localhost:9001", "http://127.0.0.1:9001", "http://[::1]:9001"}
	for name, got := range map[string][]string{"api": c.APIConfig("", Credentials{}).Access.Origins, "wsserver": c.WSServerConfig(Credentials{}).Access.Origins} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s lets in other origins (-want +got):\n%s", name, diff)
		}
	}
}

func TestMistakesNameTheirLine(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"unknown key", "api:\n  adr: localhost:1\n", `:2: "api.adr" is not a setting; did you mean "api.addr"?`},
		{"unknown top-level key", "\napy: {}\n", `:2: "apy" is not a setting`},
		{"key twice", "lang: en\nstore: sqlite\nlang: es\n", `:3: "lang" is set twice; it is also on line 1`},
		{"key twice, in its group and by its full name", "restart: {max: 1}\nrestart.max: 3\n", `:2: "restart.max" is set twice; it is also on line 1`},
		{"key twice, by its full name and in its group", "restart.max: 3\nrestart:\n  window: 1m\n  max: 1\n", `:4: "restart.max" is set twice; it is also on line 1`},
		{"second document", "lang: en\n\n---\nlang: es\n", `:3: a second document begins here`},
		{"second document after an empty one", "---\n---\nlang: es\n", `:2: a second document begins here`},
		{"no yaml in a second document", "lang: en\n---\napi: [\n", `:4: not YAML`},
		{"bad duration", "stop:\n  timeout: soon\n", `:2: stop.timeout takes a duration such as 500ms, 10s or 7d, not "soon"`},
		{"negative count", "restart: {max: -1}\n", `:1: restart.max takes a whole number of at least 0, not "-1"`},
		{"no clients", "wsserver: {max_clients: 0}\n", `:1: wsserver.max_clients takes a whole number of at least 1, not "0"`},
		{"no time", "start.timeout: 0s\n", `:1: start.timeout must be more than 0, not "0s"`},
		{"no room", "logs:\n  max_size: 0MiB\n", `:2: logs.max_size must be more than 0, not "0MiB"`},
		{"no time of a component's", "components:\n  - name: x\n    command: [a]\n    restart:\n      window: 0d\n", `:5: restart.window must be more than 0, not "0d"`},
		{"no time to stop", "components:\n  - {name: x, command: [a], stop: {timeout: 0}}\n", `:2: stop.timeout must be more than 0, not "0"`},
		{"bad size", "logs: {max_size: big}\n", `logs.max_size takes a size`},
		{"list for a value", "store: [a, b]\n", `:1: store takes one value`},
		{"value for a group", "api: localhost\n", `:1: api takes keys and values`},
		{"bad address", "api: {addr: localhost}\n", `api.addr takes host:port`},
		{"beyond loopback", "api: {addr: '0.0.0.0:8001'}\n", `set auth.token (TASKCTL_AUTH_TOKEN), or use localhost`},
		{"every interface", "wsserver: {addr: ':8765'}\n", `set auth.token`},
		{"same address", "wsserver: {addr: 'localhost:8001'}\n", `both use port 8001; each needs its own`},
		{"same port of localhost", "wsserver: {addr: '127.0.0.1:8001'}\n", `both use port 8001`},
		{"same port of everything", "api: {addr: '[::1]:8765'}\nwsserver: {addr: '0.0.0.0:8765'}\nauth: {token: x}\n", `:2: api.addr and wsserver.addr both use port 8765`},
		{"address with an odd port", "api: {addr: 'localhost:+80'}\n", `api.addr takes host:port`},
		{"no origin", "api: {origins: [tasks.example]}\n", `:1: api.origins takes origins such as https://tasks.example or https://*.tasks.example, not "tasks.example"`},
		{"origin that matches nothing", "api:\n  origins: ['*']\n", `:2: api.origins takes origins such as https://tasks.example or https://*.tasks.example, not "*"`},
		{"host that matches nothing", "api:\n  hosts: ['*']\n", `:2: api.hosts takes host names without a port, such as tasks.example or *.tasks.example, not "*"`},
		{"host with a port", "api: {hosts: ['tasks.example:443']}\n", `:1: api.hosts takes host names without a port, such as tasks.example or *.tasks.example, not "tasks.example:443"`},
		{"token with a line break", "auth: {token: \"s3cret\\n\"}\n", `:1: auth.token must be one line without spaces at its ends`},
		{"bad language", "lang: fr\n", `lang takes en or es, not "fr"`},
		{"bad websocket url", "websocket_url: http://localhost\n", `websocket_url takes a URL`},
		{"websocket url without a host", "websocket_url: 'ws:///ws'\n", `:1: websocket_url takes a URL such as ws://localhost:8765/`},
		{"websocket url with a query", "websocket_url: 'ws://h/?types=x'\n", `:1: websocket_url takes a URL such as ws://localhost:8765/, without user, query or fragment, not "ws://h/?types=x"`},
		{"websocket url with a fragment", "websocket_url: 'ws://h/#x'\n", `:1: websocket_url takes a URL`},
		{"websocket url with a password", "websocket_url: 'ws://me:hush@h/'\n", `not "ws://me:xxxxx@h/"`},
		{"broken websocket url with a password", "websocket_url: 'ws://me:hu%sh@h/'\n", `, not "h/"`},
		{"unknown store", "store: mysql\n", `store takes sqlite or postgres, not "mysql"`},
		{"no yaml", "api: [\n", `not YAML`},
		{"not a mapping", "- a\n", `takes keys and values`},
		{"component without name", "components:\n  - command: [a]\n", `:2: a component needs a name of at most 63`},
		{"component name taken", "components:\n  - {name: api, command: [a]}\n", `:2: the name "api" is already used or reserved`},
		{"component without command", "components:\n  - name: x\n", `:2: x needs a command`},
		{"component with unknown key", "components:\n  - name: x\n    command: [a]\n    redy: {log: a}\n", `:4: "redy" is not a setting; did you mean "ready"?`},
		{"after unknown", "components:\n  - name: x\n    command: [a]\n    after: [apo]\n", `:2: x comes after "apo", which does not exist; did you mean "api"?`},
		{"after unknown, like itself", "components:\n  - name: apu\n    command: [a]\n    after: [apu2]\n", `; did you mean "api"?`},
		{"circle", "components:\n  - {name: x, command: [a], after: [y]}\n  - {name: y, command: [a], after: [x]}\n", `: these components wait for each other in a circle: x → y → x`},
		{"after itself", "components:\n  - {name: x, command: [a], after: [x]}\n", `circle: x → x`},
		{"command that is a text", "components:\n  - name: x\n    command: python3 -m http.server\n", `:3: command takes a list; for a shell command, write [sh, -c, "python3 -m http.server"]`},
		{"name of a command of logs", "components:\n  - {name: clean, command: [a]}\n", `:2: the name "clean" is already used or reserved`},
		{"ready twice", "components:\n  - {name: x, command: [a], ready: {log: a, tcp: 'b:1'}}\n", `x.ready takes one of`},
		{"ready when what answers is no URL", "components:\n  - {name: x, command: [a], ready: {http: foo}}\n", `:2: ready.http takes a URL such as http://localhost:9000/healthz, not "foo"`},
		{"ready when another protocol answers", "components:\n  - {name: x, command: [a], ready: {http: 'ftp://x'}}\n", `:2: ready.http takes a URL`},
		{"ready when nobody answers", "components:\n  - {name: x, command: [a], ready: {http: 'http:///healthz'}}\n", `:2: ready.http takes a URL`},
		{"ready when what accepts is no address", "components:\n  - {name: x, command: [a], ready: {tcp: foo}}\n", `:2: ready.tcp takes host:port such as localhost:8001, not "foo"`},
		{"ready when port 0 accepts", "components:\n  - {name: x, command: [a], ready: {tcp: 'localhost:0'}}\n", `:2: ready.tcp takes host:port`},
		{"ready in no way", "components:\n  - {name: x, command: [a], ready: {}}\n", `:2: x.ready has none of log, http, tcp and exec`},
		{"ready in a way that is null", "components:\n  - {name: x, command: [a], ready: {log: ~}}\n", `:2: x.ready has none of`},
		{"command without a program", "components:\n  - {name: x, command: ['']}\n", `:2: x needs a command`},
		{"command that is null", "components:\n  - {name: x, command: ~}\n", `:2: x needs a command`},
		{"command with null in it", "components:\n  - name: x\n    command: [a,\n      ~]\n", `:4: command is null, but must be a text; the empty text is ""`},
		{"command with a NUL", "components:\n  - {name: x, command: [a, \"b\\0\"]}\n", `:2: command cannot hold a NUL character`},
		{"command that is no list", "components:\n  - {name: x, command: a}\n", `:2: command takes a list; for a shell command, write [sh, -c, "a"]`},
		{"variable that is a list", "components:\n  - {name: x, command: [a], env: {D: [1]}}\n", `:2: env.D takes one value`},
		{"variable that is a mapping", "components:\n  - {name: x, command: [a], env: {D: {}}}\n", `:2: env.D takes one value`},
		{"variable that is null", "components:\n  - {name: x, command: [a], env: {E: null}}\n", `:2: env.E is null, but must be a text; the empty text is ""`},
		{"variable without a name", "components:\n  - {name: x, command: [a], env: {'': a}}\n", `:2: env takes names of variables without = and NUL, not ""`},
		{"variable with = in its name", "components:\n  - {name: x, command: [a], env: {'A=B': a}}\n", `:2: env takes names of variables without = and NUL, not "A=B"`},
		{"variable with NUL in its name", "components:\n  - {name: x, command: [a], env: {\"A\\0\": a}}\n", `:2: env takes names of variables without = and NUL, not "A\x00"`},
		{"list for a component's number", "components:\n  - {name: x, command: [a], restart: {max: [1]}}\n", `:2: restart.max takes one value`},
		{"host that is null", "api: {hosts: [~]}\n", `:1: api.hosts is null`},
		{"component that is a word", "components: [mailer]\n", `:1: a component must be written as {name: NAME, command: [program, argument, …]}`},
		{"component with a long name", "components:\n  - {name: " + strings.Repeat("a", 64) + ", command: [a]}\n", `:2: a component needs a name of at most 63 lower-case letters`},
		{"unknown signal", "components:\n  - {name: x, command: [a], stop: {signal: TERM}}\n", `stop.signal takes`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(t, tt.text, nil, nil)
			var problems Problems
			if !errors.As(err, &problems) || len(problems) != 1 || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant one problem, with %q", err, tt.want)
			}
		})
	}
}

// The rooms below take 0 for "not set" and put a default of their own in its
// place, which is none that is documented here.
func TestZeroIsRefused(t *testing.T) {
	for _, v := range Default().Values() {
		if v.Key == "restart.max" || strings.HasPrefix(v.Key, "limits.") || v.Value == "" || v.Value[0] < '0' || '9' < v.Value[0] {
			continue
		}
		_, err := load(t, v.Key+": 0\n", nil, nil)
		var problems Problems
		if !errors.As(err, &problems) || len(problems) != 1 {
			t.Errorf("%s: 0: got %v, want one problem", v.Key, err)
		}
	}
	if c, err := load(t, "restart.max: 0\n", nil, nil); err != nil || c.Restart.Max != 0 {
		t.Errorf("restart.max: 0 never gives up; got %v", err)
	}
}

func TestEveryMistakeIsReported(t *testing.T) {
	_, err := load(t, "lang: en\nfoo: 1\nbar: 2\n", map[string]string{"TASKCTL_STOP_TIMEOUT": "x"}, map[string]string{"restart.max": "y"})
	var problems Problems
	if !errors.As(err, &problems) || len(problems) != 4 {
		t.Fatalf("got %v, want four problems", err)
	}
	if es := problems.In(message.Spanish); !strings.Contains(es, "no es un ajuste") {
		t.Errorf("in Spanish: %s", es)
	}
}

func TestComponents(t *testing.T) {
	c, err := load(t, `
components:
  - name: mailer
    command: [python3, mailer.py]
    dir: workers
    env: {MODE: live}
    after: [api]
    ready: {log: listening}
    restart: {max: 3}
    stop: {signal: SIGINT, timeout: 2s}
`, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	three, two := 3, 2*time.Second
	want := []Component{{
		Name: "mailer", Command: []string{"python3", "mailer.py"}, Dir: "workers", Env: map[string]string{"MODE": "live"},
		After: []string{"api"}, Ready: Ready{Log: "listening"}, Restart: Restart{Max: &three}, Stop: Stop{Signal: "SIGINT", Timeout: &two},
	}}
	ignoreLine := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".line" || p.Last().String() == ".file" }, cmp.Ignore())
	if diff := cmp.Diff(want, c.Components, ignoreLine, cmp.AllowUnexported(Component{})); diff != "" {
		t.Error(diff)
	}
}

func TestNothingButComments(t *testing.T) {
	for _, text := range []string{"", "# a\n", "---\n# a\n", "# a\n...\n"} {
		if _, err := load(t, text, nil, nil); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestNullIsAbsent(t *testing.T) {
	c, err := load(t, `
components:
  - {name: x, command: [a], dir: ~, env: ~, after: ~, ready: ~, restart: {max: ~, window: ~}, stop: {signal: ~, timeout: ~}}
  - {name: y, command: [a], restart: ~, stop: ~}
`, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range c.Components {
		want := Component{Name: got.Name, Command: []string{"a"}, file: got.file, line: got.line}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(Component{})); diff != "" {
			t.Error(diff)
		}
	}
}

func TestDefaultFileIsTheDefaults(t *testing.T) {
	onDisk, err := os.ReadFile("../../configs/taskctl.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(DefaultYAML(message.English), string(onDisk)); diff != "" {
		t.Errorf("configs/taskctl.yaml is not `taskctl config default`: %s", diff)
	}
	for _, lang := range []message.Lang{message.English, message.Spanish} {
		c, err := load(t, DefaultYAML(lang), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range Default().Values() {
			if got := c.Values()[i].Value; got != v.Value {
				t.Errorf("%s: the file says %q, the default is %q", v.Key, got, v.Value)
			}
		}
	}
	for _, s := range settings() {
		if text := message.Spanish.SettingDoc(s.key, s.doc); (text == "") != (s.doc == "") {
			t.Errorf("%s is explained as %q in English, and as %q in Spanish", s.key, s.doc, text)
		}
	}
}

func TestSecretsAreMasked(t *testing.T) {
	c, err := load(t, "auth: {token: hunter2}\n", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range c.Values() {
		if strings.Contains(v.Value, "hunter2") {
			t.Errorf("%s shows the token", v.Key)
		}
	}
}

func TestValuesReadBack(t *testing.T) {
	for _, d := range []time.Duration{0, time.Millisecond, 90 * time.Second, time.Minute, time.Hour, 90 * time.Minute, 24 * time.Hour, 25 * time.Hour, 10 * time.Minute, 20 * time.Hour} {
		if got, err := ParseDuration(FormatDuration(d)); err != nil || got != d {
			t.Errorf("%v is written %q, which reads back as %v, %v", d, FormatDuration(d), got, err)
		}
	}
	for _, n := range []int64{0, 1, 1023, 1024, 8 << 20, 3 << 30, 1_000_000} {
		if got, err := ParseSize(FormatSize(n)); err != nil || got != n {
			t.Errorf("%d is written %q, which reads back as %d, %v", n, FormatSize(n), got, err)
		}
	}
}

func TestMissingFile(t *testing.T) {
	getenv := func(string) string { return "" }
	if _, err := Load(Input{Dir: t.TempDir(), Getenv: getenv}); err != nil {
		t.Errorf("without a file: %v", err)
	}
	var problems Problems
	if _, err := Load(Input{Dir: t.TempDir(), File: "nowhere.yaml", Getenv: getenv}); !errors.As(err, &problems) {
		t.Errorf("with a file that is not there: %v, want a problem", err)
	}
}

// FuzzFile checks that no file crashes the reader, and that what it accepts has
// passed every check.
func FuzzFile(f *testing.F) {
	f.Add(DefaultYAML(message.English))
	f.Add("components:\n  - {name: x, command: [a], after: [api], ready: {log: a}}\n")
	f.Add("a: &a [*a]\n")
	f.Add("api: {<<: {addr: x}}\n? [k]\n: v\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := load(t, text, nil, nil)
		if err == nil && len(c.validate(nil)) > 0 {
			t.Errorf("accepted, with problems: %v", c.validate(nil))
		}
	})
}

// TestPostgres checks the settings of a shared database: mistakes name their line
// and what is wrong, and never the password.
func TestPostgres(t *testing.T) {
	const password = "s3cret"
	good := "postgres://u:" + password + "@db/tasks?sslmode=disable"
	for name, tt := range map[string]struct{ file, want string }{
		"an empty URL":    {"store: postgres\npostgres: {url: ''}", ":1: store: postgres needs postgres.url (TASKCTL_POSTGRES_URL)"},
		"no URL":          {"store: postgres", ":1: store: postgres needs postgres.url (TASKCTL_POSTGRES_URL)"},
		"a bad port":      {"postgres: {url: 'postgres://u:" + password + "@db:x/tasks'}", ":1: postgres.url cannot be"},
		"a bad mode":      {"postgres:\n  url: 'host=db password=" + password + " sslmode=x'", ":2: postgres.url cannot be"},
		"no certificate":  {"postgres: {url: 'postgres://u:" + password + "@db/tasks?sslmode=verify-full&sslrootcert=/no/such'}", "/no/such"},
		"a bad schema":    {"postgres: {schema: 'Tasks; DROP'}", ":1: postgres.schema takes a name"},
		"no pool":         {"postgres: {pool_size: 0}", "pool_size takes a whole number of at least 1"},
		"not a bool":      {"postgres: {lossless_failover: maybe}", "takes true or false"},
		"the wrong store": {"broker: postgres", ":1: broker: postgres needs store: postgres"},
		"a wrong part":    {"start: {only: [api, launcher]}", "takes wsserver or api or consumer"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, tt.file, nil, nil)
			var problems Problems
			if !errors.As(err, &problems) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), password) {
				t.Errorf("got %v\nwant a problem with %q", err, tt.want)
			}
		})
	}
	c, err := load(t, "store: postgres\nstart: {only: [api]}", map[string]string{"TASKCTL_POSTGRES_URL": good}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.UsedBroker() != BrokerPostgres || c.PostgresOptions().URL != good || c.Runs(WSServer) || !c.Runs(API) {
		t.Errorf("got broker %q, %+v", c.UsedBroker(), c.Postgres)
	}
	for _, v := range c.Values() {
		if strings.Contains(v.Value, password) {
			t.Errorf("%s is shown as %s", v.Key, v.Value)
		}
	}
}

// TestBrokerAuthorities checks the files with the certificate authorities of brokers.
func TestBrokerAuthorities(t *testing.T) {
	const password = "s3cret"
	for group, scheme := range map[string]string{"nats": "tls", "redis": "rediss", "rabbitmq": "amqps"} {
		url := scheme + "://u:" + password + "@b:1"
		for name, tt := range map[string]struct{ url, file, want string }{
			"a missing file": {url, "/no/such.pem", ":3: " + group + ".ca_file: the file cannot be used: open /no/such.pem"},
			"no certificate": {url, os.DevNull, ":3: " + group + ".ca_file: " + os.DevNull + " holds no certificate in PEM"},
			"no TLS":         {strings.Replace(url, scheme, map[string]string{"nats": "nats", "redis": "redis", "rabbitmq": "amqp"}[group], 1), os.DevNull, ":3: " + group + ".ca_file is used only if " + group + ".url begins with " + scheme + "://"},
		} {
			t.Run(group+" "+name, func(t *testing.T) {
				_, err := load(t, group+":\n  url: "+tt.url+"\n  ca_file: "+tt.file, nil, nil)
				var problems Problems
				if !errors.As(err, &problems) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), password) {
					t.Errorf("got %v\nwant a problem with %q", err, tt.want)
				}
			})
		}
	}
}

// The internal token has all rights, and is for this machine.
func TestInternalTokenStaysHere(t *testing.T) {
	cfg := Default()
	cfg.Dir = t.TempDir()
	if err := os.MkdirAll(cfg.DataDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	internal, err := access.SecretFile(cfg.InternalToken())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cfg.TokenStore().Create("somebody", access.Read); err != nil {
		t.Fatal(err)
	}
	if to := cfg.SubscriberConfig(); to.Token != internal {
		t.Errorf("the local listener gets %q", to.Token)
	}
	cfg.WebSocketURL = "wss://elsewhere.example/ws"
	if to := cfg.SubscriberConfig(); to.Token != "" || to.WebSocketURL != cfg.WebSocketURL {
		t.Errorf("%s gets %q", to.WebSocketURL, to.Token)
	}
}
