package anomalyany

import (
	"encoding/json"

	"github.com/sdgraph/sdgraph/nn"
)

// StepTrace is the losses of a step and what follows from them, before the latent is
// denoised.
type StepTrace struct {
	I         int      `json:"i"`                  // number of the step, from 0
	T         int      `json:"t"`                  // timestep
	Attention float64  `json:"L_att"`              // loss on the attention maps, 0 to 1
	Fill      *float64 `json:"L_fill,omitempty"`   // loss on the mask's shape, times Options.Fill, from 0; where that is asked for
	Cells     Cells    `json:"n"`                  // n_t
	Alpha     *float64 `json:"alpha,omitempty"`    // α_t; PaperPreset
	Image     *float64 `json:"L_img,omitempty"`    // CLIP's loss on the picture, in steps with refinement
	Prompt    *float64 `json:"L_prompt,omitempty"` // loss on the embedding, likewise; PaperPreset
	Gradient  float64  `json:"grad,omitempty"`     // ‖g‖, how far the latent moves before it is denoised; PaperPreset

	ImageGradient *float64 `json:"grad_img,omitempty"` // ‖∇L_img‖; PaperPreset

	// ReleasedPreset: whether early optimisation is still allowed, and L_att of
	// its last pass where it was done.
	Early          *bool    `json:"early,omitempty"`
	EarlyAttention *float64 `json:"early_L_att,omitempty"`
}

// Cells is how many cells of a map are at least its mean, n_t: one number, in
// ReleasedPreset one before each update of the step. In JSON one number is no
// list.
type Cells []int

// MarshalJSON writes a number or a list.
func (c Cells) MarshalJSON() ([]byte, error) {
	if len(c) == 1 {
		return json.Marshal(c[0])
	}
	return json.Marshal([]int(c))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (c *Cells) UnmarshalJSON(data []byte) error {
	var one int
	if json.Unmarshal(data, &one) == nil {
		*c = Cells{one}
		return nil
	}
	return nn.UnmarshalJSON(data, (*[]int)(c))
}

func value(f float64) *float64 { return &f }
