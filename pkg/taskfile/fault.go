package taskfile

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Fault is what is wrong with a line.
type Fault string

// The faults.
const (
	FaultSyntax       Fault = "syntax"        // it is not JSON
	FaultNotObject    Fault = "not_object"    // it is JSON, but no object
	FaultType         Fault = "type"          // Field has a value of another type
	FaultUnknownField Fault = "unknown_field" // a task has no Field
	FaultRepeated     Fault = "repeated"      // Field appears twice
	FaultID           Fault = "id"            // Value is not a UUID
	FaultSameID       Fault = "same_id"       // the task on line Value has the same id
	FaultTime         Fault = "time"          // the Value of Field is not a time
	FaultBool         Fault = "bool"          // the Value of Field is neither true nor false
	FaultEmpty        Fault = "empty"         // Field has no visible character
	FaultTooLong      Fault = "too_long"      // Field has more than Value characters
	FaultNUL          Fault = "nul"           // Field contains the NUL character
	FaultUTF8         Fault = "utf8"          // it is not UTF-8
	FaultOrder        Fault = "order"         // updated_at is before created_at
	FaultColumns      Fault = "columns"       // it has Value fields; the header has a different number
	FaultQuote        Fault = "quote"         // a quotation mark is missing or misplaced
	FaultLineTooLong  Fault = "line_too_long" // it has more than Value bytes
)

// LineError says what is wrong with a line. The lines after it can still be read.
type LineError struct {
	Line  int
	Fault Fault
	Field string // at fault; empty: the whole line
	Value string // what the Fault says of it
}

func (e *LineError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("line %d: %s %s %s", e.Line, e.Fault, e.Field, e.Value))
}

// HeaderError says that a CSV file has no header that can be understood: nothing
// of it can be read.
type HeaderError struct {
	Fault  HeaderFault
	Column string
}

// HeaderFault is what is wrong with a column of a header.
type HeaderFault string

// The faults of a header.
const (
	ColumnUnknown  HeaderFault = "unknown"
	ColumnRepeated HeaderFault = "repeated"
	ColumnMissing  HeaderFault = "missing"
)

func (e *HeaderError) Error() string { return fmt.Sprintf("header: %s column %q", e.Fault, e.Column) }

// jsonError is what is wrong with a line that is not a task in JSON.
func jsonError(text []byte, err error) *LineError {
	var semantic *json.SemanticError
	var syntactic *jsontext.SyntacticError
	switch {
	case !utf8.Valid(text):
		return &LineError{Fault: FaultUTF8}
	case errors.As(err, &semantic) && semantic.JSONPointer == "":
		return &LineError{Fault: FaultNotObject}
	case errors.As(err, &semantic) && errors.Is(err, json.ErrUnknownName):
		return &LineError{Fault: FaultUnknownField, Field: fieldOf(semantic.JSONPointer)}
	case errors.As(err, &semantic):
		return &LineError{Fault: FaultType, Field: fieldOf(semantic.JSONPointer)}
	case errors.As(err, &syntactic) && errors.Is(err, jsontext.ErrDuplicateName):
		return &LineError{Fault: FaultRepeated, Field: fieldOf(syntactic.JSONPointer)}
	}
	return &LineError{Fault: FaultSyntax}
}

func fieldOf(pointer jsontext.Pointer) string { return pointer.LastToken() }

// textError is what is wrong with a text that a task cannot have.
func textError(field, text string, limit int) *LineError {
	switch {
	case !utf8.ValidString(text):
		return &LineError{Fault: FaultUTF8, Field: field}
	case strings.IndexByte(text, 0) >= 0:
		return &LineError{Fault: FaultNUL, Field: field}
	case utf8.RuneCountInString(strings.TrimSpace(text)) > limit:
		return &LineError{Fault: FaultTooLong, Field: field, Value: strconv.Itoa(limit)}
	}
	return &LineError{Fault: FaultEmpty, Field: field}
}
