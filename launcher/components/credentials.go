package components

import (
	"log/slog"

	"taskctl/pkg/access"
	"taskctl/pkg/config"
)

// openCredentials reads the tokens and the certificate of a server.
func openCredentials(cfg *config.Config, logger *slog.Logger) (config.Credentials, error) {
	internal, err := access.SecretFile(cfg.InternalToken())
	if err != nil {
		return config.Credentials{}, err
	}
	certificate, err := cfg.Certificate(logger)
	return config.Credentials{Tokens: cfg.Tokens(internal, logger), Certificate: certificate}, err
}
