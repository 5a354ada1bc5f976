package detect

import (
	"context"
	"image"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/nn/nntest"
)

// TestMisuse calls what is exported with arguments that make no sense.
func TestMisuse(t *testing.T) {
	var none context.Context
	err := func(_ any, err error) error { return err }
	detectors := made(t, network(), Official)
	patchcore, padim, probe := detectors["PatchCore"], detectors["PaDiM"], detectors["Probe"]
	weighted := detectors["weighted PatchCore"]
	fit := func(d anomaly.Detector, empty anomaly.Detector) []func() error {
		return []func() error{
			func() error { return d.Fit(none, samples()) },
			func() error { return d.Fit(t.Context(), nil) },
			func() error { return empty.Fit(t.Context(), samples()) },
		}
	}
	detect := func(d anomaly.Detector, empty anomaly.Detector) []func() error {
		return []func() error{
			func() error { return err(d.Detect(none, part(9, 9, 0))) },
			func() error { return err(d.Detect(t.Context(), nil)) },
			func() error { return err(d.Detect(t.Context(), &image.RGBA{Rect: image.Rect(0, 0, 9, 9)})) },
			func() error { return err(empty.Detect(t.Context(), part(9, 9, 0))) },
		}
	}
	spot := spotted(64, 64, 9, image.Rect(20, 20, 40, 40))
	for _, d := range []anomaly.Detector{patchcore, padim, probe, weighted} {
		if e := d.Fit(t.Context(), samples(append(normals(64, 64, 1), spot)...)); e != nil {
			t.Fatal(e)
		}
	}
	without := func(change func(s *anomaly.Sample)) func() error {
		s := spot
		change(&s)
		return func() error { return probe.Fit(t.Context(), samples(append(normals(64, 64, 1), s)...)) }
	}
	core := func(o PatchCoreOptions) func() error { return func() error { return err(NewPatchCore(network(), o)) } }
	place := func(o PaDiMOptions) func() error { return func() error { return err(NewPaDiM(network(), o)) } }
	odds := func(o ProbeOptions) func() error { return func() error { return err(NewProbe(network(), o)) } }
	file := filepath.Join(t.TempDir(), "detector")
	tokens := func(o AnomalyDINOOptions) func() error {
		return func() error { return err(NewAnomalyDINO(network(), o)) }
	}
	dino, e := NewAnomalyDINO(network(), AnomalyDINOOptions{Side: 64, Rotations: 1, Layers: []string{"8"}})
	if e != nil {
		t.Fatal(e)
	}
	whole := openCLIP(t, "models/b/clip")
	words := func(object string, o WinCLIPOptions) func() error {
		return func() error { return err(NewWinCLIP(whole, object, o)) }
	}
	winclip, e := NewWinCLIP(whole, "nut", WinCLIPOptions{Scales: []int{1}})
	if e != nil {
		t.Fatal(e)
	}
	letters := narrowCLIP(t)
	empty, e := clip.New(letters.Model.Config)
	if e != nil {
		t.Fatal(e)
	}
	prompts := func(object string, o PromptADOptions) func() error {
		return func() error { return err(NewPromptAD(letters, object, o)) }
	}
	promptAD := func(c CLIP, o PromptADOptions) *PromptAD {
		o.Epochs = 1
		p, e := NewPromptAD(c, "part", o)
		if e != nil {
			t.Fatal(e)
		}
		return p
	}
	learned, taught := promptAD(letters, PromptADOptions{}), promptAD(letters, PromptADOptions{Generated: true})
	if e := learned.Fit(t.Context(), samples(normals(64, 64, 1)...)); e != nil {
		t.Fatal(e)
	}
	nntest.Misuse{
		Refused: map[string][]func() error{
			"Save": {
				func() error { return Save(file, nil) },
				func() error { return Save(file, (*PatchCore)(nil)) },
				func() error { return Save(file, new(PaDiM)) },
				func() error { return Save("", probe) },
				func() error { return Save(file, learned) },
			},
			"Describe": {func() error { return err(Describe("")) }, func() error { return err(Describe(t.TempDir())) }},
			"Load": {
				func() error { return err(Load(none, file, opened)) },
				func() error { return err(Load(t.Context(), file, nil)) },
				func() error { return err(Load(t.Context(), "", opened)) },
			},
			"NewPatchCore": {
				func() error { return err(NewPatchCore(Network{}, PatchCoreOptions{})) },
				core(PatchCoreOptions{}),
				core(PatchCoreOptions{Layers: []string{"8", "8"}}),
				core(PatchCoreOptions{Layers: make([]string, 1000)}),
				core(PatchCoreOptions{Layers: fine, Reading: -1}),
				core(PatchCoreOptions{Layers: fine, Size: math.MaxInt}),
				core(PatchCoreOptions{Layers: fine, Size: -1}),
				core(PatchCoreOptions{Layers: fine, Dimension: math.MaxInt}),
				core(PatchCoreOptions{Layers: fine, Dimension: 9, Reading: Anomalib}),
				core(PatchCoreOptions{Layers: fine, Coreset: math.NaN()}),
				core(PatchCoreOptions{Layers: fine, Neighbours: -1}),
				core(PatchCoreOptions{Layers: fine, Sigma: math.Inf(1)}),
			},
			"NewWinCLIP": {
				func() error { return err(NewWinCLIP(CLIP{}, "nut", WinCLIPOptions{})) },
				func() error { return err(NewWinCLIP(openCLIP(t, "openclip"), "nut", WinCLIPOptions{})) }, // no tokenizer
				words("", WinCLIPOptions{}), words(" _ ", WinCLIPOptions{}),
				words("nut", WinCLIPOptions{Reading: -1}),
				words("nut", WinCLIPOptions{Temperature: math.NaN()}),
				words("nut", WinCLIPOptions{Temperature: -1}),
				words("nut", WinCLIPOptions{Scales: []int{2, 2}}),
				words("nut", WinCLIPOptions{Scales: []int{1000}}),
			},
			"WinCLIP.Fit":    fit(winclip, (*WinCLIP)(nil)),
			"WinCLIP.Detect": detect(winclip, new(WinCLIP)),
			"NewAnomalyDINO": {
				func() error { return err(NewAnomalyDINO(Network{}, AnomalyDINOOptions{})) },
				tokens(AnomalyDINOOptions{}), // of which layers?
				tokens(AnomalyDINOOptions{Layers: fine, Side: 1}),
				tokens(AnomalyDINOOptions{Layers: fine, Side: math.MaxInt}),
				tokens(AnomalyDINOOptions{Layers: fine, Rotations: -1}),
				tokens(AnomalyDINOOptions{Layers: fine, Rotations: math.MaxInt}),
				tokens(AnomalyDINOOptions{Layers: fine, Score: 2}),
				tokens(AnomalyDINOOptions{Layers: fine, Sigma: math.NaN()}),
			},
			"AnomalyDINO.Fit":    fit(dino, (*AnomalyDINO)(nil)),
			"AnomalyDINO.Detect": detect(dino, new(AnomalyDINO)),
			"NewPaDiM": {
				func() error { return err(NewPaDiM(Network{}, PaDiMOptions{})) },
				place(PaDiMOptions{}),
				place(PaDiMOptions{Layers: three, Reading: 2}),
				place(PaDiMOptions{Layers: three, Size: 1}),
				place(PaDiMOptions{Layers: three, Dimension: -1}),
				place(PaDiMOptions{Layers: three, Dimension: 3, Channels: []int{1}}),
				place(PaDiMOptions{Layers: three, Channels: []int{-1}}),
				place(PaDiMOptions{Layers: three, Channels: []int{1, 1}}),
				place(PaDiMOptions{Layers: three, Sigma: math.NaN()}),
			},
			"NewProbe": {
				func() error { return err(NewProbe(Network{}, ProbeOptions{})) },
				odds(ProbeOptions{}),
				odds(ProbeOptions{Layers: fine, Reading: math.MaxInt}),
				odds(ProbeOptions{Layers: fine, Size: 3}),
				odds(ProbeOptions{Layers: fine, L2: -1}),
				odds(ProbeOptions{Layers: fine, Sigma: -1}),
			},
			"NewPromptAD": {
				func() error { return err(NewPromptAD(CLIP{}, "part", PromptADOptions{})) },
				func() error { return err(NewPromptAD(CLIP{Model: letters.Model}, "part", PromptADOptions{})) },
				func() error {
					return err(NewPromptAD(CLIP{Model: new(clip.Model), Tokenizer: letters.Tokenizer}, "part", PromptADOptions{}))
				},
				func() error {
					return err(NewPromptAD(CLIP{Model: letters.Model, Tokenizer: clip.DefaultTokenizer()}, "part", PromptADOptions{}))
				},
				func() error {
					return err(NewPromptAD(CLIP{Model: empty, Tokenizer: letters.Tokenizer}, "part", PromptADOptions{}))
				},
				func() error {
					c := letters
					c.Colours.Mean = []float32{1}
					return err(NewPromptAD(c, "part", PromptADOptions{}))
				},
				prompts("", PromptADOptions{}),
				prompts(" _ ", PromptADOptions{}),
				prompts(strings.Repeat("long ", 77), PromptADOptions{}),
				prompts("part", PromptADOptions{States: []string{"broken"}}),
				prompts("part", PromptADOptions{States: []string{"{} with {}"}}),
				prompts("part", PromptADOptions{States: []string{" {}"}}),
				prompts("part", PromptADOptions{States: make([]string, 1000)}),
				prompts("part", PromptADOptions{Epochs: -1}),
				prompts("part", PromptADOptions{Epochs: math.MaxInt}),
				prompts("part", PromptADOptions{Rate: math.NaN()}),
				prompts("part", PromptADOptions{Rate: 1e-6}),
				prompts("part", PromptADOptions{Sigma: -1}),
			},
			"PromptAD.Fit": append(fit(learned, new(PromptAD)),
				func() error { return learned.Fit(t.Context(), samples(spot)) },
				func() error { return taught.Fit(t.Context(), samples(normals(64, 64, 1)...)) },
				func() error {
					return taught.Fit(t.Context(), samples(append(normals(64, 64, 1), anomaly.Sample{Picture: spot.Picture, Defect: "spot"})...))
				}),
			"PromptAD.Detect": append(detect(learned, (*PromptAD)(nil)), func() error { return err(taught.Detect(t.Context(), part(9, 9, 0))) }),
			"Probe.Fit": append(fit(probe, new(Probe)),
				without(func(s *anomaly.Sample) { s.Mask = nil }),
				without(func(s *anomaly.Sample) { s.Mask = image.NewGray(image.Rect(0, 0, 9, 9)) }),
				without(func(s *anomaly.Sample) { s.Mask = &image.Gray{Rect: s.Mask.Rect} }),
				without(func(s *anomaly.Sample) { s.Mask = image.NewGray(s.Mask.Rect) })),
			"Probe.Detect": detect(probe, (*Probe)(nil)),
			"NewWeighted": {
				func() error { return err(NewWeighted(nil, nil)) },
				func() error { return err(NewWeighted((*PaDiM)(nil), probe.(*Probe))) },
				func() error { return err(NewWeighted(new(PatchCore), probe.(*Probe))) },
				func() error { return err(NewWeighted(padim, nil)) },
				func() error { return err(NewWeighted(probe, probe.(*Probe))) },
				func() error {
					other, e := NewProbe(Network{Backbone: blocks{1}, Name: "others"}, ProbeOptions{Layers: fine})
					if e != nil {
						t.Fatal(e)
					}
					return err(NewWeighted(padim, other))
				},
			},
			"Weighted.Fit":          fit(weighted, (*Weighted)(nil)),
			"Weighted.Detect":       detect(weighted, new(Weighted)),
			"PatchCore.Fit":         fit(patchcore, new(PatchCore)),
			"PaDiM.Fit":             fit(padim, (*PaDiM)(nil)),
			"PatchCore.Detect":      detect(patchcore, (*PatchCore)(nil)),
			"PaDiM.Detect":          detect(padim, new(PaDiM)),
			"Reading.MarshalText":   {func() error { return err(Reading(-1).MarshalText()) }},
			"Reading.UnmarshalText": {func() error { return (*Reading)(nil).UnmarshalText([]byte("official")) }, func() error { return new(Reading).UnmarshalText(nil) }},
		},
		Harmless: map[string][]func(){
			"AnomalyDINO.Options":    {func() { (*AnomalyDINO)(nil).Options() }},
			"AnomalyDINO.References": {func() { (*AnomalyDINO)(nil).References() }, func() { new(AnomalyDINO).References() }},
			"WinCLIP.Options":        {func() { (*WinCLIP)(nil).Options() }},
			"WinCLIP.References":     {func() { (*WinCLIP)(nil).References() }, func() { new(WinCLIP).References() }},
			"PatchCore.Options":      {func() { (*PatchCore)(nil).Options(); new(PatchCore).Options() }},
			"PaDiM.Options":          {func() { (*PaDiM)(nil).Options(); new(PaDiM).Options() }},
			"Probe.Options":          {func() { (*Probe)(nil).Options(); new(Probe).Options() }},
			"Reading.String":         {func() { _ = Reading(-1).String() }},
			"NewMemory":              {func() { NewMemory(-1).Forget(); NewMemory(math.MaxInt64).Forget() }},
			"Memory.Forget":          {func() { (*Memory)(nil).Forget(); new(Memory).Forget() }},
			"Network.String":         {func() { _ = Network{}.String() }},
			"PromptAD.Options":       {func() { (*PromptAD)(nil).Options(); new(PromptAD).Options() }},
			"PromptAD.References":    {func() { (*PromptAD)(nil).References(); new(PromptAD).References() }},
		},
	}.Check(t)
}
