package nn

import (
	"encoding/json"
	"fmt"

	"github.com/sdgraph/sdgraph/tensor"
)

// ConfigFile is the name of the file in a model's directory that says how the
// model is built.
const ConfigFile = "config.json"

// Fixed is a field of a config.json that must have one value, be null or be
// absent, because this module builds no other architecture.
type Fixed struct {
	Field string
	Value any    // string, float64, bool, or nil for null
	Hint  string // which architecture sets it otherwise, such as "as in Stable Diffusion XL"
}

// Config is the configuration of a model.
type Config interface {
	// Validate tells whether the model can be built, and if not, why.
	Validate() error
}

// ReadConfig reads the config.json of a model's directory into a struct, whose
// present values are what absent fields mean, and checks it. The error names the
// file, and for a field that is not as fixed says what it is and what it would
// have to be.
func ReadConfig(dir tensor.Dir, into Config, fixed ...Fixed) error {
	data, err := dir.ReadFile(ConfigFile)
	if err != nil {
		return err
	}
	path := dir.Path(ConfigFile)
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, f := range fixed {
		if got := fields[f.Field]; got != nil && fmt.Sprint(got) != fmt.Sprint(f.Value) {
			hint := ""
			if f.Hint != "" {
				hint = ", " + f.Hint
			}
			return fmt.Errorf("%s: %s is %v%s: %w, where it is %s", path, f.Field, got, hint, ErrUnsupported, orNull(f.Value))
		}
	}
	if err := into.Validate(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func orNull(v any) string {
	if v == nil {
		return "null or absent"
	}
	return fmt.Sprint(v)
}
