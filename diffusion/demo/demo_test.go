package demo_test

import (
	"context"
	"fmt"
	"io/fs"
	"log"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/diffusion/demo"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/unet"
)

// A crack where there was none, and its mask.
func ExampleOpen() {
	ctx := context.Background()
	p, err := demo.Open(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	d, err := demo.Defaults()
	if err != nil {
		log.Fatal(err)
	}
	size := d.Size
	normal := tensor.FromFloat32s(make([]float32, 3*size*size), 1, 3, size, size) // grey: your picture, from -1 to 1

	o := d.Options
	o.Prompt, o.Words = "a photo of a tile with a crack on it", []string{"crack"}
	o.Steps = 10 // fewer than are good
	g, err := anomalyany.New(ctx, p, normal, o)
	if err != nil {
		log.Fatal(err)
	}
	r, err := g.Run(ctx, 7, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Image.Shape(), len(r.Mask))
	// Output: (1, 3, 128, 128) 16384
}

// open is the model and its defaults.
func open(t *testing.T) (*diffusion.Pipeline, anomalyany.Defaults) {
	t.Helper()
	p, err := demo.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	d, err := demo.Defaults()
	if err != nil {
		t.Fatal(err)
	}
	return p, d
}

// TestModel opens it and looks at whether its numbers suit it.
func TestModel(t *testing.T) {
	p, d := open(t)
	if err := p.CheckSize(d.Size, d.Size); err != nil {
		t.Error(err)
	}
	if p.CLIP == nil {
		t.Error("it has no CLIP")
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

// TestVocabulary has every word of the model as a token of its own.
func TestVocabulary(t *testing.T) {
	p, d := open(t)
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

// TestSize keeps what an importer carries small.
func TestSize(t *testing.T) {
	const most = 32 << 20
	total := int64(0)
	err := fs.WalkDir(demo.FS(), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if total > most {
		t.Errorf("the model has %d bytes, more than %d", total, most)
	}
	if _, err := fs.Stat(demo.FS(), "README.md"); err != nil {
		t.Errorf("there is no model card: %v", err)
	}
}
