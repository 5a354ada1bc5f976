package lite0

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/color"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/nntest"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// drawn is the picture of testdata/logits.safetensors: 300×272 pixels, rings around a point on a slope of colours
// (drawn in ../testdata/make.py).
func drawn() *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, 300, 272))
	for y := range 272 {
		for x := range 300 {
			rings := (x-140)*(x-140) + (y-120)*(y-120)
			blue := 60 + y/4
			if rings < 8000 {
				blue = 220
			}
			m.SetRGBA(x, y, color.RGBA{uint8(rings / 40), uint8(x * 3 / 4), uint8(blue), 255})
		}
	}
	return m
}

// prepared is a picture as ImageNet's are judged: its shorter side 256 pixels, of which the middle 224.
func prepared(t *testing.T, m *image.RGBA) *image.RGBA {
	t.Helper()
	size, err := images.ShorterSide(m.Rect.Size(), 256)
	if err != nil {
		t.Fatal(err)
	}
	m, err = images.Resize(m, size, images.PillowBicubic)
	if err != nil {
		t.Fatal(err)
	}
	part, err := images.CentreCrop(size, image.Pt(224, 224))
	if err != nil {
		t.Fatal(err)
	}
	return images.Cut(m, part)
}

// TestLogits compares what the network says of a picture with the reference implementation on Pillow's resized picture:
// with the same weights, and with the published ones, from which rounding to float16 may lead by 0.04.
func TestLogits(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds with the race detector")
	}
	net, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	x, err := net.Scaling().Apply(prepared(t, drawn()))
	if err != nil {
		t.Fatal(err)
	}
	p, err := nn.Compile(func(b *nn.Build) []*G.Node {
		return G.Nodes{net.Logits(b, nn.FeatureMap{X: b.Input("x", x.Shape()...), H: 224, W: 224})}
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Run(context.Background(), map[string]*gt.Dense{"x": x})
	if err != nil {
		t.Fatal(err)
	}
	got := tensor.Float32s(out[0])
	f, err := tensor.Open("testdata/logits.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for name, limit := range map[string]float64{"shipped": 1e-4, "published": 0.04} {
		d, err := f.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		want, worst := tensor.Float32s(d), 0.0
		for i, v := range want {
			worst = max(worst, math.Abs(float64(got[i]-v)))
		}
		if !(worst < limit) {
			t.Errorf("the logits are %.2g from those of the %s weights, want less than %g", worst, name, limit)
		}
		if best := slices.Index(got, slices.Max(got)); want[best] != slices.Max(want) {
			t.Errorf("the largest logit is that of class %d, not so with the %s weights", best, name)
		}
	}
}

// TestSHA256 has one file, one constant and one notice.
func TestSHA256(t *testing.T) {
	const most = 10 << 20 // of what an importer carries
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	if got := hex.EncodeToString(sum[:]); got != SHA256 {
		t.Errorf("the file has SHA-256 %s, the package says %s", got, SHA256)
	}
	for _, name := range []string{"NOTICE", "README.md"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), SHA256) {
			t.Errorf("%s has not the SHA-256 %s", name, SHA256)
		}
	}
	if len(data) > most {
		t.Errorf("the weights have %d bytes, more than %d", len(data), most)
	}
}

func TestMisuse(t *testing.T) {
	nntest.Misuse{Exempt: map[string]string{"Open": "takes nothing"}}.Check(t)
}
