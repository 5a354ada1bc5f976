package anomalyany_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/diffusion/demo"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/unet"
)

// demoModel is the small model and its defaults.
func demoModel(t *testing.T) (*diffusion.Pipeline, anomalyany.Defaults) {
	t.Helper()
	p, err := demo.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	d, err := anomalyany.ReadDefaults(tensor.InFS(demo.FS()))
	if err != nil {
		t.Fatal(err)
	}
	return p, d
}

// TestDemoNumbers looks at whether those of the small model suit it.
func TestDemoNumbers(t *testing.T) {
	p, d := demoModel(t)
	if err := p.CheckSize(d.Size, d.Size); err != nil {
		t.Error(err)
	}
	side := d.Size / p.Factor()
	of := side / d.Options.MapFactor
	if !slices.ContainsFunc(p.UNet.CrossSites(side, side), func(s unet.Site) bool { return s.H == of && s.W == of }) {
		t.Errorf("it has no attention maps of %d×%d", of, of)
	}
	if n := d.Options.Refine; n == anomalyany.Auto || n > d.Options.Steps {
		t.Errorf("%d of %d steps refine", n, d.Options.Steps)
	}
}

// TestDemoVocabulary has every word of the model as a token of its own.
func TestDemoVocabulary(t *testing.T) {
	p, d := demoModel(t)
	v := d.Vocabulary
	if len(v.Objects) < 10 || len(v.Anomalies) < 6 || len(v.Unseen) != len(v.Objects) {
		t.Errorf("%d objects, %d anomalies, %d of the objects with an unseen one", len(v.Objects), len(v.Anomalies), len(v.Unseen))
	}
	for _, object := range v.Objects {
		for _, word := range v.Anomalies {
			prompt := fmt.Sprintf("a photo of a %s with a %s on it", object, word)
			for _, name := range []string{object, word} {
				if at, err := p.Tokenizer.FindWord(prompt, name); err != nil || len(at) != len(strings.Fields(name)) {
					t.Errorf("%s: %q is the tokens %v (%v)", prompt, name, at, err)
				}
			}
		}
	}
}
