package postgres

import (
	"encoding/binary"
	"fmt"
)

// The types of PostgreSQL that parameters have (pg_type.oid).
const (
	oidBool  = 16
	oidBytea = 17
	oidInt8  = 20
	oidText  = 25
)

// encodeArgs renders parameters of type int64, bool, string and []byte, and
// slices of these, in PostgreSQL's binary format.
func encodeArgs(args []any) ([][]byte, error) {
	values := make([][]byte, len(args))
	for i, arg := range args {
		switch a := arg.(type) {
		case int64:
			values[i] = appendInt(nil, a)
		case bool:
			values[i] = appendBool(nil, a)
		case string:
			values[i] = []byte(a)
		case []byte:
			values[i] = a
		case []int64:
			values[i] = appendArray(oidInt8, a, 8*len(a), appendInt)
		case []bool:
			values[i] = appendArray(oidBool, a, len(a), appendBool)
		case []string:
			values[i] = appendArray(oidText, a, sizeOf(a), appendBytes[string])
		case [][]byte:
			values[i] = appendArray(oidBytea, a, sizeOf(a), appendBytes[[]byte])
		case texts:
			values[i] = appendArray(oidText, a, sizeOf(a), appendBytes[[]byte])
		default:
			return nil, fmt.Errorf("parameter %d has the type %T", i+1, arg)
		}
	}
	return values, nil
}

// texts is encoded as an array of text; a plain [][]byte is an array of bytea.
type texts [][]byte

func appendInt(dst []byte, n int64) []byte { return binary.BigEndian.AppendUint64(dst, uint64(n)) }

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func appendBytes[T string | []byte](dst []byte, s T) []byte { return append(dst, s...) }

func sizeOf[T string | []byte](items []T) (size int) {
	for _, s := range items {
		size += len(s)
	}
	return size
}

// appendArray renders a one-dimensional array without NULLs. size is the sum of the
// sizes of its elements.
func appendArray[T any](oid uint32, items []T, size int, element func([]byte, T) []byte) []byte {
	dst := make([]byte, 0, 20+4*len(items)+size)
	if len(items) == 0 {
		return binary.BigEndian.AppendUint32(append(dst, 0, 0, 0, 0, 0, 0, 0, 0), oid) // no dimension
	}
	dst = append(dst, 0, 0, 0, 1, 0, 0, 0, 0) // one dimension, no NULL
	dst = binary.BigEndian.AppendUint32(dst, oid)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(items)))
	dst = binary.BigEndian.AppendUint32(dst, 1) // lower bound
	for _, item := range items {
		at := len(dst)
		dst = element(append(dst, 0, 0, 0, 0), item)
		binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	}
	return dst
}
