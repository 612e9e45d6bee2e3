package api

import (
	_ "embed" // asyncapi.json
	"net/http"
)

// asyncAPIDocument describes the notifications on the other port.
//
//go:embed asyncapi.json
var asyncAPIDocument []byte

// asyncAPI answers with the description of the notifications.
func (s *Server) asyncAPI(x *exchange) error {
	x.send(http.StatusOK, jsonType, asyncAPIDocument)
	return nil
}
