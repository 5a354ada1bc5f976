package generate

import (
	"context"
	"errors"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

func shortLearning(steps int) O2MAGLearning {
	o := DefaultO2MAGLearning()
	o.Prompt, o.Steps, o.Guidance = "a photo of a hazelnut with a hole", steps, 3
	return o
}

func newO2MAGFitting(t *testing.T, p *diffusion.Pipeline, o O2MAGLearning) *o2magFitting {
	t.Helper()
	l, err := newFitting(t.Context(), p, spot().Picture, spot().Mask, o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestPromptGradient compares the gradient with differences along it, for the whole picture and for the mask.
func TestPromptGradient(t *testing.T) {
	p := demoPipeline(t)
	for _, masked := range []bool{false, true} {
		o := shortLearning(1)
		o.Masked = masked
		l := newO2MAGFitting(t, p, o)
		noise := tensor.NewRand(3).Randn(len(l.picture.Floats()))
		_, gradient, err := l.slope(t.Context(), 400, noise)
		if err != nil {
			t.Fatal(err)
		}
		length := 0.0
		for _, g := range gradient {
			length += float64(g) * float64(g)
		}
		length = math.Sqrt(length)
		at := func(step float64) float64 {
			old := slices.Clone(tensor.Float32s(l.prompt.Hidden))
			defer copy(tensor.Float32s(l.prompt.Hidden), old)
			for i, g := range gradient {
				tensor.Float32s(l.prompt.Hidden)[i] += float32(step * float64(g) / length)
			}
			loss, _, err := l.slope(t.Context(), 400, noise)
			if err != nil {
				t.Fatal(err)
			}
			return loss
		}
		const h = 0.05
		if got := (at(h) - at(-h)) / (2 * h); !(math.Abs(got/length-1) < 0.01) {
			t.Errorf("masked %v: the loss rises by %g along its gradient, whose length is %g", masked, got, length)
		}
	}
}

// TestLearnO2MAG fits a prompt: the loss of fixed draws falls, nothing of the model changes, and the words are kept.
func TestLearnO2MAG(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the model for seconds")
	}
	p := demoPipeline(t)
	o := shortLearning(40)
	before := newO2MAGFitting(t, p, o)
	losses := func(hidden *gt.Dense) (sum float64) {
		r := tensor.NewRand(9)
		before.prompt.Hidden = hidden
		for k := range 8 {
			loss, _, err := before.slope(t.Context(), 60+120*k, r.Randn(len(before.picture.Floats())))
			if err != nil {
				t.Fatal(err)
			}
			sum += loss / 8
		}
		return sum
	}
	steps := 0
	words, err := LearnO2MAG(t.Context(), p, spot().Picture, spot().Mask, o, func(step int, loss float64) {
		if steps++; step != steps || !(loss > 0) {
			t.Errorf("after %d steps it is told of step %d with a loss of %g", steps, step, loss)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := p.Encode(t.Context(), o.Prompt)
	if err != nil {
		t.Fatal(err)
	}
	from, to := losses(plain.Hidden), losses(words.Hidden)
	t.Logf("%d steps: a loss of %.4f comes to %.4f", o.Steps, from, to)
	if steps != o.Steps || !(to < 0.95*from) {
		t.Errorf("%d steps of %d; a loss of %g comes to %g", steps, o.Steps, from, to)
	}

	path := filepath.Join(t.TempDir(), "words.safetensors")
	if err := words.Write(path); err != nil {
		t.Fatal(err)
	}
	read, err := ReadO2MAGWords(path)
	if err != nil {
		t.Fatal(err)
	}
	if read.Prompt != o.Prompt || read.Steps != o.Steps || read.Picture != Digest(spot().Picture) || !cmp.Equal(tensor.Float32s(read.Hidden), tensor.Float32s(words.Hidden)) {
		t.Errorf("read: %q, %d steps, picture %s, or other numbers", read.Prompt, read.Steps, read.Picture)
	}
	reference := spot()
	reference.Words = read
	options := shortO2MAG(2)
	g, err := NewO2MAG(t.Context(), p, 128, 128, reference, options)
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(tensor.Float32s(g.defect.Hidden), tensor.Float32s(words.Hidden)) || !strings.Contains(g.note, "fitted in 40 steps") {
		t.Errorf("the words are not used (%s)", g.note)
	}
}

func TestLearnO2MAGRefuses(t *testing.T) {
	p := demoPipeline(t)
	for says, change := range map[string]func(o *O2MAGLearning){
		"prompt is empty": func(o *O2MAGLearning) { o.Prompt = "" },
		"steps is 0":      func(o *O2MAGLearning) { o.Steps = 0 },
		"rate is NaN":     func(o *O2MAGLearning) { o.Rate = math.NaN() },
		"guidance is 0":   func(o *O2MAGLearning) { o.Guidance = 0 },
		"memory is -1":    func(o *O2MAGLearning) { o.Memory = -1 },
	} {
		o := shortLearning(1)
		change(&o)
		if _, err := LearnO2MAG(t.Context(), p, spot().Picture, nil, o, nil); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one with %q", err, says)
		}
	}
	o := shortLearning(1)
	o.Memory = 1
	if _, err := LearnO2MAG(t.Context(), p, spot().Picture, nil, o, nil); !errors.Is(err, diffusion.ErrMemory) {
		t.Errorf("a byte of memory: %v", err)
	}
	o = shortLearning(1)
	o.Masked = true
	if _, err := LearnO2MAG(t.Context(), p, spot().Picture, nil, o, nil); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), "has no mask") {
		t.Errorf("masked without a mask: %v", err)
	}
	if _, err := LearnO2MAG(t.Context(), p, image.NewRGBA(image.Rect(0, 0, 100, 128)), nil, shortLearning(1), nil); !errors.Is(err, ErrArgument) {
		t.Errorf("a width of 100: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	steps := 0
	_, err := LearnO2MAG(ctx, p, spot().Picture, nil, shortLearning(9), func(int, float64) { steps++; cancel() })
	if !errors.Is(err, context.Canceled) || steps != 1 {
		t.Errorf("cancelled after the first step: %d steps, %v", steps, err)
	}

	dir := t.TempDir()
	one := tensor.FromFloat32s([]float32{1, 2}, 1, 1, 2)
	said := map[string]string{"format": "o2mag", "prompt": "a crack", "steps": "3"}
	for name, c := range map[string]struct {
		tensors map[string]*gt.Dense
		said    map[string]string
	}{
		"another format": {map[string]*gt.Dense{"prompt": one}, nil},
		"steps":          {map[string]*gt.Dense{"prompt": one}, map[string]string{"format": "o2mag", "prompt": "a crack", "steps": "many"}},
		"prompt":         {map[string]*gt.Dense{"prompt": one}, map[string]string{"format": "o2mag", "steps": "3"}},
		"shape":          {map[string]*gt.Dense{"prompt": tensor.FromFloat32s([]float32{1}, 1)}, said},
		"number":         {map[string]*gt.Dense{"prompt": tensor.FromFloat32s([]float32{float32(math.NaN())}, 1, 1, 1)}, said},
		"tensor":         {map[string]*gt.Dense{"embedding": one}, said},
	} {
		path := filepath.Join(dir, "words.safetensors")
		if err := tensor.Save(path, c.tensors, c.said); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadO2MAGWords(path); !errors.Is(err, tensor.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ReadO2MAGWords(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// FuzzReadO2MAGWords wants words that can be written again, or an error.
func FuzzReadO2MAGWords(f *testing.F) {
	path := filepath.Join(f.TempDir(), "seed.safetensors")
	w := &O2MAGWords{Prompt: "a crack", Hidden: tensor.FromFloat32s([]float32{1, 2}, 1, 1, 2), Steps: 3}
	if err := w.Write(path); err != nil {
		f.Fatal(err)
	}
	seed, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "words.safetensors")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if w, err := ReadO2MAGWords(path); err == nil {
			if err := w.Write(path); err != nil {
				t.Error(err)
			}
		}
	})
}
