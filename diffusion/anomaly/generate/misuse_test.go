package generate

import (
	"context"
	"image"
	"math"
	"testing"
	"testing/fstest"

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
			"DefaultNSA":       {func() { _ = DefaultNSA() }},
			"NSAFor":           {func() { NSAFor("") }},
			"NSAParts":         {func() { NSAParts() }},
			"NSA.Options":      {func() { (*NSA)(nil).Options(); new(NSA).Options() }},
			"DefaultSDAS":      {func() { _ = DefaultSDAS() }},
			"SDAS.Options":     {func() { (*SDAS)(nil).Options(); new(SDAS).Options() }},
			"DefaultCutPaste":  {func() { _ = DefaultCutPaste() }},
			"ForegroundOf":     {func() { ForegroundOf("") }},
			"DefaultMasks":     {func() { _ = DefaultMasks() }},
			"DefaultDRAEM":     {func() { _ = DefaultDRAEM() }},
			"DRAEM.Options":    {func() { (*DRAEM)(nil).Options(); new(DRAEM).Options() }},
			"Textures.Names":   {func() { (*Textures)(nil).Names(); new(Textures).Names() }},
			"DefaultPerlin":    {func() { _ = DefaultPerlin() }},
			"CutPaste.Options": {func() { (*CutPaste)(nil).Options(); new(CutPaste).Options() }},
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
