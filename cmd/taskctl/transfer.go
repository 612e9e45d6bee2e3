package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"taskctl/launcher/components"
	"taskctl/launcher/control"
	"taskctl/pkg/config"
	"taskctl/pkg/message"
	"taskctl/pkg/store/postgres"
	"taskctl/pkg/store/sqlite"
	"taskctl/pkg/task"
	"taskctl/pkg/taskfile"
)

func (p *program) exportCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "export",
		Short: p.text("Print all tasks as JSON lines or CSV", "Muestra todas las tareas como líneas JSON o CSV"),
		Long: p.text(`Print every task, oldest first, as of one moment: a JSON object on each line, or
CSV with a header. The system may be running or stopped.`,
			`Muestra todas las tareas, de la más antigua a la más nueva, tal como están en un
momento: un objeto JSON en cada línea, o CSV con cabecera. El sistema puede estar
en marcha o detenido.`),
		Example: "  taskctl export > tasks.jsonl\n  taskctl export --format csv > tasks.csv",
		Args:    p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !taskfile.Format(format).Valid() {
				return &usageError{p.lang.ConfigNotOneOf("--format", format, string(taskfile.JSONL), string(taskfile.CSV))}
			}
			cfg, err := p.loadRunning(cmd)
			if err != nil {
				return err
			}
			return p.export(cmd.Context(), cfg, taskfile.Format(format))
		},
	}
	cmd.Flags().StringVar(&format, "format", string(taskfile.JSONL), p.text("the `FORMAT`: jsonl or csv", "el `FORMATO`: jsonl o csv"))
	offerWords(cmd, "format", string(taskfile.JSONL), string(taskfile.CSV))
	return cmd
}

func (p *program) export(ctx context.Context, cfg *config.Config, format taskfile.Format) error {
	out := taskfile.NewWriter(p.stdout, format)
	var err error
	if cfg.Store == config.StorePostgres {
		err = postgres.Export(ctx, cfg.PostgresOptions(), out.Write)
	} else {
		err = sqlite.Export(ctx, cfg.Database(), out.Write)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New(p.lang.NoDatabase(cfg.Database()))
	case errors.Is(err, postgres.ErrNoSchema):
		return errors.New(p.lang.NoDatabase(cfg.StoreServer()))
	case err != nil:
		return p.transferError(err)
	}
	return out.Flush()
}

// transferError describes a database that cannot be used in the user's language.
func (p *program) transferError(err error) error {
	if problem := (*postgres.ServerError)(nil); errors.As(err, &problem) {
		return errors.New(problem.Describe(p.lang))
	}
	return err
}

// importOptions are the flags of import.
type importOptions struct {
	format  string
	dryRun  bool
	skipBad bool
}

func (p *program) importCommand() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: p.text("Add or update tasks from an exported file", "Añade o actualiza tareas a partir de un archivo exportado"),
		Long: p.text(`Put the tasks of FILE into the database; - is the standard input. Ids and times
are kept: a task whose id is there already gets the values of the file, and one
that is the same is left alone, so a second import changes nothing. The import is
one transaction: if some lines are not tasks, they are named, and nothing is
imported unless --skip-bad is given. While a large file is imported into a running
system, other writes wait.`,
			`Añade las tareas de ARCHIVO a la base de datos; - es la entrada estándar. Los ids y
los tiempos se conservan: una tarea cuyo id ya existe recibe los valores del
archivo, y la que es igual se deja como está, así que una segunda importación no
cambia nada. La importación es una sola transacción: si algunas líneas no son
tareas, se indica cuáles y no se importa nada, salvo con --skip-bad. Mientras se
importa un archivo grande en un sistema en marcha, las demás escrituras esperan.`),
		Example: "  taskctl import tasks.jsonl --dry-run\n  taskctl import tasks.csv",
		Args:    p.exactArgs("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.format == "" {
				o.format = string(taskfile.FormatOf(args[0]))
			}
			if !taskfile.Format(o.format).Valid() {
				return &usageError{p.lang.ConfigNotOneOf("--format", o.format, string(taskfile.JSONL), string(taskfile.CSV))}
			}
			cfg, err := p.loadRunning(cmd)
			if err != nil {
				return err
			}
			return p.importFile(cmd.Context(), cfg, args[0], o)
		},
	}
	cmd.Flags().StringVar(&o.format, "format", "", p.text("the `FORMAT`: jsonl or csv (default: csv for *.csv, else jsonl)", "el `FORMATO`: jsonl o csv (por defecto: csv para *.csv, si no jsonl)"))
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, p.text("only say what would be done", "solo dice qué se haría"))
	offerWords(cmd, "format", string(taskfile.JSONL), string(taskfile.CSV))
	cmd.Flags().BoolVar(&o.skipBad, "skip-bad", false, p.text("skip lines that are not tasks, and import the others", "omite las líneas que no son tareas e importa las demás"))
	return cmd
}

func (p *program) importFile(ctx context.Context, cfg *config.Config, name string, o importOptions) (err error) {
	in := p.stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return errors.New(p.lang.ImportUnreadable(name, err))
		}
		defer file.Close() //nolint:errcheck // it was only read
		in = file
	}
	to, err := beginImport(ctx, cfg)
	if err != nil {
		return p.transferError(err)
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	counts, err := p.putAll(ctx, to, taskfile.NewReader(in, taskfile.Format(o.format)))
	if err != nil {
		return err
	}
	if counts.Bad > 0 && !o.skipBad {
		return errors.New(p.lang.ImportNothing(counts.Bad))
	}
	if o.dryRun {
		_, err = fmt.Fprintln(p.stdout, p.lang.ImportDryRun(counts))
		return err
	}
	if err := to.Commit(ctx); err != nil {
		return err
	}
	if cfg.Store == config.StorePostgres {
		p.notNotified(components.NotifyNodes(ctx, cfg))
	} else {
		p.notifyClients(ctx, cfg)
	}
	_, err = fmt.Fprintln(p.stdout, p.lang.ImportDone(counts))
	return err
}

// notifyClients has the notification server of a running system push what was
// imported. Without the notice, clients receive it when the server reads the log
// next, a few seconds later.
func (p *program) notifyClients(ctx context.Context, cfg *config.Config) {
	status, err := control.NewClient(cfg).Status(ctx)
	if err != nil {
		return // nothing runs: clients receive it when they resume
	}
	for _, c := range status.Components {
		if c.Name != config.WSServer || c.Address == "" {
			continue
		}
		p.notNotified(components.NotifyServer(ctx, cfg.At(cfg.API.Addr, c.Address)))
	}
}

func (p *program) notNotified(err error) {
	if err != nil {
		fmt.Fprintln(p.stderr, p.lang.ImportNotNotified(err.Error()))
	}
}

// importer puts tasks into a store in one transaction.
type importer interface {
	Put(ctx context.Context, tasks []task.Task) ([]task.ImportResult, error)
	Commit(ctx context.Context) error
	Close() error // without Commit nothing is changed
}

func beginImport(ctx context.Context, cfg *config.Config) (importer, error) {
	if cfg.Store == config.StorePostgres {
		return postgres.BeginImport(ctx, cfg.PostgresOptions())
	}
	return sqlite.BeginImport(ctx, cfg.StoreOptions())
}

// maxNamedLines bounds the bad lines that are reported one by one.
const maxNamedLines = 1000

// importBatch is how many tasks are given to the store at once.
const importBatch = 256

// putAll writes every task of a file, and reports every line that is not a task.
func (p *program) putAll(ctx context.Context, to importer, from *taskfile.Reader) (counts message.ImportCounts, err error) {
	batch := make([]task.Task, 0, importBatch)
	put := func() error {
		if len(batch) == 0 {
			return nil
		}
		results, err := to.Put(ctx, batch)
		batch = batch[:0]
		for _, result := range results {
			switch result {
			case task.ImportAdded:
				counts.Added++
			case task.ImportChanged:
				counts.Changed++
			default:
				counts.Unchanged++
			}
		}
		return err
	}
	for {
		t, _, err := from.Next()
		var bad *taskfile.LineError
		var header *taskfile.HeaderError
		var path *fs.PathError
		switch {
		case errors.As(err, &header):
			return counts, errors.New(p.lang.ImportBadHeader(string(header.Fault), header.Column, taskfile.Columns()))
		case errors.Is(err, io.EOF):
			err := put() // it counts
			return counts, err
		case errors.As(err, &bad):
			if counts.Bad++; counts.Bad <= maxNamedLines {
				fmt.Fprintln(p.stderr, p.lang.ImportBadLine(bad.Line, string(bad.Fault), oneLine(bad.Field), oneLine(bad.Value)))
			}
			continue
		case errors.As(err, &path):
			return counts, errors.New(p.lang.ImportUnreadable(path.Path, err))
		case err != nil:
			return counts, err
		}
		if batch = append(batch, t); len(batch) == importBatch {
			if err := put(); err != nil {
				return counts, err
			}
		}
	}
}
