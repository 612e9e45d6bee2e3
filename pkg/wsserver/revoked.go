package wsserver

import (
	"context"
	"time"

	"taskctl/pkg/access"
)

const (
	revokedCheckInterval = 250 * time.Millisecond
	// sessionCheckInterval is how often clients are checked although no token has
	// changed: sessions end by themselves.
	sessionCheckInterval = time.Minute
)

// closeRevoked closes the connections of clients whose token was revoked, or that have
// no token although one is now required.
func (h *hub) closeRevoked(ctx context.Context, tokens *access.Tokens) {
	ticker := time.NewTicker(revokedCheckInterval)
	defer ticker.Stop()
	changes, checked := tokens.Changes(), time.Now()
	for {
		select {
		case now := <-ticker.C:
			latest := tokens.Changes()
			if latest == changes && now.Sub(checked) < sessionCheckInterval {
				continue
			}
			changes, checked = latest, now
		case <-ctx.Done():
			return
		}
		for c := range h.all() {
			if c.caller != nil && !tokens.Valid(*c.caller) {
				c.close(closeRefused, "the token has been revoked", h.config.CloseTimeout)
			}
		}
	}
}
