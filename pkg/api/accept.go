package api

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// wantsStream reports whether the client names server-sent events in Accept, and does
// not prefer JSON.
func wantsStream(header http.Header) bool {
	accepted := parseAccept(header["Accept"])
	stream, json := accepted.quality(streamType), accepted.quality(jsonType)
	_, named := accepted[streamType]
	return named && stream > 0 && stream >= json
}

// accepted has the quality of each media range of Accept (RFC 9110 §12.5.1).
type accepted map[string]float64

func parseAccept(lines []string) accepted {
	ranges := make(accepted)
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ",") {
			name, parameters, err := mime.ParseMediaType(part)
			if err != nil {
				continue
			}
			q := 1.0
			if text, given := parameters["q"]; given {
				if q, err = strconv.ParseFloat(text, 64); err != nil || q < 0 || q > 1 {
					continue
				}
			}
			ranges[name] = q
		}
	}
	return ranges
}

// quality returns the quality of a media type: that of the most specific range.
func (a accepted) quality(mediaType string) float64 {
	family, _, _ := strings.Cut(mediaType, "/")
	for _, name := range []string{mediaType, family + "/*", "*/*"} {
		if q, given := a[name]; given {
			return q
		}
	}
	return 0
}
