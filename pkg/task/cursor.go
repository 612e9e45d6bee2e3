package task

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
)

// A page's cursor is the key of its last task, with a checksum, so that an invalid
// cursor is refused instead of meaning another place. The key is the seq of the event
// that created the task: the order of creation.
const cursorSize = 8 + 4

// FormatCursor returns the cursor of a page that ends with the task of this key.
func FormatCursor(key int64) string {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, cursorSize), uint64(key))
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseCursor returns the key in a cursor. For an empty cursor it is higher than every
// key. The error is an *InvalidError for "cursor".
func ParseCursor(s string) (key int64, err error) {
	if s == "" {
		return MaxSeq, nil
	}
	var b [cursorSize]byte
	if len(s) == base64.RawURLEncoding.EncodedLen(cursorSize) { // because decoding would skip line ends
		n, err := base64.RawURLEncoding.Strict().Decode(b[:], []byte(s))
		key := int64(binary.BigEndian.Uint64(b[:]))
		if err == nil && n == cursorSize && key > 0 &&
			binary.BigEndian.Uint32(b[8:]) == crc32.ChecksumIEEE(b[:8]) {
			return key, nil
		}
	}
	return 0, Invalid("cursor", "must be the next_cursor of an earlier page")
}
