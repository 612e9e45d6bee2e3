package components

import (
	"log/slog"

	"taskctl/pkg/access"
	"taskctl/pkg/config"
)

// openDoor reads the tokens and the certificate of a server.
func openDoor(cfg *config.Config, logger *slog.Logger) (config.Door, error) {
	internal, err := access.SecretFile(cfg.InternalToken())
	if err != nil {
		return config.Door{}, err
	}
	certificate, err := cfg.Certificate(logger)
	return config.Door{Tokens: cfg.Tokens(internal, logger), Certificate: certificate}, err
}
