package diffusion

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

func wantShape(t *testing.T, what string, d *gt.Dense, shape ...int) {
	t.Helper()
	if diff := cmp.Diff(shape, []int(d.Shape())); diff != "" {
		t.Errorf("shape of %s: want -, got +:\n%s", what, diff)
	}
}

// TestEncode encodes prompts with both text encoders.
func TestEncode(t *testing.T) {
	p := openModel(t, modelA)
	nut, again, crack := encode(t, p, "a nut"), encode(t, p, "A  NUT"), encode(t, p, "a crack")
	wantShape(t, "an embedding", nut, 1, 77, 32)
	if !sameFloats(nut, again) {
		t.Error("spaces and capitals change the embedding")
	}
	if sameFloats(nut, crack) {
		t.Error("two prompts have one embedding")
	}
	c, err := p.CLIPText(t.Context(), "a nut")
	if err != nil {
		t.Fatal(err)
	}
	wantShape(t, "CLIP's embedding", c, 1, 24)
	if n := norm(tensor.Float32s(c)); math.Abs(n-1) > 1e-6 {
		t.Errorf("CLIP's embedding has length %g, want 1", n)
	}
}

// TestPicture takes a picture to a latent and back.
func TestPicture(t *testing.T) {
	p := openModel(t, modelA)
	image := picture(64, 128)
	mean, logvar, err := p.EncodeDistribution(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	z, err := p.EncodeImage(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	wantShape(t, "the mean", mean, 1, 4, 8, 16)
	wantShape(t, "the log-variance", logvar, 1, 4, 8, 16)
	if diff := cmp.Diff(scaled(tensor.Float32s(mean), 0.2), z.Floats()); diff != "" { // model a's scaling_factor
		t.Errorf("latent, want scaled mean -, got +:\n%s", diff)
	}
	back, err := p.Decode(t.Context(), z)
	if err != nil {
		t.Fatal(err)
	}
	wantShape(t, "the decoded picture", back, 1, 3, 64, 128)
}

// TestNotFinite names what is not a number.
func TestNotFinite(t *testing.T) {
	p := openModel(t, modelA)
	image := picture(64, 64)
	image.Float32s()[5] = float32(math.NaN())
	if _, err := p.EncodeImage(t.Context(), image); err == nil || !strings.Contains(err.Error(), "the encoded picture is not finite") {
		t.Errorf("a NaN in a picture: %v", err)
	}
	z := randomLatent(1)
	z.Floats()[5] = float32(math.Inf(1))
	if _, err := p.Decode(t.Context(), z); err == nil || !strings.Contains(err.Error(), "the decoded picture is not finite") {
		t.Errorf("an infinity in a latent: %v", err)
	}
}

func TestLatent(t *testing.T) {
	v := []float32{1, 2, 3, 4}
	z := NewLatent(v, 1, 2, 2)
	own := z.Copy()
	z.AddScaled(-2, tensor.FromFloat32s([]float32{1, 0, 1, 0}, 1, 1, 2, 2))
	if diff := cmp.Diff([]float32{-1, 2, 1, 4}, v); diff != "" {
		t.Errorf("a latent shares the memory it was made of: %s", diff)
	}
	if diff := cmp.Diff([]float32{1, 2, 3, 4}, own.Floats()); diff != "" {
		t.Errorf("a copy does not: %s", diff)
	}
	wantShape(t, "a latent with other values", z.With(make([]float32, 4)).Dense, 1, 1, 2, 2)
}
