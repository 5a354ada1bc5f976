package diffusion

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/tensor"
)

const inversionSide = 64 // of pictures, in pixels

// someExamples are noise with a bright rectangle, and the rectangle as a mask.
func someExamples(n int) (all []Example) {
	r := tensor.NewRand(3)
	for k := range n {
		picture, mask := r.Randn(3*inversionSide*inversionSide), make([]float32, inversionSide*inversionSide)
		scale(picture, 0.3)
		for y := 12 + 4*k; y < 40; y++ {
			for x := 16; x < 44-4*k; x++ {
				mask[y*inversionSide+x] = 1
				picture[y*inversionSide+x] = 0.9
			}
		}
		all = append(all, Example{tensor.FromFloat32s(picture, 1, 3, inversionSide, inversionSide), mask})
	}
	return all
}

// fewSteps are options for the tiny model.
func fewSteps(steps int) InversionOptions {
	o := DefaultInversion()
	o.Word, o.Initial, o.Vectors, o.Steps, o.Seed = "<x>", "crack", 2, steps, 5
	return o
}

func newInversion(t *testing.T, p *Pipeline, o InversionOptions) *Inversion {
	t.Helper()
	v, err := NewInversion(t.Context(), p, someExamples(2), o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// take takes the steps that are left, at most n.
func take(t *testing.T, v *Inversion, n int) {
	t.Helper()
	for s, err := range v.Steps(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if s.Number >= n {
			return
		}
	}
}

// TestInversionLossIsTheModels compares the loss with that of a Denoiser's prediction, of both kinds, for a prompt that has
// the word.
func TestInversionLossIsTheModels(t *testing.T) {
	for _, kind := range predictions {
		p := openModel(t, modelA)
		p.Scheduler.PredictionType = kind
		v := newInversion(t, p, fewSteps(1))
		lesson, err := v.lessons.prepare(t.Context(), [2]int{1, 0})
		if err != nil {
			t.Fatal(err)
		}
		const time = 300
		noise := tensor.NewRand(9).Randn(len(lesson.latent))
		out, err := v.program.Run(t.Context(), v.inputs(lesson, v.lines[0], time, noise))
		if err != nil {
			t.Fatal(err)
		}
		got := float64(tensor.Float32s(out[0])[0])

		a := v.alphas[time]
		alpha, sigma := math.Sqrt(a), math.Sqrt(1-a)
		noisy := NewLatent(make([]float32, len(noise)), 4, v.lessons.h, v.lessons.w)
		for i, n := range noise {
			noisy.Floats()[i] = float32(alpha*float64(lesson.latent[i]) + sigma*float64(n))
		}
		d, err := p.Compile(v.lessons.h, v.lessons.w)
		if err != nil {
			t.Fatal(err)
		}
		prompt, err := p.EncodeWith(t.Context(), "a photo of a <x>", v.Embedding())
		if err != nil {
			t.Fatal(err)
		}
		said, err := d.Denoise(t.Context(), noisy, time, Guidance{Prompt: prompt})
		if err != nil {
			t.Fatal(err)
		}
		want, inside := 0.0, 0
		for i, s := range said.Floats() {
			target := float64(noise[i])
			if kind == "v_prediction" {
				target = alpha*float64(noise[i]) - sigma*float64(lesson.latent[i])
			}
			if lesson.mask[i%len(lesson.mask)] > float32(v.options.Share) {
				want += (float64(s) - target) * (float64(s) - target)
				inside++
			}
		}
		if want /= float64(inside); math.Abs(got/want-1) > 1e-4 {
			t.Errorf("%s: loss %v, want %v", kind, got, want)
		}
	}
}

// gains are a vector times a learned number that depends on the mask, twice over: words that are made of parameters.
type gains struct {
	vector []float32
	gain   []float32 // one for each of two vectors
}

func (s *gains) Parameters() []Parameter { return []Parameter{{"gain", []int{2}, s.gain}} }

func (s *gains) Vectors(mask []float32, _, _ int) (all []float32) {
	for _, g := range s.gain {
		for _, v := range s.vector {
			all = append(all, v*g*(1+mask[0]))
		}
	}
	return all
}

func (s *gains) Backward(mask []float32, _, _ int, gradient []float32, into [][]float32) {
	for i, g := range gradient {
		into[0][i/len(s.vector)] += g * s.vector[i%len(s.vector)] * (1 + mask[0])
	}
}

// TestInversionGradients compares the gradients of vectors, and of what makes vectors, with finite differences.
func TestInversionGradients(t *testing.T) {
	p := openModel(t, modelA)
	of := map[string]*Inversion{"vectors": newInversion(t, p, fewSteps(1))}
	custom := &gains{tensor.Float32s(vectorsOf(t, p, "crack"))[:32], []float32{1, 0.5}}
	v, err := NewInversionOf(t.Context(), p, someExamples(1), custom, fewSteps(1))
	if err != nil {
		t.Fatal(err)
	}
	of["words"] = v
	for name, v := range of {
		loss := func() float64 {
			v.adam.clear()
			l, err := v.example(t.Context(), rand.New(rand.NewPCG(1, 2))) // the same draws each time
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		loss()
		values, gradient := v.adam.parameters[0].Values, slices.Clone(v.adam.gradients[0])
		for i := 0; i < len(values); i += max(1, len(values)/7) {
			const step = 0.003
			kept := values[i]
			values[i] = kept + step
			above := loss()
			values[i] = kept - step
			below := loss()
			values[i] = kept
			want := (above - below) / (2 * step)
			if math.Abs(float64(gradient[i])-want) > 5e-3*norm(gradient)+1e-6 {
				t.Errorf("%s: gradient %d is %.5g, finite differences give %.5g", name, i, gradient[i], want)
			}
		}
	}
}

// TestInversionChangesItsVectorsAlone has all else be read as before.
func TestInversionChangesItsVectorsAlone(t *testing.T) {
	p := openModel(t, modelA)
	before := encode(t, p, "a nut with a crack").Hidden
	v := newInversion(t, p, fewSteps(4))
	first := v.Embedding()
	take(t, v, 4)
	got := v.Embedding()
	if sameFloats(got.Vectors, first.Vectors) || got.Word != "<x>" || got.Initial != "crack" {
		t.Errorf("what was learned: %v", got)
	}
	for i, x := range tensor.Float32s(got.Vectors) { // Adam's first steps are of its rate
		if moved := math.Abs(float64(x - tensor.Float32s(first.Vectors)[i])); moved > 4*1.01*v.options.Rate {
			t.Errorf("number %d moved by %v in 4 steps of rate %v", i, moved, v.options.Rate)
		}
	}
	if !sameFloats(before, encode(t, p, "a nut with a crack").Hidden) {
		t.Error("another prompt is read in another way")
	}
}

// TestInversionGoesOn interrupts an inversion, and goes on in another one: the same bits.
func TestInversionGoesOn(t *testing.T) {
	p, o := openModel(t, modelA), fewSteps(6)
	o.Batch = 2
	whole := newInversion(t, p, o)
	take(t, whole, 6)
	first := newInversion(t, p, o)
	take(t, first, 3)
	path, is := filepath.Join(t.TempDir(), "state.safetensors"), map[string]string{"model": "a"}
	if err := first.WriteState(path, is); err != nil {
		t.Fatal(err)
	}
	more := o
	more.Steps = 6
	second := newInversion(t, p, more)
	if err := second.ReadState(path, is); err != nil {
		t.Fatal(err)
	}
	if n := len(second.Losses()); n != 3 {
		t.Fatalf("%d steps were taken", n)
	}
	take(t, second, 6)
	if !sameFloats(whole.Embedding().Vectors, second.Embedding().Vectors) || !slices.Equal(whole.Losses(), second.Losses()) {
		t.Error("an inversion that was interrupted learned something else")
	}
	other := o
	other.Rate = 0.01
	for says, read := range map[string]func() error{
		"options": func() error { return newInversion(t, p, other).ReadState(path, is) },
		"model":   func() error { return newInversion(t, p, o).ReadState(path, map[string]string{"model": "b"}) },
		"things":  func() error { return newInversion(t, p, o).ReadState(path, nil) },
	} {
		if err := read(); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), says) {
			t.Errorf("a state of another %s: %v", says, err)
		}
	}
	if err := second.ReadState(path+"x", is); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// TestInversionStops stops at once, and at numbers that are none, with what was learned before.
func TestInversionStops(t *testing.T) {
	p := openModel(t, modelA)
	v := newInversion(t, p, fewSteps(10))
	take(t, v, 2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range v.Steps(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	kept := v.Embedding()
	v.alphas[0] = math.NaN()
	for i := range v.alphas {
		v.alphas[i] = math.NaN()
	}
	for _, err := range v.Steps(t.Context()) {
		if !errors.Is(err, ErrNotFinite) || !strings.Contains(err.Error(), "step 3") {
			t.Error(err)
		}
	}
	if !sameFloats(kept.Vectors, v.Embedding().Vectors) || len(v.Losses()) != 2 {
		t.Error("a step that failed changed what was learned")
	}
}

// TestInversionRefuses says what is wrong with options and examples.
func TestInversionRefuses(t *testing.T) {
	p := openModel(t, modelA)
	good := someExamples(1)
	thin, wrong, empty := good[0], good[0], good[0]
	thin.Mask, empty.Mask, wrong.Mask = make([]float32, len(good[0].Mask)), make([]float32, len(good[0].Mask)), make([]float32, 5)
	thin.Mask[100] = 1
	small := Example{Picture: tensor.FromFloat32s(make([]float32, 3*32*32), 1, 3, 32, 32)}
	options := func(change func(o *InversionOptions)) InversionOptions {
		o := fewSteps(1)
		change(&o)
		return o
	}
	same := func(*InversionOptions) {}
	for says, c := range map[string]struct {
		examples []Example
		change   func(o *InversionOptions)
	}{
		"no examples":                {nil, same},
		"too thin":                   {[]Example{thin}, same},
		"128×128 pixels would do":    {[]Example{thin}, func(o *InversionOptions) { o.Share = 0.05 }},
		"5 numbers":                  {[]Example{wrong}, same},
		"empty":                      {[]Example{empty}, same},
		"example 2: a picture of 32": {[]Example{good[0], small}, same},
		"no name":                    {good, func(o *InversionOptions) { o.Word = "" }},
		"in the vocabulary":          {good, func(o *InversionOptions) { o.Word = "hazelnut" }},
		"no initial word":            {good, func(o *InversionOptions) { o.Initial = "" }},
		"0 times, want it once":      {good, func(o *InversionOptions) { o.Templates = []string{"a photo"} }},
		"behind the end":             {good, func(o *InversionOptions) { o.Templates = []string{strings.Repeat("a ", 80) + "{}"} }},
		"76 vectors, want 1 to 75":   {good, func(o *InversionOptions) { o.Vectors = 76 }},
		"a rate of NaN":              {good, func(o *InversionOptions) { o.Rate = math.NaN() }},
		"0 variants":                 {good, func(o *InversionOptions) { o.Augment.Variants = 0 }},
		"a share of 1":               {good, func(o *InversionOptions) { o.Share = 1 }},
	} {
		_, err := NewInversion(t.Context(), p, c.examples, options(c.change))
		if !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want it to say %q", err, says)
		}
	}
}

// TestMovedMaskFollowsItsPicture moves a picture that is its own mask.
func TestMovedMaskFollowsItsPicture(t *testing.T) {
	e := someExamples(1)[0]
	mask := e.Mask
	planes := slices.Concat(mask, mask, mask)
	a := DefaultAugmentation()
	moves := map[move]bool{}
	for i := range uint64(30) {
		m := a.draw(rand.New(rand.NewPCG(4, i)), mask, inversionSide, inversionSide)
		moves[m] = true
		moved, picture := m.mask(mask, inversionSide, inversionSide), m.picture(planes, inversionSide, inversionSide)
		sum := 0.0
		for k, v := range moved {
			if v != picture[k] {
				t.Fatalf("move %d: pixel %d of the mask is %v, of the picture %v", i, k, v, picture[k])
			}
			sum += float64(v)
		}
		// A cut makes what is left larger; nothing of the mask is lost.
		enlarged := float64(inversionSide*inversionSide) / (m.width * m.height)
		if want := 28 * 28 * enlarged; math.Abs(sum/want-1) > 0.03 {
			t.Errorf("move %d: the mask has %.0f pixels, want %.0f", i, sum, want)
		}
	}
	if len(moves) != 30 {
		t.Errorf("%d moves of 30", len(moves))
	}
	still := move{width: inversionSide, height: inversionSide, cos: 1}
	if got := still.picture(planes, inversionSide, inversionSide); !slices.Equal(got, planes) {
		t.Error("a move that does nothing changes the picture")
	}
}

// TestWeightsAreAMean has the weights of an example add up to 1 where the loss is the mean over the mask, and to the
// mask's share of the picture where it is that over all positions.
func TestWeightsAreAMean(t *testing.T) {
	p := openModel(t, modelA)
	for _, balance := range []bool{true, false} {
		o := fewSteps(1)
		o.Balance = balance
		l := newInversion(t, p, o).lessons
		positions := shares(someExamples(1)[0].Mask, inversionSide, inversionSide, p.Factor())
		_, inside := l.counting(positions)
		want := 1.0
		if !balance {
			want = float64(inside) / float64(len(positions))
		}
		sum := 0.0
		for _, w := range l.weights(positions) {
			sum += float64(w)
		}
		if math.Abs(sum-want) > 1e-5 {
			t.Errorf("balance %v: weights add up to %v, want %v", balance, sum, want)
		}
	}
}
