package nn

import (
	"encoding/json"
	"fmt"

	"github.com/sdgraph/sdgraph/tensor"
)

// ConfigFile is the name of the file in a model's directory that says how the
// model is built.
const ConfigFile = "config.json"

// Fixed is a field of a config.json of which one value is supported. It may be null
// or absent, too.
type Fixed struct {
	Field string
	Value any    // string, float64, bool, or nil for null
	Hint  string // which architecture sets it otherwise, such as "as in version 2"
}

// Config is the configuration of a model.
type Config interface {
	// Validate returns an error that says why the model cannot be built, if so.
	Validate() error
}

// Range is a whole number of a configuration and the bounds that it must keep to.
type Range struct {
	Field           string
	Value, From, To int
}

// CheckRanges returns an error for the first number that is out of its range.
// Validate calls it with sizes and counts: a model is built before its weights are
// looked at, and a file from a stranger may ask for one of any size.
func CheckRanges(numbers ...Range) error {
	for _, n := range numbers {
		if n.Value < n.From || n.Value > n.To {
			return fmt.Errorf("%s is %d, want %d to %d", n.Field, n.Value, n.From, n.To)
		}
	}
	return nil
}

// ReadConfig reads the config.json of a model's directory into a struct as
// ReadJSON does, and checks it. The error names the file. For a field that is not
// as fixed it is ErrUnsupported, and says what it is and what it would have to be;
// for what cannot be read or does not pass Validate it is tensor.ErrDamaged.
func ReadConfig(dir tensor.Dir, into Config, fixed ...Fixed) error {
	o, err := readObject(dir, ConfigFile)
	if err != nil {
		return err
	}
	path := dir.Path(ConfigFile)
	for _, f := range fixed { // first, since they say what it is instead
		if err := f.check(o[f.Field]); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	if err := o.decode(into); err != nil {
		return damaged(fmt.Errorf("%s: %w", path, err))
	}
	if err := into.Validate(); err != nil {
		return damaged(fmt.Errorf("%s: %w", path, err))
	}
	return nil
}

// check returns an error if the field is not as it must be; got is nil where it is absent.
func (f Fixed) check(got json.RawMessage) error {
	var value any
	if got != nil {
		if err := UnmarshalJSON(got, &value); err != nil {
			return fmt.Errorf("%s: %w", f.Field, err)
		}
	}
	if value == nil || fmt.Sprint(value) == fmt.Sprint(f.Value) {
		return nil
	}
	hint := ""
	if f.Hint != "" {
		hint = ", " + f.Hint
	}
	return fmt.Errorf("%s is %v%s: %w, want %s", f.Field, short(fmt.Sprint(value)), hint, ErrUnsupported, orNull(f.Value))
}

func orNull(v any) string {
	if v == nil {
		return "null or absent"
	}
	return fmt.Sprint(v)
}
