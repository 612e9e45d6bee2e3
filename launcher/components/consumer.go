package components

import (
	"context"
	"path/filepath"
	"strings"

	"taskctl/pkg/access"
	"taskctl/pkg/client"
	"taskctl/pkg/config"
	"taskctl/pkg/consumer"
	"taskctl/pkg/task"
)

// RunConsumer runs the terminal consumer until ctx ends.
func RunConsumer(ctx context.Context, cfg *config.Config, options consumer.Config, env Env) error {
	address := cfg.SubscriberConfig()
	if env.Handle == nil {
		options.Protected = protected(cfg)
	} else {
		address = cfg.ClientConfig()
		address.WebSocketURL = cfg.LocalWebSocket()
	}
	if env.Handle != nil && address.Token == "" { // a first named token may be created while it runs
		var err error
		if address.Token, err = access.SecretFile(cfg.InternalToken()); err != nil {
			return err
		}
	}
	c, err := client.New(address)
	if err != nil {
		return err
	}
	options.ExecEnv = config.WithoutSecrets(env.Environ)
	log := env.logger(config.Consumer)
	terminal, err := consumer.New(options, consumer.Deps{
		Client: c, Stdout: env.Stdout, Stderr: env.Stderr, Lang: env.Lang, Logger: log,
		Seen: func(at task.Position) { env.Handle.Note(positionNote + at.String()) },
	})
	if err != nil {
		return err
	}
	return runReady(ctx, env, terminal, func(ctx context.Context) {
		env.byHand(env.Lang.ReadyByHand(config.Consumer))
		reportAlive(ctx, env.Handle, log, running)
	})
}

// protected lists the files of the system in the directory, which a consumer that runs
// by hand must not overwrite.
func protected(cfg *config.Config) consumer.Protected {
	p := consumer.Protected{Dir: cfg.DataDir(), Files: cfg.SecretFiles()}
	if cfg.File != "" {
		p.Files = append(p.Files, cfg.File)
	}
	for _, name := range cfg.LogNames() {
		p.Files = append(p.Files, filepath.Join(cfg.LogDir(), name+".log"))
		rotated, _ := filepath.Glob(filepath.Join(cfg.LogDir(), name+"-*")) // the pattern is valid
		p.Files = append(p.Files, rotated...)
	}
	return p
}

// positionNote begins the note with which the consumer reports the position of its last
// event to the launcher.
const positionNote = "seen "

// NotedPosition returns the position in a consumer's note, if there is one.
func NotedPosition(note string) (at task.Position, ok bool) {
	text, ok := strings.CutPrefix(note, positionNote)
	if !ok {
		return at, false
	}
	at, err := task.ParsePosition(text)
	return at, err == nil
}
