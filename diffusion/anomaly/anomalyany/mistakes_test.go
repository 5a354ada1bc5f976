package anomalyany

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// TestRefused is what New refuses, and what its error says.
func TestRefused(t *testing.T) {
	p := openModel(t, modelA)
	nan := math.NaN()
	for name, c := range map[string]struct {
		change func(o *Options)
		says   []string
	}{
		"no prompt":      {func(o *Options) { o.Prompt = "" }, []string{"prompt is empty"}},
		"no word":        {func(o *Options) { o.Words = nil }, []string{"word", "empty"}},
		"word not there": {func(o *Options) { o.Words = []string{"scratch"} }, []string{`"scratch"`, "a, photo, of, a, hazelnut, with, a, crack, on, it"}},
		"part of a word": {func(o *Options) { o.Words = []string{"crack", "hazel"} }, []string{`"hazel"`}},
		"word cut off":   {func(o *Options) { o.Prompt = strings.Repeat("a ", 80) + "crack" }, []string{"further to the front"}},
		"T = 0":          {func(o *Options) { o.Steps = 0 }, []string{"T is 0", "1 to 1000"}},
		"T large":        {func(o *Options) { o.Steps = 1001 }, []string{"1001"}},
		"γ = 1":          {func(o *Options) { o.Gamma = 1 }, []string{"γ is 1"}},
		"γ < 0":          {func(o *Options) { o.Gamma = -0.1 }, []string{"γ is -0.1"}},
		"γ NaN":          {func(o *Options) { o.Gamma = nan }, []string{"γ is NaN"}},
		"R":              {func(o *Options) { o.Refine = -2 }, []string{"R is -2"}},
		"w":              {func(o *Options) { o.Guidance = -1 }, []string{"guidance w is -1"}},
		"λ":              {func(o *Options) { o.Lambda = nan }, []string{"λ is NaN"}},
		"μ":              {func(o *Options) { o.Mu = math.Inf(1) }, []string{"μ is +Inf"}},
		"η":              {func(o *Options) { o.EtaE = -1 }, []string{"η_e is -1"}},
		"fill":           {func(o *Options) { o.Fill = nan }, []string{"fill is NaN"}},
		"memory":         {func(o *Options) { o.Memory = -2 }, []string{"memory is -2"}},
		"too little":     {func(o *Options) { o.Memory = 1000 }, []string{"memory budget", "too small", "needs"}},
		"maps":           {func(o *Options) { o.MapHeight, o.MapWidth = 5, 5 }, []string{"5×5", "16×16 8×8 4×4"}},
		"map factor":     {func(o *Options) { o.MapFactor = -1 }, []string{"map_factor is -1"}},
		"maps by factor": {func(o *Options) { o.MapFactor = 3 }, []string{"5×5", "16×16 8×8 4×4"}},
	} {
		o := short()
		c.change(&o)
		_, err := New(t.Context(), p, side, side, o)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, part := range c.says {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error does not mention %q: %v", name, part, err)
			}
		}
		kind := map[string]error{
			"word not there": diffusion.ErrWordAbsent, "part of a word": diffusion.ErrWordAbsent, "word cut off": diffusion.ErrWordCut,
			"too little": diffusion.ErrMemory,
		}[name]
		if kind == nil {
			kind = diffusion.ErrArgument
		}
		if !errors.Is(err, kind) {
			t.Errorf("%s: %v is not of the kind %v", name, err, kind)
		}
	}
}

// TestPicturesRefused is what Encode says of pictures and masks, and RunNoises of noise.
func TestPicturesRefused(t *testing.T) {
	g := newGenerator(t, openModel(t, modelA), short())
	dot := make([]float32, side*side) // one pixel
	dot[side*side/2] = 1
	bad := photograph()
	bad.Float32s()[100] = float32(math.NaN())
	for name, c := range map[string]struct {
		picture *gt.Dense
		mask    []float32
		says    string
	}{
		"none":            {nil, nil, "want [1, 3, height, width]"},
		"grey":            {tensor.FromFloat32s(make([]float32, 64*64), 1, 1, 64, 64), nil, "(1, 1, 64, 64)"},
		"size":            {tensor.FromFloat32s(make([]float32, 3*64*100), 1, 3, 64, 100), nil, "64×100: height and width must be multiples of 64"},
		"another size":    {tensor.FromFloat32s(make([]float32, 3*64*128), 1, 3, 64, 128), nil, "64×128: this Generator was made for 128×128"},
		"not finite":      {bad, nil, "the encoded picture is not finite"},
		"size of a mask":  {photograph(), dot[1:], "the mask has 16383 pixels, the picture 128×128"},
		"mask too small":  {photograph(), dot, "4×4: white must cover at least half of one of their cells, which are 32×32 pixels"},
		"mask all black":  {photograph(), make([]float32, side*side), "nothing of the mask"},
		"mask not finite": {photograph(), slices.Repeat([]float32{float32(math.NaN())}, side*side), "mask"},
	} {
		_, err := g.Encode(t.Context(), c.picture, c.mask)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
		if !errors.Is(err, diffusion.ErrArgument) && !errors.Is(err, diffusion.ErrNotFinite) {
			t.Errorf("%s: %v is of no kind", name, err)
		}
	}
	if _, err := New(t.Context(), g.pipeline, 64, 100, short()); err == nil || !strings.Contains(err.Error(), "64×100: height and width must be multiples of 64") {
		t.Errorf("a Generator of another size: %v", err)
	}
	if _, err := g.RunNoises(t.Context(), g.in, Noises{Initial: make([]float32, 7)}, nil); err == nil || !strings.Contains(err.Error(), "7 numbers of noise") {
		t.Errorf("noise of another size: %v", err)
	}
	noise := g.Noises(g.in, 1).Initial
	noise[9] = float32(math.Inf(-1))
	wantNotFinite(t, g, noise, "step 1 of 4", "L_att")
}

func wantNotFinite(t *testing.T, g ready, noise []float32, says ...string) {
	t.Helper()
	_, err := g.RunNoises(t.Context(), g.in, Noises{Initial: noise}, nil)
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range says {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not mention %q: %v", part, err)
		}
	}
}

// TestOverflow scales weights until something is no number any more, and wants
// the step and the quantity to be named.
func TestOverflow(t *testing.T) {
	const unet, vae, text = "unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model", "clip/model"
	for name, c := range map[string]struct {
		file, tensor string
		factor       float32
		says         []string
	}{
		"queries":    {unet, "up_blocks.1.attentions.0.transformer_blocks.0.attn2.to_q.weight", 1e38, []string{"step 1 of 4", "L_att"}},
		"prediction": {unet, "conv_out.weight", 1e38, []string{"step 1 of 4", "the predicted noise is not finite"}},
		"decoder":    {vae, "decoder.conv_out.weight", 1e38, []string{"step 4 of 4", "L_img"}},
		"CLIP":       {text, "vision_model.post_layernorm.weight", 2e38, []string{"step 4 of 4", "L_img"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(modelA)); err != nil {
				t.Fatal(err)
			}
			scaleWeight(t, filepath.Join(dir, filepath.FromSlash(c.file)+".safetensors"), c.tensor, c.factor)
			g := newGenerator(t, openModel(t, dir), short())
			wantNotFinite(t, g, g.Noises(g.in, 1).Initial, c.says...)
		})
	}
}

// scaleWeight multiplies one tensor of a file.
func scaleWeight(t *testing.T, path, name string, factor float32) {
	t.Helper()
	f, err := tensor.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*gt.Dense{}
	for _, n := range f.Names() {
		d, err := f.Get(n)
		if err != nil {
			t.Fatal(err)
		}
		all[n] = tensor.FromFloat32s(slices.Clone(tensor.Float32s(d)), d.Shape()...)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	v := all[name].Float32s()
	for i := range v {
		v[i] *= factor
	}
	if err := tensor.Save(path, all, nil); err != nil {
		t.Fatal(err)
	}
}
