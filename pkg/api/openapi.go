package api

import (
	_ "embed" // openapi.json, asyncapi.json
	"net/http"
	"strconv"
	"strings"
)

// The documents describe the API and the notifications. Tests compare them with the
// routes and with real answers.
var (
	//go:embed openapi.json
	openAPIDocument string
	//go:embed asyncapi.json
	asyncAPIDocument []byte
)

// Members of openapi.json that depend on the configuration.
const (
	documentVersion = `"version": "0.0.0"`
	tokenOptional   = `"security": [{"token": []}, {}]`
	tokenRequired   = `"security": [{"token": []}]`
)

// describe returns openapi.json for a configuration.
func describe(cfg Config) []byte {
	replacements := []string{documentVersion, `"version": ` + strconv.Quote(cfg.Version)}
	if cfg.Access.Tokens.Required() {
		replacements = append(replacements, tokenOptional, tokenRequired)
	}
	return []byte(strings.NewReplacer(replacements...).Replace(openAPIDocument))
}

func (s *Server) openAPI(x *exchange) error {
	x.send(http.StatusOK, jsonType, s.document)
	return nil
}

func (s *Server) asyncAPI(x *exchange) error {
	x.send(http.StatusOK, jsonType, asyncAPIDocument)
	return nil
}
