package diffusion

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/nntest"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// noContext is what a caller passes who has none.
var noContext context.Context

// TestMisuse calls what is exported with arguments that are nil, empty, scalar or of
// the wrong shape, type or size.
func TestMisuse(t *testing.T) {
	p := openModel(t, modelA)
	const h, w = 16, 16
	length, width := p.Tokenizer.Length(), p.UNet.Config.CrossAttentionDim
	good := NewLatent(make([]float32, 4*h*w), 4, h, w)
	text := Prompt{tensor.FromFloat32s(make([]float32, length*width), 1, length, width)}
	step, err := p.Compile(h, w)
	if err != nil {
		t.Fatal(err)
	}
	store := NewAttnStore(Cross(h/4, w/4))
	withLoss, err := p.Compile(h, w, WithStore(store), WithLoss(func() *G.Node { return nn.Mean(store.Mean()) }), WithGrad(LatentInput))
	if err != nil {
		t.Fatal(err)
	}
	schedule, err := NewScheduler("ddim", p.Scheduler, 3)
	if err != nil {
		t.Fatal(err)
	}
	small := withTAESD(t, tinyFolder)
	tensors := oddTensors()

	refused := map[string][]func() error{
		"Open": {func() error { _, err := Open(t.Context(), ""); return err }, func() error { _, err := Open(noContext, modelA); return err }, func() error {
			_, err := Open(t.Context(), "nowhere", nil, WithLogger(nil))
			return err
		}},
		"WithPrecision": {
			func() error { _, err := Open(t.Context(), modelA, WithPrecision(-1)); return err },
			func() error { _, err := Open(t.Context(), modelA, WithPrecision(kernels.Float16)); return err },
		},
		"Pipeline.Program": {
			func() error { _, err := p.Program("", nil); return err },
			func() error {
				_, err := p.Program("nothing", func(b *nn.Build) []*G.Node { return nil }, nil)
				return err
			},
		},
		"OpenFS": {func() error { _, err := OpenFS(t.Context(), nil); return err }, func() error { _, err := OpenFS(t.Context(), fstest.MapFS{}); return err }},
		"OpenTAESD": {
			func() error { _, err := OpenTAESD(noContext, tinyFolder); return err },
			func() error { _, err := OpenTAESD(t.Context(), ""); return err },
			func() error { _, err := OpenTAESD(t.Context(), modelA); return err },
		},
		"OpenVAE": {func() error { _, _, err := OpenVAE(t.Context(), tensor.Dir{}); return err }},
		"OpenUNet": {
			func() error { _, _, err := OpenUNet(t.Context(), tensor.Dir{}); return err },
			func() error { _, _, err := OpenUNet(t.Context(), tensor.OnDisk(modelA).Sub("vae"), nil); return err },
		},
		"OpenText": {func() error { _, _, err := OpenText(t.Context(), tensor.Dir{}); return err }},
		"OpenCLIP": {func() error { _, _, err := OpenCLIP(t.Context(), tensor.Dir{}, nil); return err }},
		"LoadSchedulerConfig": {
			func() error { _, err := LoadSchedulerConfig(tensor.Dir{}); return err },
		},
		"SchedulerConfig.Alphas": {
			func() error { _, err := SchedulerConfig{NumTrainTimesteps: -1}.Alphas(); return err },
			func() error { _, err := SchedulerConfig{BetaSchedule: "none"}.Alphas(); return err },
		},
		"NewScheduler": {
			func() error { _, err := NewScheduler("", SchedulerConfig{}, 0); return err },
			func() error { _, err := NewScheduler("ddim", p.Scheduler, -1); return err },
			func() error { _, err := NewScheduler("nothing", p.Scheduler, 5); return err },
		},
		"Pipeline.CheckSize": {
			func() error { return p.CheckSize(0, 0) }, func() error { return p.CheckSize(-64, 64) }, func() error { return p.CheckSize(1<<40, 1<<40) },
		},
		"Pipeline.Compile": {
			func() error { _, err := p.Compile(0, 0); return err },
			func() error { _, err := p.Compile(-8, 8); return err },
			func() error { _, err := p.Compile(1<<61+8, 8); return err },
			func() error { _, err := p.Compile(h, w, WithHook(nil)); return err },
			func() error { _, err := p.Compile(h, w, WithStore(nil)); return err },
			func() error { _, err := p.Compile(h, w, WithGrad("nothing")); return err },
			func() error { _, err := p.Compile(h, w, WithInput(nil)); return err },
			func() error {
				var in *G.Node
				_, err := p.Compile(h, w, WithInput(&in, -1), WithLoss(func() *G.Node { return nn.Mean(in) }))
				return err
			},
			func() error { _, err := p.Compile(h, w, nil, WithLoss(func() *G.Node { return nil })); return err },
			func() error {
				_, err := p.Compile(h, w, WithLoss(func() *G.Node { return store.Mean() }), WithGrad(LatentInput))
				return err
			},
			func() error {
				none := NewAttnStore(nil, nil)
				_, err := p.Compile(h, w, WithStore(none), WithLoss(func() *G.Node { return nn.Mean(none.Mean()) }))
				return err
			},
		},
		"Pipeline.Encode": {func() error { _, err := p.Encode(noContext, "a"); return err }},
		"Pipeline.EncodeWith": {
			func() error { _, err := p.EncodeWith(noContext, "a"); return err },
			func() error { _, err := p.EncodeWith(t.Context(), "a", nil); return err },
			func() error { _, err := p.EncodeWith(t.Context(), "a", new(Embedding)); return err },
		},
		"Pipeline.WordVectors": {
			func() error { _, err := p.WordVectors(noContext, "nut"); return err },
			func() error { _, err := p.WordVectors(t.Context(), ""); return err },
		},
		"Invert": {
			func() error { _, err := Invert(noContext, p, nil, DefaultInversion()); return err },
			func() error { _, err := Invert(t.Context(), nil, nil, InversionOptions{}); return err },
			func() error { _, err := Invert(t.Context(), p, nil, DefaultInversion()); return err },
		},
		"NewInversion": {
			func() error { _, err := NewInversion(noContext, p, nil, DefaultInversion()); return err },
			func() error { _, err := NewInversion(t.Context(), p, []Example{{}}, fewSteps(1)); return err },
			func() error {
				_, err := NewInversion(t.Context(), p, []Example{{Picture: text.Hidden}}, fewSteps(1))
				return err
			},
		},
		"NewInversionOf": {
			func() error { _, err := NewInversionOf(t.Context(), p, someExamples(1), nil, fewSteps(1)); return err },
			func() error {
				_, err := NewInversionOf(t.Context(), p, someExamples(1), &gains{}, fewSteps(1))
				return err
			},
		},
		"Inversion.WriteState": {
			func() error { return (*Inversion)(nil).WriteState("", nil) },
			func() error { return new(Inversion).WriteState("", nil) },
		},
		"Inversion.ReadState": {
			func() error { return (*Inversion)(nil).ReadState("", nil) },
			func() error { return new(Inversion).ReadState("", nil) },
		},
		"Inversion.Steps": {
			func() error {
				for _, err := range (*Inversion)(nil).Steps(t.Context()) {
					return err
				}
				return nil
			},
			func() error {
				for _, err := range new(Inversion).Steps(t.Context()) {
					return err
				}
				return nil
			},
		},
		"ReadEmbedding": {
			func() error { _, err := ReadEmbedding("", ""); return err },
			func() error { _, err := ReadEmbedding(embeddings+"cracked.safetensors", " "); return err },
			func() error { _, err := ReadEmbedding(embeddings+"cracked.safetensors", "\xff"); return err },
		},
		"Embedding.Write": {
			func() error { return (*Embedding)(nil).Write(t.TempDir() + "/w") },
			func() error { return new(Embedding).Write("") },
			func() error { return (&Embedding{Word: "<a>", Vectors: ramp(1, 2)}).Write("") },
		},
		"WithEmbeddings": {
			func() error { _, err := Open(t.Context(), modelA, WithEmbeddings(nil)); return err },
			func() error { _, err := Open(t.Context(), modelA, WithEmbeddings(&Embedding{Word: "<a>"})); return err },
		},
		"Pipeline.Generate": {
			func() error { _, err := p.Generate(t.Context(), "a", GenerateOptions{Height: -64}); return err },
			func() error { _, err := p.Generate(noContext, "a", GenerateOptions{Height: 64, Width: 64}); return err },
		},
		"Pipeline.CLIPText": {func() error { _, err := p.CLIPText(noContext, "a"); return err }},
		"Pipeline.Hashes":   {func() error { _, err := p.Hashes(noContext); return err }},
		"Sampler.StartFrom": {
			func() error { _, err := new(Sampler).StartFrom(good, good, 0); return err },
			func() error { _, err := (&Sampler{Scheduler: schedule}).StartFrom(good, good, -1); return err },
			func() error { _, err := (&Sampler{Scheduler: schedule}).StartFrom(Latent{}, good, 0); return err },
		},
		"Sampler.Run":           {func() error { _, err := new(Sampler).Run(t.Context(), good, 0); return err }},
		"Moment.Clean":          {func() error { _, err := new(Moment).Clean(); return err }},
		"Moment.Input":          {func() error { _, err := new(Moment).Input(); return err }},
		"Denoiser.DenoiseFLOPs": {func() error { _, err := step.DenoiseFLOPs(0); return err }, func() error { _, err := step.DenoiseFLOPs(-1); return err }},
		"Denoiser.Predict": {
			func() error { _, err := step.Predict(t.Context(), good, 1); return err },
			func() error { _, err := step.Predict(t.Context(), good, 1, text, Prompt{}); return err },
			func() error { _, err := step.Predict(noContext, good, 1, text); return err },
			func() error { _, err := step.Predict(t.Context(), good, math.NaN(), text); return err },
		},
		"Denoiser.Denoise": {
			func() error { _, err := step.Denoise(t.Context(), good, 1, Guidance{}); return err },
			func() error { _, err := step.Denoise(t.Context(), good, 1, Guidance{Negative: text}); return err },
		},
		"Denoiser.Grad": {func() error { _, err := step.Grad(t.Context(), good, 1, text); return err }},
	}
	for _, d := range tensors {
		z := Latent{d}
		add := func(name string, call func() error) { refused[name] = append(refused[name], call) }
		add("Pipeline.CLIPImage", func() error { _, err := p.CLIPImage(t.Context(), d); return err })
		add("Pipeline.CheckPicture", func() error { return p.CheckPicture(d) })
		add("Pipeline.EncodeImage", func() error { _, err := p.EncodeImage(t.Context(), d); return err })
		add("Pipeline.EncodeDistribution", func() error { _, _, err := p.EncodeDistribution(t.Context(), d); return err })
		add("Pipeline.Decode", func() error { _, err := p.Decode(t.Context(), z); return err })
		add("Pipeline.DecodePreview", func() error { _, err := p.DecodePreview(t.Context(), z); return err })
		add("Pipeline.DecodePreview", func() error { _, err := small.DecodePreview(t.Context(), z); return err })
		add("Denoiser.Predict", func() error { _, err := step.Predict(t.Context(), z, 1, text); return err })
		add("Denoiser.Predict", func() error { _, err := step.Predict(t.Context(), z, 1, text, text); return err })
		add("Denoiser.Predict", func() error { _, err := step.Predict(t.Context(), good, 1, Prompt{d}); return err })
		add("Denoiser.Predict", func() error { _, err := step.Predict(t.Context(), good, 1, text, Prompt{d}); return err })
		add("Denoiser.Denoise", func() error { _, err := step.Denoise(t.Context(), z, 1, Guidance{Prompt: text}); return err })
		add("Denoiser.Grad", func() error { _, err := withLoss.Grad(t.Context(), good, 1, Prompt{d}); return err })
		if d != nil && d.Shape().Eq(good.Shape()) && d.Dtype() == gt.Float32 {
			continue // not finite, which sums and losses are then too
		}
		add("Denoiser.Grad", func() error { _, err := withLoss.Grad(t.Context(), z, 1, text); return err })
		add("Latent.AddScaled", func() error { return good.AddScaled(1, d) })
		add("Latent.AddScaled", func() error { return z.AddScaled(1, good.Dense) })
		add("Guidance.Combine", func() error { _, err := Guidance{}.Combine(good, z); return err })
		add("Guidance.Combine", func() error { _, err := Guidance{}.Combine(z, good); return err })
	}

	var empty AttnStore
	graph := map[string][]func() error{
		"TokenMaps": {func() error { return built(func(b *nn.Build) *G.Node { return TokenMaps(b.Input("m", 1, 4, 2)) }) },
			func() error { return built(func(b *nn.Build) *G.Node { return TokenMaps(b.Input("m")) }) }},
		"TokenMap": {func() error {
			return built(func(b *nn.Build) *G.Node { return TokenMap(b.Input("m", 1, 4, 3), 2, 2, 9, nn.StandardGaussian(1)) })
		},
			func() error {
				return built(func(b *nn.Build) *G.Node { return TokenMap(nil, 2, 2, 1, nn.StandardGaussian(1)) })
			},
			func() error {
				return built(func(b *nn.Build) *G.Node { return TokenMap(b.Input("m", 1, 4, 3), 3, 3, 1, nn.StandardGaussian(1)) })
			}},
		"AttendAndExcite": {
			func() error { return built(func(*nn.Build) *G.Node { return AttendAndExcite() }) },
			func() error {
				return built(func(b *nn.Build) *G.Node { return AttendAndExcite(b.Input("m", 1, 4, 1), nil) })
			},
		},
		"AttnStore.Mean":   {func() error { return built(func(*nn.Build) *G.Node { return empty.Mean() }) }},
		"AttnStore.Token":  {func() error { return built(func(*nn.Build) *G.Node { return empty.Token(-1) }) }},
		"AttnStore.Word":   {func() error { return built(func(*nn.Build) *G.Node { return empty.Word(nil) }) }},
		"AttnStore.WordIn": {func() error { return built(func(*nn.Build) *G.Node { return empty.WordIn(nil, nil) }) }},
		"CLIP.NormalisePicture": {func() error {
			return built(func(b *nn.Build) *G.Node { return p.CLIP.NormalisePicture(b.Input("x", 2)) })
		}},
		"CLIP.PictureForCLIP": {func() error { return built(func(b *nn.Build) *G.Node { return p.CLIP.PictureForCLIP(b.Input("x")).X }) }},
	}
	for name, calls := range graph {
		refused[name] = calls
	}

	for name, calls := range refused {
		for i, call := range calls {
			if err := call(); !slices.ContainsFunc(misused, func(kind error) bool { return errors.Is(err, kind) }) {
				t.Errorf("%s, call %d: %v is of no kind of errors.go", name, i, err)
			}
		}
	}
	nntest.Misuse{
		Refused: refused,
		Harmless: map[string][]func(){
			"Pipeline.Texts": {func() { new(Pipeline).Texts() }},
			"Cosine": {func() {
				for _, d := range []*gt.Dense{nil, {}, tensor.FromFloat32s([]float32{1}), tensor.FromFloat32s([]float32{1, 2}, 2)} {
					if c := Cosine(d, tensor.FromFloat32s([]float32{1, 0, 0}, 1, 3)); !math.IsNaN(c) {
						t.Errorf("the cosine of %v is %g", d, c)
					}
				}
			}},
			"AllCross":     {func() { AllCross(&nn.Site{}) }},
			"Cross":        {func() { Cross(-1, 0)(&nn.Site{}) }},
			"Self":         {func() { Self(-1, 0)(&nn.Site{}) }},
			"NewAttnStore": {func() { NewAttnStore(nil) }},
			"WithSize":     {func() { NewAttnStore(AllCross, WithSize(-1, -1)) }},
			"WithTokens":   {func() { NewAttnStore(AllCross, WithTokens()) }},
			"NewLatent": {func() {
				for _, z := range []Latent{NewLatent(nil, 0, 0, 0), NewLatent(nil, -1, 1, 1), NewLatent([]float32{1}, 4, 1, 1), NewLatent([]float32{1}, 1<<62, 4, 4)} {
					if z.Dense != nil {
						t.Errorf("a latent of shape %v has numbers that are not there", z.Shape())
					}
				}
			}},
			"Latent.Copy":   {func() { Latent{}.Copy() }},
			"Latent.Floats": {func() { Latent{}.Floats() }},
			"Latent.With": {func() {
				if (Latent{}).With(nil).Dense != nil || good.With([]float32{1}).Dense != nil {
					t.Error("With makes a latent of numbers that do not fit")
				}
			}},
			"AttnStore.HeadMeans":   {func() { empty.HeadMeans() }},
			"AttnStore.Hook":        {func() { empty.Hook() }},
			"AttnStore.Paths":       {func() { empty.Paths() }},
			"AttnStore.Probs":       {func() { empty.Probs() }},
			"AttnStore.Reset":       {func() { empty.Reset() }},
			"AttnStore.Sizes":       {func() { empty.Sizes() }},
			"WithUnused":            {func() { optionsOf([]OpenOption{WithUnused()}) }},
			"WithDevice":            {func() { optionsOf([]OpenOption{WithDevice(nil)}) }},
			"DefaultInversion":      {func() { DefaultInversion() }},
			"DefaultAugmentation":   {func() { _ = DefaultAugmentation() }},
			"Inversion.Losses":      {func() { (*Inversion)(nil).Losses(); new(Inversion).Losses() }},
			"Inversion.Options":     {func() { (*Inversion)(nil).Options(); new(Inversion).Options() }},
			"Inversion.Embedding":   {func() { (*Inversion)(nil).Embedding(); new(Inversion).Embedding() }},
			"Pipeline.Embeddings":   {func() { p.Embeddings() }},
			"WithCLIPDir":           {func() { optionsOf([]OpenOption{WithCLIPDir("")}) }},
			"WithEMA":               {func() { optionsOf([]OpenOption{WithEMA()}) }},
			"WithFileConfig":        {func() { optionsOf([]OpenOption{WithFileConfig(nil)}) }},
			"WithLogger":            {func() { optionsOf([]OpenOption{WithLogger(nil)}) }},
			"WithTokenizerDir":      {func() { optionsOf([]OpenOption{WithTokenizerDir("")}) }},
			"WithPredictionType":    {func() { optionsOf([]OpenOption{WithPredictionType("")}) }},
			"WithVariant":           {func() { optionsOf([]OpenOption{WithVariant("")}) }},
			"WithTAESD":             {func() { optionsOf([]OpenOption{WithTAESD("")}) }},
			"TAESD.Close":           {func() { _ = (*TAESD)(nil).Close() }, func() { _ = new(TAESD).Close() }},
			"Pipeline.CheckPreview": {func() { _ = p.CheckPreview() }},
			"Pipeline.Changed":      {func() { _ = p.Changed() }},
			"WithoutCLIP":           {func() { optionsOf([]OpenOption{WithoutCLIP()}) }},
			"WithNoise": {func() {
				s, err := NewScheduler("euler-a", p.Scheduler, 3, WithNoise(nil), nil)
				if err == nil {
					_, _ = s.Step(row(0, 0), row(0, 0), 0)
				}
			}},
			"Sampler.Keep":  {func() { new(Sampler).Keep(Latent{}, Latent{}, nil) }},
			"Sampler.Start": {func() { (&Sampler{Scheduler: schedule}).Start(Latent{}); new(Sampler).Start(good) }},
			"Sampler.Steps": {func() {
				for _, err := range new(Sampler).Steps(t.Context(), nil, 0) {
					_ = err
				}
			}},
			"Guidance.Prompts":   {func() { Guidance{}.Prompts() }},
			"NarrowGaussian":     {func() { NarrowGaussian(0)(0) }},
			"Denoiser.GradFLOPs": {func() { step.GradFLOPs() }},
			"SchedulerNames":     {func() { SchedulerNames() }},
			"Sigmas":             {func() { Sigmas(nil); Sigmas(schedule) }},
			"WithEta":            {func() { _, _ = NewScheduler("ddim", p.Scheduler, 3, WithEta(math.NaN())) }},
			"WithTimesteps":      {func() { _, _ = NewScheduler("lcm", p.Scheduler, 3, WithTimesteps()) }},
			"WithStrength":       {func() { _, _ = NewScheduler("lcm", p.Scheduler, 3, WithStrength(math.NaN())) }},
			"Pipeline.Factor":    {func() { p.Factor() }},
			"Pipeline.Multiple":  {func() { p.Multiple() }},
			"Pipeline.Files":     {func() { p.Files() }},
			"Pipeline.Close": {func() {
				other, err := Open(t.Context(), modelA)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = other.Close(), other.Close()
			}},
		},
		Exempt: map[string]string{
			"Random":   "a gigabyte of random numbers; its arguments are a number and options",
			"WithHook": "an option of Compile, called there", "WithStore": "likewise", "WithLoss": "likewise",
			"WithInput": "likewise", "WithRead": "likewise", "WithGrad": "likewise", "WithMemory": "likewise",
		},
	}.Check(t)
	misuseScheduler(t, schedule)
}

// misused are the kinds of errors that wrong arguments give: above all ErrArgument; paths of nothing, configurations
// of other models and numbers that are not finite have theirs.
var misused = []error{ErrArgument, fs.ErrNotExist, ErrNotStableDiffusion1, ErrUnsupportedScheduler, ErrNotFinite}

// misuseScheduler calls a scheduler with latents and steps that it has not.
func misuseScheduler(t *testing.T, s Scheduler) {
	z := row(1, 2, 3, 4)
	calls := map[string]func() error{
		"noise at timestep NaN": func() error { _, err := s.AddNoise(z, z, math.NaN()); return err },
	}
	for _, i := range []int{-1, 3, math.MaxInt} {
		calls[fmt.Sprintf("step %d of 3", i)] = func() error { _, err := s.Step(z, z, i); return err }
		calls[fmt.Sprintf("input of step %d", i)] = func() error { _, err := s.ScaleModelInput(z, i); return err }
		calls[fmt.Sprintf("clean at step %d", i)] = func() error { _, err := s.Clean(z, z, i); return err }
	}
	for k, d := range oddTensors() {
		odd := Latent{d}
		calls[fmt.Sprintf("step with %d", k)] = func() error { _, err := s.Step(odd, z, 0); return err }
		calls[fmt.Sprintf("step of %d", k)] = func() error { _, err := s.Step(z, odd, 0); return err }
		calls[fmt.Sprintf("clean with %d", k)] = func() error { _, err := s.Clean(odd, z, 0); return err }
		calls[fmt.Sprintf("noise %d", k)] = func() error { _, err := s.AddNoise(z, odd, 1); return err }
		calls[fmt.Sprintf("noise of %d", k)] = func() error { _, err := s.AddNoise(odd, z, 1); return err }
		if checkFloats("", d) != nil {
			calls[fmt.Sprintf("input %d", k)] = func() error { _, err := s.ScaleModelInput(odd, 0); return err }
		}
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, ErrArgument) {
			t.Errorf("%s: %v, want ErrArgument", name, err)
		}
	}
}

// oddTensors are such as nothing here takes: none, without numbers, scalar, of other
// dimensions, numbers, types and values.
func oddTensors() []*gt.Dense {
	nan := make([]float32, 4*16*16)
	nan[7] = float32(math.NaN())
	return []*gt.Dense{
		nil, new(gt.Dense),
		tensor.FromFloat32s([]float32{1}),
		tensor.FromFloat32s([]float32{1}, 1),
		tensor.FromFloat32s([]float32{1, 2}, 1, 2),
		tensor.FromFloat32s([]float32{1}, 1, 1, 1, 1),
		tensor.FromFloat32s(make([]float32, 3*64*64), 3, 64, 64),
		tensor.FromFloat32s(nan, 1, 4, 16, 16),
		tensor.FromFloat32s(make([]float32, 2*3*8*8), 2, 3, 8, 8),
		gt.New(gt.WithShape(1, 4, 16, 16), gt.WithBacking(make([]float64, 4*16*16))),
		gt.New(gt.WithShape(1, 3, 64, 64), gt.WithBacking(make([]int, 3*64*64))),
		tensor.FromFloat32sAs(tensor.Float16, make([]float32, 3*64*64), 1, 3, 64, 64),
	}
}

// built is the error of a graph of one node.
func built(node func(b *nn.Build) *G.Node) error {
	_, err := nn.Compile(func(b *nn.Build) []*G.Node { return G.Nodes{node(b)} })
	return err
}
