package main

import (
	"cmp"
	"fmt"
	"path/filepath"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// Kept is the part of a Spec that says how the part stays the part.
type Kept struct {
	KeepPart bool    `default:"true" negatable:"" help:"Outside the defect, bring every pixel of the photograph back (the default); --no-keep-part leaves the picture as the model makes it, which differs everywhere." json:"keep_part"`
	Margin   float64 `default:"8" placeholder:"PIXELS" help:"How far around the defect the picture may differ from the photograph, in pixels (default: ${default})." json:"margin"`
	Feather  float64 `default:"4" placeholder:"PIXELS" help:"Over how many pixels of that margin the picture passes into the photograph (default: ${default})." json:"feather"`
	Blend    float64 `default:"0.5" placeholder:"SHARE" help:"How much of the defect is drawn again once its surroundings are the photograph's, so that no seam is seen: 0 for nothing, 1 for all (default: ${default})." json:"blend"`
	Both     bool    `help:"Also write the picture as the model made it, NAME-model.png." json:"both"`
	Soft     bool    `help:"Also write how sure the mask is at each pixel, NAME-soft.png: black for not at all, white for most." json:"soft"`
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

// softPart is how the name of a soft map's file goes on.
const softPart = "-soft.png"

// checkAsked refuses to overwrite what is not the program's with files that are asked for.
func (j *job) checkAsked(seed uint64) error {
	for part, asked := range map[string]bool{modelPart: j.spec.KeepPart && j.spec.Both, softPart: j.spec.Soft} {
		if !asked {
			continue
		}
		if err := j.folder.mayWrite(shared{name: filepath.Base(j.stem(seed)) + part}); err != nil {
			return err
		}
	}
	return nil
}

// asked are the files that a picture has only where they are asked for.
func (j *job) asked(m *outcome) ([]shared, error) {
	var all []shared
	add := func(part string, encode func() ([]byte, error)) error {
		name := filepath.Base(j.stem(m.seed)) + part
		data, err := encode()
		if err != nil {
			return fmt.Errorf("picture %s: %w", name, err)
		}
		all = append(all, shared{name, data})
		return nil
	}
	if m.own != nil {
		if err := add(modelPart, func() ([]byte, error) { return j.canvas.Colours.EncodePNG(m.own, nil) }); err != nil {
			return nil, err
		}
	}
	if j.spec.Soft {
		soft, err := images.FromMap(m.soft.Values, m.soft.Height, m.soft.Width)
		if err == nil {
			err = add(softPart, func() ([]byte, error) { return images.EncodePNG(soft, nil) })
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}
