package anomalyany

import (
	"context"
	"errors"
	"image"
	"math"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/nn/nntest"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// noContext is what a caller passes who has none.
var noContext context.Context

// TestMisuse calls what is exported with arguments that are nil, empty or of the
// wrong shape.
func TestMisuse(t *testing.T) {
	p := openModel(t, modelA)
	g := newGenerator(t, p, short())
	o := Released()
	o.Prompt, o.Words, o.Normal = "a photo of a hazelnut with a crack on it", []string{"crack"}, "a photo of a hazelnut"
	o.Steps = 4
	released := newGenerator(t, p, o)
	state := keepState(t, g)
	wrong := func(change func(s *State)) func() error {
		return func() error {
			s := *state
			change(&s)
			_, err := g.Resume(t.Context(), g.in, &s, nil)
			return err
		}
	}
	compiled := func(ctx context.Context, p *diffusion.Pipeline, height, width int, o Options) func() error {
		return func() error { _, err := New(ctx, p, height, width, o); return err }
	}
	encode := func(ctx context.Context, picture *gt.Dense, mask []float32) func() error {
		return func() error { _, err := g.Encode(ctx, picture, mask); return err }
	}
	scorer, err := NewScorer(t.Context(), p, photograph(), Wording{})
	if err != nil {
		t.Fatal(err)
	}
	score := func(change func(m *Made)) func() error {
		m := made()
		change(&m)
		return func() error { _, err := scorer.Score(t.Context(), m); return err }
	}
	result, err1 := g.Run(t.Context(), g.in, 1, nil)
	annotation, err2 := g.Annotate(t.Context(), g.in, result)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	keep := func(r *Result, a *Annotation, k Keeping) func() error {
		return func() error { _, err := g.Keep(t.Context(), g.in, r, a, k, nil); return err }
	}
	nntest.Misuse{
		Refused: map[string][]func() error{
			"New": {
				compiled(t.Context(), nil, side, side, short()),
				compiled(t.Context(), p, 0, side, short()),
				compiled(t.Context(), p, side, -side, short()),
				compiled(t.Context(), p, 1<<40, 1<<40, short()),
				compiled(t.Context(), p, side, side, Options{}),
				compiled(noContext, p, side, side, short()),
			},
			"Generator.Encode": {
				encode(t.Context(), nil, nil),
				encode(t.Context(), new(gt.Dense), nil),
				encode(t.Context(), tensor.FromFloat32s([]float32{1}), nil),
				encode(t.Context(), photograph(), []float32{}),
				encode(noContext, photograph(), nil),
			},
			"Photograph.WithMask": {
				func() error { _, err := (*Photograph)(nil).WithMask(nil); return err },
				func() error { _, err := new(Photograph).WithMask(nil); return err },
				func() error { _, err := g.in.WithMask([]float32{}); return err },
				func() error { _, err := g.in.WithMask(make([]float32, side*side)); return err },
			},
			"Generator.Left": {
				func() error { _, err := g.Left(nil); return err },
				func() error { _, err := released.Left([]float32{1}); return err },
			},
			"ReadDefaults": {func() error {
				_, err := ReadDefaults(tensor.InFS(fstest.MapFS{DefaultsFile: {Data: []byte("[]")}}))
				return err
			}},
			"WriteState": {
				func() error { return WriteState("", StateFile{}) },
				func() error { return WriteState("", someState()) },
				func() error { return WriteState(t.TempDir(), someState()) },
				func() error {
					return WriteState(filepath.Join(t.TempDir(), "a"), StateFile{State: &State{Soft: []float64{math.NaN()}}})
				},
			},
			"ReadState": {func() error { _, err := ReadState(""); return err }, func() error { _, err := ReadState(t.TempDir()); return err }},
			"Compare": {
				func() error { _, err := Compare(nil, anomaly.Sample{}, 0); return err },
				func() error {
					_, err := Compare(normalPart().Normal, anomaly.Sample{Picture: normalPart().Normal}, 0)
					return err
				},
				func() error {
					_, err := Compare(normalPart().Normal, anomaly.Sample{Picture: normalPart().Normal, Mask: new(image.Gray)}, 0)
					return err
				},
				func() error {
					_, err := Compare(normalPart().Normal, anomaly.Sample{Picture: normalPart().Normal, Mask: normalPart().Place}, math.NaN())
					return err
				},
			},
			"NewScorer": {
				func() error { _, err := NewScorer(t.Context(), nil, photograph(), Wording{}); return err },
				func() error { _, err := NewScorer(noContext, p, photograph(), Wording{}); return err },
				func() error { _, err := NewScorer(t.Context(), p, nil, Wording{}); return err },
			},
			"Scorer.Score": {
				func() error { _, err := (*Scorer)(nil).Score(t.Context(), made()); return err },
				func() error { _, err := new(Scorer).Score(t.Context(), made()); return err },
				score(func(m *Made) { *m = Made{} }),
				score(func(m *Made) { m.Result = &Result{} }),
				score(func(m *Made) { m.Result.Image = new(gt.Dense) }),
				score(func(m *Made) { m.Result.SoftMap = nil }),
				score(func(m *Made) { m.Annotation = nil }),
				score(func(m *Made) { m.Annotation.Mask = m.Annotation.Mask[1:] }),
				score(func(m *Made) { m.Picture = new(gt.Dense) }),
				score(func(m *Made) { m.Reference = tensor.FromFloat32s([]float32{1}) }),
				score(func(m *Made) { m.May = []float32{1} }),
				score(func(m *Made) { m.Margin = math.NaN() }),
			},
			"Photograph.Decoded": {
				func() error { _, err := (*Photograph)(nil).Decoded(t.Context()); return err },
				func() error { _, err := new(Photograph).Decoded(t.Context()); return err },
				func() error { _, err := encoded(t, g.Generator, photograph(), nil).Decoded(noContext); return err },
			},
			"Annotation.Compose": {
				func() error { _, _, err := (*Annotation)(nil).Compose(nil, photograph()); return err },
				func() error { _, _, err := new(Annotation).Compose(nil, nil); return err },
				func() error { _, _, err := annotation.Compose(nil, photograph()); return err },
				func() error { _, _, err := annotation.Compose(new(anomaly.Canvas), photograph()); return err },
			},
			"Generator.Annotate": {
				func() error { _, err := g.Annotate(t.Context(), nil, result); return err },
				func() error { _, err := g.Annotate(t.Context(), g.in, nil); return err },
				func() error { _, err := g.Annotate(t.Context(), g.in, &Result{}); return err },
				func() error { _, err := g.Annotate(t.Context(), released.in, result); return err },
				func() error { _, err := g.Annotate(t.Context(), g.in, made().Result); return err },
			},
			"Generator.Keep": {
				keep(nil, annotation, DefaultKeeping()),
				keep(made().Result, annotation, DefaultKeeping()),
				keep(result, nil, DefaultKeeping()),
				keep(result, &Annotation{}, DefaultKeeping()),
				keep(result, annotation, Keeping{Blend: 2}),
				keep(result, annotation, Keeping{Blend: math.NaN()}),
				func() error { _, err := g.Keep(noContext, g.in, result, annotation, DefaultKeeping(), nil); return err },
			},
			"Generator.Finish": {
				func() error {
					_, err := g.Finish(t.Context(), nil, g.in, result, DefaultKeeping(), nil)
					return err
				},
				func() error {
					_, err := g.Finish(t.Context(), new(anomaly.Canvas), g.in, result, DefaultKeeping(), nil)
					return err
				},
				func() error { _, err := g.Finish(t.Context(), nil, nil, nil, Keeping{Blend: -1}, nil); return err },
			},
			"Keeping.Validate":    {Keeping{Blend: -1}.Validate, Keeping{Keep: anomaly.Keep{Margin: -1}}.Validate},
			"Cells.UnmarshalJSON": {func() error { return new(Cells).UnmarshalJSON(nil) }},
			"Generator.Generate": {
				func() error { _, err := g.Generate(t.Context(), anomaly.Input{}, nil); return err },
				func() error { _, err := g.Generate(noContext, normalPart(), anomaly.NewDraws(1)); return err },
				func() error { _, err := g.Generate(t.Context(), normalPart(), nil); return err },
			},
			"Generator.Run": {
				func() error { _, err := g.Run(noContext, g.in, 1, nil); return err },
				func() error { _, err := g.Run(t.Context(), nil, 1, nil); return err },
				func() error { _, err := g.Run(t.Context(), new(Photograph), 1, nil); return err },
				func() error { _, err := g.Run(t.Context(), released.in, 1, nil); return err },
			},
			"Generator.RunNoises": {
				func() error { _, err := g.RunNoises(t.Context(), g.in, Noises{}, nil); return err },
				func() error { _, err := g.RunNoises(t.Context(), nil, Noises{}, nil); return err },
				func() error { _, err := released.RunNoises(t.Context(), released.in, Noises{}, nil); return err },
			},
			"Step.State": {func() error { _, err := Step{}.State(); return err }},
			"Step.Clean": {func() error { _, err := Step{}.Clean(); return err }},
			"Generator.Resume": {
				func() error { _, err := g.Resume(t.Context(), g.in, nil, nil); return err },
				func() error { _, err := released.Resume(t.Context(), released.in, nil, nil); return err },
				func() error { _, err := g.Resume(noContext, g.in, state, nil); return err },
				func() error { _, err := g.Resume(t.Context(), nil, state, nil); return err },
				wrong(func(s *State) { *s = State{} }),
				wrong(func(s *State) { s.Step = -1 }),
				wrong(func(s *State) { s.Step, s.Trace = 100, make([]StepTrace, 100) }),
				wrong(func(s *State) { s.Latent = s.Latent[1:] }),
				wrong(func(s *State) { s.Soft = nil }),
				wrong(func(s *State) { s.Soft = append([]float64{math.NaN()}, s.Soft[1:]...) }),
				wrong(func(s *State) { s.Noise = append([]float32{float32(math.Inf(1))}, s.Noise[1:]...) }),
			},
		},
		Harmless: map[string][]func(){
			"DefaultKeeping":          {func() { _ = DefaultKeeping() }},
			"Generator.KeepWork":      {func() { g.KeepWork(Keeping{Blend: math.NaN()}) }},
			"CLIPScores.Margin":       {func() { _ = CLIPScores{}.Margin() }},
			"CLIPScores.Gain":         {func() { _ = CLIPScores{}.Gain() }},
			"DefaultLimits":           {func() { _ = DefaultLimits() }},
			"Limits.Check":            {func() { _ = Limits{}.Check(Scores{}) }},
			"Cells.MarshalJSON":       {func() { _, _ = Cells(nil).MarshalJSON() }},
			"Generator.Noises":        {func() { released.Noises(nil, math.MaxUint64); released.Noises(new(Photograph), 0) }},
			"Generator.Options":       {func() { g.Options() }},
			"Generator.RefineSteps":   {func() { g.RefineSteps() }},
			"Generator.Steps":         {func() { g.Steps() }},
			"Generator.Tokens":        {func() { g.Tokens() }},
			"Generator.Work":          {func() { g.Work(-1); g.Work(math.MaxInt) }},
			"Fast":                    {func() { _ = Fast() }},
			"Options.Fast":            {func() { _ = Options{}.Fast(); _ = Options{Steps: -1, Refine: math.MaxInt}.Fast() }},
			"Paper":                   {func() { _ = Paper() }},
			"Released":                {func() { _ = Released() }},
			"Vocabulary.IsUnseen":     {func() { Vocabulary{}.IsUnseen("", "") }},
			"Vocabulary.KnowsAnomaly": {func() { Vocabulary{}.KnowsAnomaly("") }},
			"Vocabulary.KnowsObject":  {func() { Vocabulary{}.KnowsObject("") }},
		},
	}.Check(t)
}

// keepState is the state of a run after its second step.
func keepState(t *testing.T, g ready) (state *State) {
	t.Helper()
	stop := errors.New("enough")
	_, err := g.Run(t.Context(), g.in, 1, func(s Step) (err error) {
		if s.I < 1 {
			return nil
		}
		if state, err = s.State(); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	return state
}

// TestAtOnce uses a generator from several goroutines, and from within a run: each
// run makes the picture of its seed.
func TestAtOnce(t *testing.T) {
	g := newGenerator(t, openModel(t, modelA), short())
	const seeds = 3
	want := make([]*Result, seeds)
	for seed := range want {
		want[seed] = generate(t, g, uint64(seed))
	}
	got, errs := make([]*Result, seeds), make([]error, seeds)
	var all sync.WaitGroup
	for seed := range seeds {
		all.Go(func() { got[seed], errs[seed] = g.Run(t.Context(), g.in, uint64(seed), nil) })
	}
	all.Wait()
	var within *Result
	around, err := g.Run(t.Context(), g.in, 0, func(s Step) (err error) {
		if s.I == 1 {
			within, err = g.Run(t.Context(), g.in, 1, nil)
		}
		return err
	})
	if err := errors.Join(append(errs, err)...); err != nil {
		t.Fatal(err)
	}
	for seed := range seeds {
		if !cmp.Equal(got[seed].numbers(), want[seed].numbers()) {
			t.Errorf("seed %d: another picture beside other runs", seed)
		}
	}
	if !cmp.Equal(around.numbers(), want[0].numbers()) || !cmp.Equal(within.numbers(), want[1].numbers()) {
		t.Error("other pictures of a run and one within it")
	}
}
