package doctor

import (
	"context"
	"errors"

	"taskctl/launcher/components"
	"taskctl/pkg/broker/notice"
)

// broker checks the server that tells several machines of new events. A system runs
// without it, with a delay.
func (e *examination) broker(ctx context.Context) {
	server, ok := e.cfg.BrokerServer()
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	err := components.CheckBroker(ctx, e.cfg)
	kind, host := e.cfg.UsedBroker(), notice.Host(server.URL)
	var problem *notice.ServerError
	switch {
	case err == nil:
		e.add("broker", Good, e.lang.DoctorBroker(kind, host), "")
	case errors.As(err, &problem):
		e.add("broker", Warning, problem.Describe(e.lang), "")
	default:
		e.add("broker", Warning, e.lang.BrokerUnreachable(kind, host, kind, err.Error()), "")
	}
}
