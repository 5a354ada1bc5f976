package nn

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sdgraph/sdgraph/tensor"
)

// maxConfig is the size in bytes that a configuration may have: a hundred times
// what the longest have that are published.
const maxConfig = 1 << 20

// ReadJSON reads an object out of a JSON file of a directory, such as a
// configuration, into a pointer to a struct, whose present values are what
// absent fields mean. The error names the file, and for a value that a field
// cannot have, such as null for a number or in a list, field and value too; it is
// tensor.ErrDamaged, also for a file of more than 1 MiB, before it is read, and
// fs.ErrNotExist where there is none.
func ReadJSON(dir tensor.Dir, name string, into any) error {
	o, err := readObject(dir, name)
	if err != nil {
		return err
	}
	if err := o.decode(into); err != nil {
		return damaged(fmt.Errorf("%s: %w", dir.Path(name), err))
	}
	return nil
}

// object is a JSON object whose values have not been looked at.
type object map[string]json.RawMessage

func readObject(dir tensor.Dir, name string) (object, error) {
	data, err := dir.ReadUpTo(name, maxConfig)
	if err != nil {
		return nil, err
	}
	var o object
	err = json.Unmarshal(data, &o)
	if err != nil && json.Unmarshal(pythonNumber.ReplaceAll(data, []byte(`$1"$2"`)), &o) == nil {
		err = nil
	}
	switch {
	case err != nil:
		return nil, damaged(fmt.Errorf("%s: %w", dir.Path(name), err))
	case o == nil:
		return nil, damaged(fmt.Errorf("%s: null, want a JSON object", dir.Path(name)))
	}
	return o, nil
}

// pythonNumber is what Python writes into its files and JSON has not. Between
// quotation marks it is one more value that no number can have.
var pythonNumber = regexp.MustCompile(`(:\s*)(-?Infinity|NaN)\b`)

// decode gives the fields of a struct their values, by their json tags.
func (o object) decode(into any) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("an object cannot be read into %T, want a pointer to a struct", into)
	}
	return o.fields("", v.Elem())
}

// fields decodes into the struct v, whose path in the file is a prefix.
func (o object) fields(prefix string, v reflect.Value) error {
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		text, ok := o[name]
		if !ok || name == "" || name == "-" {
			continue
		}
		if err := decodeField(prefix+name, text, v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

func decodeField(path string, text json.RawMessage, v reflect.Value) error {
	switch {
	case string(text) == `"-Infinity"` && v.Type() == reflect.TypeFor[*float64]():
		return nil // no lower limit
	case string(text) == "null" && isNumber(v.Kind()):
		return fmt.Errorf("%s is null, want %s", path, kindOf(v.Type()))
	case v.Kind() == reflect.Slice:
		if i := nullIn(text); i >= 0 {
			return fmt.Errorf("%s[%d] is null, want %s", path, i, kindOf(v.Type().Elem()))
		}
	case v.Kind() == reflect.Struct && string(text) != "null":
		var inner object
		if json.Unmarshal(text, &inner) == nil {
			return inner.fields(path+".", v)
		}
	}
	err := json.Unmarshal(text, v.Addr().Interface())
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return fmt.Errorf("%s is %s, want %s", path, short(string(text)), kindOf(v.Type()))
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// nullIn is the index of the first null in a list, which Unmarshal would make a 0
// or an empty text, and -1 where there is none.
func nullIn(text json.RawMessage) int {
	var list []json.RawMessage
	if json.Unmarshal(text, &list) != nil {
		return -1
	}
	return slices.IndexFunc(list, func(one json.RawMessage) bool { return string(one) == "null" })
}

func isNumber(k reflect.Kind) bool { return k >= reflect.Int && k <= reflect.Float64 }

// kindOf is what a value must be, for people.
func kindOf(t reflect.Type) string {
	switch k := t.Kind(); {
	case k == reflect.Float32 || k == reflect.Float64:
		return fmt.Sprintf("a number that a %s holds", k)
	case isNumber(k):
		return "a whole number"
	case k == reflect.Bool:
		return "true or false"
	case k == reflect.String:
		return "a text"
	case k == reflect.Slice:
		return "a list, each of it " + kindOf(t.Elem())
	case k == reflect.Pointer:
		return kindOf(t.Elem()) + ", or null"
	}
	return "an object"
}

// UnmarshalJSON is json.Unmarshal for files from anywhere: see ShortJSON.
func UnmarshalJSON(data []byte, into any) error { return ShortJSON(json.Unmarshal(data, into)) }

// ShortJSON cuts what an error of encoding/json quotes: a number that does not fit
// its field may have a million digits. It returns err itself, nil for nil.
func ShortJSON(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		wrong.Value = short(wrong.Value)
	}
	return err
}

// short cuts a value that is quoted in a message.
func short(value string) string {
	const most = 60
	if len(value) <= most {
		return value
	}
	cut := most
	for !utf8.RuneStart(value[cut]) {
		cut--
	}
	return value[:cut] + "…"
}
