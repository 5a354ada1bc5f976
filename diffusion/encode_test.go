package diffusion

import (
	"errors"
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
	nut, again, crack := encode(t, p, "a nut").Hidden, encode(t, p, "A  NUT").Hidden, encode(t, p, "a crack").Hidden
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

// TestCLIPImage embeds plain pictures of two sizes and of two shades.
func TestCLIPImage(t *testing.T) {
	p := openModel(t, modelA)
	embed := func(image *gt.Dense) *gt.Dense {
		t.Helper()
		e, err := p.CLIPImage(t.Context(), image)
		if err != nil {
			t.Fatal(err)
		}
		wantShape(t, "CLIP's embedding of a picture", e, 1, 24)
		if n := norm(tensor.Float32s(e)); math.Abs(n-1) > 1e-6 {
			t.Errorf("CLIP's embedding has length %g, want 1", n)
		}
		return e
	}
	grey := func(v float32, h, w int) *gt.Dense {
		values := make([]float32, 3*h*w)
		for i := range values {
			values[i] = v
		}
		return tensor.FromFloat32s(values, 1, 3, h, w)
	}
	small, large := embed(grey(0.25, 40, 56)), embed(grey(0.25, 64, 64)) // a plain picture has the same face at all sizes
	if c := Cosine(small, large); c < 1-1e-5 {
		t.Errorf("the cosine of one shade at two sizes is %g", c)
	}
	if c := Cosine(large, embed(grey(-0.75, 64, 64))); c > 1-1e-4 {
		t.Errorf("the cosine of two shades is %g", c)
	}
	if _, err := p.CLIPImage(t.Context(), tensor.FromFloat32s(make([]float32, 64), 1, 1, 8, 8)); err == nil || !strings.Contains(err.Error(), "want [1, 3, H, W]") {
		t.Errorf("a grey picture: %v", err)
	}
	if _, err := openModel(t, modelA, WithoutCLIP()).CLIPImage(t.Context(), grey(0, 8, 8)); !errors.Is(err, ErrNoCLIP) {
		t.Errorf("without CLIP: %v", err)
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
	if err := z.AddScaled(-2, tensor.FromFloat32s([]float32{1, 0, 1, 0}, 1, 1, 2, 2)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float32{-1, 2, 1, 4}, v); diff != "" {
		t.Errorf("a latent shares the memory it was made of: %s", diff)
	}
	if diff := cmp.Diff([]float32{1, 2, 3, 4}, own.Floats()); diff != "" {
		t.Errorf("a copy does not: %s", diff)
	}
	wantShape(t, "a latent with other values", z.With(make([]float32, 4)).Dense, 1, 1, 2, 2)
}

func TestCosine(t *testing.T) {
	of := func(v ...float32) *gt.Dense { return tensor.FromFloat32s(v, 1, len(v)) }
	for want, pair := range map[float64][2]*gt.Dense{
		1: {of(0.5, -0.5, 0.5, 0.5), of(0.5, -0.5, 0.5, 0.5)}, -1: {of(0, 1), of(0, -1)}, 0: {of(0.5, 0.5, 0.5, 0.5), of(0.5, -0.5, -0.5, 0.5)}, 0.5: {of(1, 0), of(0.5, 0.75)},
	} {
		if got := Cosine(pair[0], pair[1]); got != want {
			t.Errorf("%v and %v: %g, want %g", pair[0], pair[1], got, want)
		}
	}
}
