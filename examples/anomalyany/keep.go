package main

import (
	"cmp"
	"fmt"
	"path/filepath"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
)

// Kept is the part of a Spec that says how the part stays the part.
type Kept struct {
	KeepPart bool    `default:"true" negatable:"" help:"Outside the defect, bring every pixel of the photograph back (the default); --no-keep-part leaves the picture as the model makes it, which differs everywhere." json:"keep_part"`
	Margin   float64 `default:"8" placeholder:"PIXELS" help:"How far around the defect the picture may differ from the photograph, in pixels (default: ${default})." json:"margin"`
	Feather  float64 `default:"4" placeholder:"PIXELS" help:"Over how many pixels of that margin the picture passes into the photograph (default: ${default})." json:"feather"`
	Blend    float64 `default:"0.5" placeholder:"SHARE" help:"How much of the defect is drawn again once its surroundings are the photograph's, so that no seam is seen: 0 for nothing, 1 for all (default: ${default})." json:"blend"`
	Both     bool    `help:"Also write the picture as the model made it, NAME-model.png." json:"both"`
}

// ofKept are the options of Kept that pictures depend on. Earlier versions had none of them.
var ofKept = []string{"keep_part", "margin", "feather", "blend"}

// keeping is how the photograph comes back; zero where it does not.
func (k *Kept) keeping() anomalyany.Keeping {
	if !k.KeepPart {
		return anomalyany.Keeping{}
	}
	return anomalyany.Keeping{Keep: anomaly.Keep{Margin: k.Margin, Feather: k.Feather}, Blend: k.Blend}
}

// check wants every number in its range.
func (k *Kept) check() error {
	err := cmp.Or(cli.Within("--margin", k.Margin, 0, 1000), cli.Within("--feather", k.Feather, 0, 1000), cli.Within("--blend", k.Blend, 0, 1))
	if err == nil && k.Feather > k.Margin {
		err = fmt.Errorf("--feather is %g, want at most the --margin of %g", k.Feather, k.Margin)
	}
	return err
}

// modelPart is how the name of a picture goes on whose pixels are all the model's.
const modelPart = "-model.png"

// modelName is the file of a seed's picture as the model made it.
func (j *job) modelName(seed uint64) string { return filepath.Base(j.stem(seed)) + modelPart }
