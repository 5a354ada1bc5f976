package generate

import (
	"context"
	"image"
	"math"
	"testing"
	"testing/fstest"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/nn/nntest"
)

// nonsense are inputs that no method takes.
func nonsense() []anomaly.Input {
	return []anomaly.Input{
		{},
		{Normal: &image.RGBA{Rect: image.Rect(0, 0, 99, 99)}},
		{Normal: image.NewRGBA(image.Rect(0, 0, 15, 99))},
		{Normal: noisy(20, 20), Others: []*image.RGBA{nil}},
		{Normal: noisy(20, 20), Others: []*image.RGBA{noisy(20, 21)}},
		{Normal: noisy(20, 20), Place: &image.Gray{Rect: image.Rect(0, 0, 20, 20)}},
		{Normal: noisy(20, 20), Place: image.NewGray(image.Rect(0, 0, 20, 20))},
		{Normal: noisy(20, 20), Place: placeOf(30, 20, image.Rect(0, 0, 9, 9))},
	}
}

// refuse are calls of Generate that must fail, of a good generator and of those that nobody made.
func refuse(good anomaly.Generator, bad ...anomaly.Generator) (calls []func() error) {
	call := func(g anomaly.Generator, ctx context.Context, in anomaly.Input, d anomaly.Draws) {
		calls = append(calls, func() error { _, err := g.Generate(ctx, in, d); return err })
	}
	for _, in := range nonsense() {
		call(good, context.Background(), in, anomaly.NewDraws(0))
	}
	fine := anomaly.Input{Normal: noisy(20, 20)}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	call(good, done, fine, anomaly.NewDraws(0))
	call(good, nil, fine, anomaly.NewDraws(0)) //nolint:staticcheck // nil is what it must refuse
	call(good, context.Background(), fine, nil)
	for _, g := range bad {
		call(g, context.Background(), fine, anomaly.NewDraws(0))
	}
	return calls
}

// TestMisuse calls what is exported with arguments that make no sense.
func TestMisuse(t *testing.T) {
	cutPaste := cutPasteOf(t, CutPasteUnion, nil)
	pipeline := demoPipeline(t)
	learned := crack(t, pipeline)
	learning := DefaultLearn()
	learning.Word, learning.Initial, learning.Template = "<x>", "crack", "a {}"
	var noContext context.Context
	nntest.Misuse{
		Refused: map[string][]func() error{
			"NewCutPaste": {
				func() error { _, err := NewCutPaste(CutPasteOptions{}); return err },
				func() error {
					o := DefaultCutPaste()
					o.Area[1] = math.NaN()
					_, err := NewCutPaste(o)
					return err
				},
			},
			"NewNSA": {
				func() error { _, err := NewNSA(NSAOptions{}); return err },
				func() error {
					o := DefaultNSA()
					o.Gamma.Theta = math.Inf(1)
					_, err := NewNSA(o)
					return err
				},
			},
			"NSA.Generate": refuse(nsaOf(t, nil), (*NSA)(nil), new(NSA)),
			"NewSDAS": {
				func() error { _, err := NewSDAS(t.Context(), pipeline, 128, 128, SDASOptions{}); return err },
				func() error { _, err := NewSDAS(t.Context(), nil, 128, 128, shortSDAS(1)); return err },
				func() error { _, err := NewSDAS(t.Context(), pipeline, -128, math.MaxInt, shortSDAS(1)); return err },
				func() error { _, err := NewSDAS(noContext, pipeline, 128, 128, shortSDAS(1)); return err },
			},
			"SDAS.Generate": refuse(newSDAS(t, pipeline, shortSDAS(1)), (*SDAS)(nil), new(SDAS)),
			"NewAnomalyDiffusion": {
				func() error {
					_, err := NewAnomalyDiffusion(t.Context(), pipeline, learned, 128, 128, AnomalyDiffusionOptions{})
					return err
				},
				func() error {
					_, err := NewAnomalyDiffusion(t.Context(), pipeline, nil, 128, 128, shortAnomalyDiffusion())
					return err
				},
				func() error {
					_, err := NewAnomalyDiffusion(t.Context(), pipeline, new(Learned), 128, 128, shortAnomalyDiffusion())
					return err
				},
				func() error {
					_, err := NewAnomalyDiffusion(t.Context(), nil, learned, 128, 128, shortAnomalyDiffusion())
					return err
				},
				func() error {
					_, err := NewAnomalyDiffusion(t.Context(), pipeline, learned, math.MinInt, 128, shortAnomalyDiffusion())
					return err
				},
				func() error {
					_, err := NewAnomalyDiffusion(noContext, pipeline, learned, 128, 128, shortAnomalyDiffusion())
					return err
				},
			},
			"AnomalyDiffusion.Generate": refuse(newAnomalyDiffusion(t, pipeline, learned, shortAnomalyDiffusion()), (*AnomalyDiffusion)(nil), new(AnomalyDiffusion)),
			"NewLearned": {
				func() error { _, err := NewLearned(t.Context(), pipeline, LearnOptions{}); return err },
				func() error { _, err := NewLearned(t.Context(), nil, learning); return err },
				func() error { _, err := NewLearned(noContext, pipeline, learning); return err },
			},
			"LearnedOf": {
				func() error { _, err := LearnedOf(nil); return err },
				func() error { _, err := LearnedOf(new(diffusion.Embedding)); return err },
			},
			"ReadLearned": {
				func() error { _, err := ReadLearned("", ""); return err },
				func() error { _, err := ReadLearned(t.TempDir(), ""); return err },
			},
			"Learned.Write": {
				func() error { return (*Learned)(nil).Write(t.TempDir() + "/x") },
				func() error { return new(Learned).Write(t.TempDir() + "/x") },
				func() error { return learned.Write("") },
				func() error {
					l := *learned
					l.Masks = []*image.Gray{nil}
					return l.Write(t.TempDir() + "/x")
				},
				func() error {
					l := *learned
					l.Masks = []*image.Gray{{Rect: image.Rect(0, 0, 9, 9)}}
					return l.Write(t.TempDir() + "/x")
				},
			},
			"MaskExamples": {
				func() error { _, err := MaskExamples(nil, 64, 64); return err },
				func() error { _, err := MaskExamples([]*image.Gray{nil}, 64, 64); return err },
				func() error {
					_, err := MaskExamples([]*image.Gray{image.NewGray(image.Rect(0, 0, 9, 9))}, -1, math.MaxInt)
					return err
				},
			},
			"ModelHash": {
				func() error { _, err := ModelHash(t.Context(), nil); return err },
				func() error { _, err := ModelHash(noContext, pipeline); return err },
			},
			"NewO2MAG": {
				func() error { _, err := NewO2MAG(t.Context(), pipeline, 128, 128, spot(), O2MAGOptions{}); return err },
				func() error {
					_, err := NewO2MAG(t.Context(), pipeline, 128, 128, O2MAGReference{}, shortO2MAG(2))
					return err
				},
				func() error { _, err := NewO2MAG(t.Context(), nil, 128, 128, spot(), shortO2MAG(2)); return err },
				func() error {
					_, err := NewO2MAG(t.Context(), pipeline, -128, math.MaxInt, spot(), shortO2MAG(2))
					return err
				},
				func() error { _, err := NewO2MAG(noContext, pipeline, 128, 128, spot(), shortO2MAG(2)); return err },
			},
			"O2MAG.Generate": refuse(newO2MAG(t, pipeline, shortO2MAG(2)), (*O2MAG)(nil), new(O2MAG)),
			"LearnO2MAG": {
				func() error {
					_, err := LearnO2MAG(t.Context(), pipeline, spot().Picture, nil, O2MAGLearning{}, nil)
					return err
				},
				func() error { _, err := LearnO2MAG(t.Context(), pipeline, nil, nil, shortLearning(1), nil); return err },
				func() error {
					_, err := LearnO2MAG(t.Context(), nil, spot().Picture, nil, shortLearning(1), nil)
					return err
				},
				func() error {
					_, err := LearnO2MAG(noContext, pipeline, spot().Picture, nil, shortLearning(1), nil)
					return err
				},
			},
			"O2MAGWords.Write": {
				func() error { return (*O2MAGWords)(nil).Write("x") },
				func() error { return new(O2MAGWords).Write("x") },
			},
			"ReadO2MAGWords": {func() error { _, err := ReadO2MAGWords(""); return err }},
			"Perlin": {
				func() error { _, err := Perlin(nil, image.Pt(9, 9), image.Pt(1, 1), Cropped); return err },
				func() error {
					_, err := Perlin(anomaly.NewDraws(0), image.Pt(math.MaxInt, math.MaxInt), image.Pt(1, 1), Cropped)
					return err
				},
				func() error {
					_, err := Perlin(anomaly.NewDraws(0), image.Pt(9, 9), image.Pt(1, math.MinInt), Cropped)
					return err
				},
				func() error {
					_, err := Perlin(anomaly.NewDraws(0), image.Pt(9, 9), image.Pt(math.MaxInt, 1), Stretched)
					return err
				},
				func() error { _, err := Perlin(anomaly.NewDraws(0), image.Pt(9, 9), image.Pt(1, 1), ""); return err },
			},
			"ReadTextures": {
				func() error { _, err := ReadTextures(t.Context(), nil); return err },
				func() error { _, err := ReadTextures(noContext, fstest.MapFS{}); return err },
				func() error { _, err := ReadTextures(t.Context(), fstest.MapFS{}); return err },
			},
			"DRAEMAs": {func() error { _, err := DRAEMAs(""); return err }},
			"NewDRAEM": {
				func() error { _, err := NewDRAEM(nil, DRAEMOptions{}); return err },
				func() error { _, err := NewDRAEM(new(Textures), DefaultDRAEM()); return err },
			},
			"DRAEM.Generate":    refuse(draemOf(t, nil, nil), (*DRAEM)(nil), new(DRAEM)),
			"CutPaste.Generate": refuse(cutPaste, (*CutPaste)(nil), new(CutPaste)),
		},
		Harmless: map[string][]func(){
			"DefaultNSA":               {func() { _ = DefaultNSA() }},
			"NSAFor":                   {func() { NSAFor("") }},
			"NSAParts":                 {func() { NSAParts() }},
			"NSA.Options":              {func() { (*NSA)(nil).Options(); new(NSA).Options() }},
			"DefaultSDAS":              {func() { _ = DefaultSDAS() }},
			"SDAS.Options":             {func() { (*SDAS)(nil).Options(); new(SDAS).Options() }},
			"DefaultAnomalyDiffusion":  {func() { _ = DefaultAnomalyDiffusion() }},
			"ReleasedAnomalyDiffusion": {func() { _ = ReleasedAnomalyDiffusion() }},
			"AnomalyDiffusion.Options": {func() { (*AnomalyDiffusion)(nil).Options(); new(AnomalyDiffusion).Options() }},
			"DefaultExampleMasks":      {func() { _ = DefaultExampleMasks() }},
			"DefaultWordMasks":         {func() { _ = DefaultWordMasks() }},
			"DefaultLearn":             {func() { _ = DefaultLearn() }},
			"Learned.Embedding":        {func() { (*Learned)(nil).Embedding(); new(Learned).Embedding() }},
			"Learned.Parameters":       {func() { (*Learned)(nil).Parameters(); new(Learned).Parameters() }},
			"Learned.Vectors": {
				func() { (*Learned)(nil).Vectors(nil, 0, 0); new(Learned).Vectors(nil, 0, 0) },
				func() { learned.Vectors([]float32{1}, 5, -5); learned.Vectors([]float32{1}, -1, -1) },
			},
			"Learned.Backward": {
				func() { (*Learned)(nil).Backward(nil, 0, 0, nil, nil); new(Learned).Backward(nil, 0, 0, nil, nil) },
				func() { learned.Backward(nil, 0, 0, nil, nil) },
				func() { learned.Backward(nil, -1, 0, make([]float32, 3*128), [][]float32{nil, nil, nil}) },
			},
			"DefaultCutPaste":      {func() { _ = DefaultCutPaste() }},
			"ForegroundOf":         {func() { ForegroundOf("") }},
			"DefaultMasks":         {func() { _ = DefaultMasks() }},
			"DefaultDRAEM":         {func() { _ = DefaultDRAEM() }},
			"DRAEM.Options":        {func() { (*DRAEM)(nil).Options(); new(DRAEM).Options() }},
			"Textures.Names":       {func() { (*Textures)(nil).Names(); new(Textures).Names() }},
			"DefaultPerlin":        {func() { _ = DefaultPerlin() }},
			"CutPaste.Options":     {func() { (*CutPaste)(nil).Options(); new(CutPaste).Options() }},
			"DefaultO2MAG":         {func() { _ = DefaultO2MAG() }},
			"O2MAG.Options":        {func() { (*O2MAG)(nil).Options(); new(O2MAG).Options() }},
			"DefaultO2MAGLearning": {func() { _ = DefaultO2MAGLearning() }},
			"Digest": {
				func() { Digest(nil) },
				func() { Digest((*image.RGBA)(nil)) },
				func() { Digest((*image.Gray)(nil)) },
				func() { Digest(&image.RGBA{Rect: image.Rect(0, 0, 9, 9)}) },
				func() { Digest(&image.Gray{Rect: image.Rect(0, 0, 9, 9)}) },
			},
		},
	}.Check(t)
}
