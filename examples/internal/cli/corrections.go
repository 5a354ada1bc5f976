package cli

import (
	"fmt"

	"github.com/sdgraph/sdgraph/diffusion"
)

// Corrections is the flags that say of a model what its files do not, or wrongly,
// for programs to embed.
type Corrections struct {
	PredictionType string `placeholder:"TYPE" help:"What the model predicts, epsilon or v_prediction (default: what its scheduler_config.json says; for a single file what NAME.yaml beside it says, else epsilon)." json:"prediction_type,omitempty"`
	AllowUnused    bool   `help:"Open the model even if its files hold tensors that belong to no part of it, which may mean that it is of another kind." json:"allow_unused,omitempty"`
}

// Validate is called by kong after parsing. An enum of kong's would list the empty
// text, of a flag that is not given, as a choice.
func (c *Corrections) Validate() error {
	switch c.PredictionType {
	case "", "epsilon", "v_prediction":
		return nil
	}
	return fmt.Errorf("--prediction-type is %q, want epsilon or v_prediction", c.PredictionType)
}

// Correct are the flags' options for opening the model.
func (c *Corrections) Correct() []diffusion.OpenOption {
	opts := []diffusion.OpenOption{diffusion.WithPredictionType(c.PredictionType)}
	if c.AllowUnused {
		opts = append(opts, diffusion.WithUnused())
	}
	return opts
}
