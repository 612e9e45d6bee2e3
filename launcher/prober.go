package launcher

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"taskctl/pkg/listen"
)

// prober sends readiness requests to the components' listeners. It keeps its connections
// open, so that a component at its limit of clients still answers.
type prober struct {
	sockets *sockets
	token   string
	scheme  string
	http    *http.Client
}

// newProber returns a prober. secured is nil if the components use plain HTTP.
func newProber(sockets *sockets, token string, secured *tls.Config) *prober {
	p := &prober{sockets: sockets, token: token, scheme: "http"}
	if secured != nil {
		p.scheme = "https"
	}
	p.http = &http.Client{Transport: &http.Transport{DialContext: listen.Dialer{}.DialContext, TLSClientConfig: secured}}
	return p
}

// get sends a GET to a component and decodes the answer into out. It decodes the body of
// an error response too, if that is JSON.
func (p *prober) get(ctx context.Context, component, path string, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.scheme+"://"+p.sockets.addr(component)+path, nil)
	if err != nil {
		return err
	}
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	res, err := p.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to the end, or not needed
	if res.StatusCode != http.StatusOK {
		err := fmt.Errorf("%s answers %s", path, res.Status)
		if strings.HasSuffix(res.Header.Get("Content-Type"), "json") {
			return errors.Join(err, json.NewDecoder(res.Body).Decode(out))
		}
		return err
	}
	return json.NewDecoder(res.Body).Decode(out)
}

// closeIdle closes the connections that are not in use.
func (p *prober) closeIdle() error {
	p.http.CloseIdleConnections()
	return nil
}
