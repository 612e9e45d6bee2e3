package api

import (
	"net/http"
	"time"

	"taskctl/pkg/access"
)

// sessionBody describes the token that a request came with.
type sessionBody struct {
	Name    string     `json:"name"`
	Scope   string     `json:"scope"`
	Expires *time.Time `json:"expires_at,omitempty"`
}

// getSession tells a browser whether it is signed in. The scope "public" means that it
// is not, and must sign in.
func (s *Server) getSession(x *exchange) error {
	if !s.cfg.Access.Tokens.Required() {
		return sendJSON(x, sessionBody{Scope: access.Admin.String()})
	}
	id := s.cfg.Access.Caller(x.r)
	return sendJSON(x, sessionBody{Name: id.Name, Scope: id.Scope.String()})
}

// signIn creates a session for the token of the request, and sets its cookie. Scripts
// cannot read the cookie, and it works for EventSource and after a reload.
func (s *Server) signIn(x *exchange) error {
	id := s.cfg.Access.Caller(x.r)
	if id.Name == "" || id.IsSession() || id.IsInternal() {
		_, denied := s.cfg.Access.Authorize(x.r, access.Read)
		if denied == nil {
			denied = &access.Denied{Status: http.StatusUnauthorized, Reason: "sign in with Authorization: Bearer TOKEN", Challenge: access.Challenge}
		}
		return &deniedError{denied}
	}
	cookie, expires, err := s.cfg.Access.Tokens.SignIn(id)
	if err != nil {
		return err
	}
	http.SetCookie(x.w, access.SessionCookie(x.r, cookie, expires))
	return sendJSON(x, sessionBody{Name: id.Name, Scope: id.Scope.String(), Expires: &expires})
}

// signOut ends the session of the request's cookie.
func (s *Server) signOut(x *exchange) error {
	if len(x.r.Header["Origin"]) == 0 {
		return &deniedError{&access.Denied{Status: http.StatusForbidden, Reason: "a session needs the Origin header here, which browsers send"}}
	}
	if id := s.cfg.Access.Caller(x.r); id.IsSession() {
		if err := s.cfg.Access.Tokens.SignOut(id); err != nil {
			return err
		}
	}
	http.SetCookie(x.w, access.NoSession(x.r))
	x.sendEmpty(http.StatusNoContent)
	return nil
}
