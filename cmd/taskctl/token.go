package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"taskctl/pkg/access"
	"taskctl/pkg/config"
	"taskctl/pkg/screen"
)

func (p *program) tokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: p.text("Make, list and revoke named tokens", "Crea, lista y revoca tokens con nombre"),
		Long: p.text(`Named tokens let programs and people in, each with one scope: read, write (and
read), or admin (everything, with status and metrics). From the first one on, every
request needs a token, even after the last one has been revoked. A running system
applies changes within a second, on open connections too. Only hashes are kept, in
data/tokens.`,
			`Los tokens con nombre dan acceso a programas y personas, cada uno con un alcance:
read (leer), write (escribir y leer) o admin (todo, también estado y métricas).
Desde el primero, toda petición necesita un token, incluso después de revocar el
último. Un sistema en marcha aplica los cambios en un segundo, también en las
conexiones abiertas. Solo se guardan hashes, en data/tokens.`),
		Example: "  taskctl token new grafana --scope admin\n  taskctl token list\n  taskctl token revoke grafana",
		Args:    p.noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.tokenNewCommand(), p.tokenListCommand(), p.tokenRevokeCommand())
	return cmd
}

func (p *program) tokenNewCommand() *cobra.Command {
	var scope string
	cmd := &cobra.Command{
		Use:        "new NAME",
		SuggestFor: []string{"add", "create", "make"},
		Short:      p.text("Make a token and print it, once", "Crea un token y lo muestra, una sola vez"),
		Example:    "  taskctl token new backup --scope read\n  TOKEN=$(taskctl token new mailer --scope write)",
		Args:       p.exactArgs("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			allowed, err := access.ParseScope(scope)
			if err != nil {
				return &usageError{p.lang.FlagBadValue("--scope", scope)}
			}
			cfg, err := p.loadRunning(cmd)
			if err != nil {
				return err
			}
			first := !cfg.NeedsToken()
			secret, err := cfg.TokenStore().Create(args[0], allowed)
			if err != nil {
				return p.tokenError(args[0], err)
			}
			if first {
				fmt.Fprintln(p.stderr, p.text("From now on, every request to this system needs a token.", "Desde ahora, toda petición a este sistema necesita un token."))
			}
			_, err = fmt.Fprintln(p.stdout, secret)
			return err
		},
	}
	cmd.Flags().StringVar(&scope, "scope", access.Read.String(), p.text("`SCOPE` of the token: read, write or admin", "`ALCANCE` del token: read, write o admin"))
	offerWords(cmd, "scope", access.Read.String(), access.Write.String(), access.Admin.String())
	return cmd
}

func (p *program) tokenListCommand() *cobra.Command {
	var out format
	cmd := &cobra.Command{
		Use:     "list",
		Short:   p.text("List the tokens, without their secrets", "Lista los tokens, sin sus secretos"),
		Example: "  taskctl token list\n  taskctl token list --json | jq -r '.[].name'",
		Args:    p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.loadRunning(cmd)
			if err != nil {
				return err
			}
			tokens, err := cfg.TokenStore().List()
			if err != nil {
				return err
			}
			return p.showTokens(tokens, out)
		},
	}
	formatFlag(cmd, &out, p.lang.FlagJSON())
	return cmd
}

func (p *program) showTokens(tokens []access.Token, out format) error {
	if out == asJSON {
		type token struct {
			Name    string    `json:"name"`
			Scope   string    `json:"scope"`
			Created time.Time `json:"created_at"`
		}
		list := []token{}
		for _, t := range tokens {
			list = append(list, token{t.Name, t.Scope.String(), t.Created})
		}
		return printJSON(p.stdout, list)
	}
	rows := [][]string{{p.text("NAME", "NOMBRE"), p.text("SCOPE", "ALCANCE"), p.text("CREATED", "CREADO")}}
	for _, t := range tokens {
		rows = append(rows, []string{t.Name, t.Scope.String(), t.Created.Local().Format(time.DateTime)})
	}
	_, err := io.WriteString(p.stdout, screen.Table("", screen.Width(p.stdout), rows))
	return err
}

func (p *program) tokenRevokeCommand() *cobra.Command {
	return &cobra.Command{
		Use:        "revoke NAME",
		SuggestFor: []string{"rm", "remove", "delete", "del"},
		Short:      p.text("Revoke a token; open connections end within a second", "Revoca un token; las conexiones abiertas acaban en un segundo"),
		Example:    "  taskctl token revoke grafana",
		Args:       p.exactArgs("NAME"),
		ValidArgsFunction: p.completeNames(func(cfg *config.Config) (names []string) {
			tokens, _ := cfg.TokenStore().List() // unreadable: none are offered
			for _, t := range tokens {
				names = append(names, t.Name)
			}
			return names
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := p.loadRunning(cmd)
			if err != nil {
				return err
			}
			return p.tokenError(args[0], cfg.TokenStore().Revoke(args[0]))
		},
	}
}

// tokenError returns the message for an error about a named token.
func (p *program) tokenError(name string, err error) error {
	switch {
	case errors.Is(err, access.ErrTokenExists):
		return errors.New(p.lang.TokenExists(name))
	case errors.Is(err, access.ErrNoToken):
		return errors.New(p.lang.TokenUnknown(name))
	case errors.Is(err, access.ErrTokenName):
		return &usageError{p.lang.TokenBadName(name)}
	}
	return err
}
