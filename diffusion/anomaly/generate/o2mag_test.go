package generate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/demo"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// psnr is how alike two pictures are, in decibels.
func psnr(a, b *image.RGBA) float64 {
	sum := 0.0
	for i := range a.Pix {
		d := float64(a.Pix[i]) - float64(b.Pix[i])
		sum += d * d
	}
	return 10 * math.Log10(255*255*float64(len(a.Pix))*3/4/sum)
}

func decoded(t *testing.T, p *diffusion.Pipeline, z diffusion.Latent) *image.RGBA {
	t.Helper()
	d, err := p.Decode(t.Context(), z)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := images.FromModel(d)
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// stained is demo.Picture with a dark spot, which the mask has.
func stained(at image.Point, radius int) O2MAGReference {
	r := O2MAGReference{Picture: demo.Picture()}
	r.Mask = image.NewGray(r.Picture.Rect)
	for y := -radius; y <= radius; y++ {
		for x := -radius; x <= radius; x++ {
			if x*x+y*y <= radius*radius {
				r.Picture.Set(at.X+x, at.Y+y, color.RGBA{20, 15, 10, 255})
				r.Mask.SetGray(at.X+x, at.Y+y, color.Gray{255})
			}
		}
	}
	return r
}

// spot is the reference of the tests.
func spot() O2MAGReference { return stained(image.Pt(60, 50), 14) }

func shortO2MAG(steps int) O2MAGOptions {
	o := DefaultO2MAG()
	o.Prompt, o.Defect, o.Normal = "a photo of a hazelnut with a hole", "hole", "a photo of a hazelnut"
	o.Steps, o.Guidance = steps, 1
	return o
}

func newO2MAG(t *testing.T, p *diffusion.Pipeline, o O2MAGOptions) *O2MAG {
	t.Helper()
	g, err := NewO2MAG(t.Context(), p, 128, 128, spot(), o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestInversion takes a picture to noise and back, which loses less than the autoencoder does.
func TestInversion(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the model for seconds")
	}
	p := demoPipeline(t)
	const steps = 20
	g := newO2MAG(t, p, shortO2MAG(steps))
	latents, err := g.invert(t.Context(), demo.Picture())
	if err != nil {
		t.Fatal(err)
	}
	s := diffusion.Sampler{Model: g.plain, Scheduler: g.schedule, Guidance: diffusion.Guidance{Prompt: g.empty}}
	z, err := s.Run(t.Context(), latents[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	back, coded := decoded(t, p, z), decoded(t, p, latents[steps])
	lost, ofCoding := psnr(back, coded), psnr(coded, demo.Picture())
	t.Logf("%d steps back and forth: %.1f dB of what the autoencoder makes of the picture, which itself is %.1f dB of the picture, and both %.1f dB", steps, lost, ofCoding, psnr(back, demo.Picture()))
	if len(latents) != steps+1 || !(lost > 34) || !(lost > ofCoding) {
		t.Errorf("%d latents; %.1f dB, want above 34 and above the autoencoder's %.1f", len(latents), lost, ofCoding)
	}
}

// TestEmptyTarget: with nothing inside the target's mask, the target is the normal picture's own latent, bit for bit.
func TestEmptyTarget(t *testing.T) {
	p := demoPipeline(t)
	g := newO2MAG(t, p, shortO2MAG(6))
	normal, err := g.invert(t.Context(), demo.Picture())
	if err != nil {
		t.Fatal(err)
	}
	z, err := g.run(t.Context(), normal, make([]float32, 128*128))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(z.Floats(), normal[6].Floats()) {
		t.Error("the result is not the normal picture's latent")
	}
}

// meanLevel is the mean level of a picture inside a mask.
func meanLevel(picture *image.RGBA, mask *image.Gray) float64 {
	sum, n := 0, 0
	for i, m := range mask.Pix {
		if m != 0 {
			sum += int(picture.Pix[4*i]) + int(picture.Pix[4*i+1]) + int(picture.Pix[4*i+2])
			n += 3
		}
	}
	return float64(sum) / float64(n)
}

// TestO2MAG has the reference's dark spot come to another place, and nothing else change.
func TestO2MAG(t *testing.T) {
	p := demoPipeline(t)
	in := anomaly.Input{Normal: demo.Picture(), Place: placeOf(128, 128, image.Rect(60, 60, 92, 92))}
	o := shortO2MAG(8)
	o.Masks.Kind = PlaceMask
	g := newO2MAG(t, p, o)
	noted := anomaly.NewRecorder(anomaly.NewDraws(1))
	got, err := g.Generate(t.Context(), in, noted)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range got.Mask.Pix {
		if m == 0 && !bytes.Equal(got.Picture.Pix[4*i:][:4], in.Normal.Pix[4*i:][:4]) {
			t.Fatalf("pixel %d is outside the mask, and has changed", i)
		}
	}
	if !bytes.Equal(got.Mask.Pix, in.Place.Pix) || len(noted.Log()) != 0 || got.Stray != 0 || got.Defect != "o2mag" {
		t.Errorf("the mask is not the place; or there are draws, %v; or stray %g, defect %q", noted.Log(), got.Stray, got.Defect)
	}
	how := got.Provenance.(Provenance)
	if len(how.Model) == 0 || how.Pictures["reference"] != Digest(spot().Picture) || how.Pictures["reference mask"] != Digest(spot().Mask) || !cmp.Equal(how.Options, any(o)) {
		t.Errorf("provenance %+v", how)
	}
	if _, err := json.Marshal(how); err != nil {
		t.Error(err)
	}
	if again, err := g.Generate(t.Context(), in, anomaly.NewDraws(2)); err != nil || !cmp.Equal(got.Picture, again.Picture) {
		t.Errorf("the same again is another picture (%v)", err)
	}

	o.Start, o.Sites = 0, 0
	without, err := newO2MAG(t, p, o).Generate(t.Context(), in, anomaly.NewDraws(1))
	if err != nil {
		t.Fatal(err)
	}
	before, grafted, alone := meanLevel(in.Normal, in.Place), meanLevel(got.Picture, in.Place), meanLevel(without.Picture, in.Place)
	t.Logf("the place has a mean level of %.0f, %.0f by the words alone, and %.0f with the attention of a spot of %.0f", before, alone, grafted, meanLevel(spot().Picture, spot().Mask))
	if !(grafted < alone-10) {
		t.Errorf("a dark spot's attention makes the place of %.0f levels one of %.0f, and without it is %.0f", before, grafted, alone)
	}
}

// TestO2MAGMask has the reference's mask turned and moved over the part, and the defect be there.
func TestO2MAGMask(t *testing.T) {
	g := newO2MAG(t, demoPipeline(t), shortO2MAG(2))
	r, err := g.Generate(t.Context(), anomaly.Input{Normal: demo.Picture()}, anomaly.NewDraws(3))
	if err != nil {
		t.Fatal(err)
	}
	part, _ := Found.mask(demo.Picture())
	for i, v := range r.Mask.Pix {
		if v != 0 && part.Pix[i] == 0 {
			t.Fatalf("pixel %d of the mask is not on the part", i)
		}
	}
	if got, want := marked(r.Mask), marked(spot().Mask); got < want/2 || got > 2*want || bytes.Equal(r.Mask.Pix, spot().Mask.Pix) {
		t.Errorf("the mask has %d pixels, the reference's %d, or is the same", got, want)
	}
}

// TestO2MAGPhases has the steps of the paper, for any number of steps, and only programs that are run.
func TestO2MAGPhases(t *testing.T) {
	o := DefaultO2MAG()
	o.Defect = "crack"
	var got [phases]int
	for i := range o.Steps {
		got[o.phase(i)]++
	}
	if want := [phases]int{5, 25, 20}; got != want || o.phase(4) != phaseStart || o.phase(20) != phaseWords || o.phase(39) != phaseWords || o.phase(40) != phaseGraft {
		t.Errorf("steps of the phases: %v, want %v", got, want)
	}
	o.Steps, o.Defect = 10, ""
	if o.phase(0) != phaseStart || o.phase(1) != phaseGraft || o.phase(5) != phaseGraft {
		t.Error("without words to make stronger, steps do so")
	}
}

func TestO2MAGRefuses(t *testing.T) {
	p := demoPipeline(t)
	nan := math.NaN()
	for says, change := range map[string]func(o *O2MAGOptions){
		"prompt is empty":     func(o *O2MAGOptions) { o.Prompt = "" },
		"guidance is 0.5":     func(o *O2MAGOptions) { o.Guidance = 0.5 },
		"steps is 1,":         func(o *O2MAGOptions) { o.Steps = 1 },
		"sites is -1":         func(o *O2MAGOptions) { o.Sites = -1 },
		"temperature is 0,":   func(o *O2MAGOptions) { o.Temperature = 0 },
		"start is NaN":        func(o *O2MAGOptions) { o.Start = nan },
		"louder is 0.5 to 0.": func(o *O2MAGOptions) { o.Louder = [2]float64{0.5, 0.2} },
		"factor is 0.5":       func(o *O2MAGOptions) { o.Factor = 0.5 },
		"masks are":           func(o *O2MAGOptions) { o.Masks.Kind = "" },
		"examples' turn":      func(o *O2MAGOptions) { o.Examples.Turn = 181 },
		"foreground is":       func(o *O2MAGOptions) { o.Foreground = "" },
		"attempts is 0":       func(o *O2MAGOptions) { o.Attempts = 0 },
		"the defect, whose":   func(o *O2MAGOptions) { o.Defect = "dent" },
	} {
		o := shortO2MAG(4)
		change(&o)
		if _, err := NewO2MAG(t.Context(), p, 128, 128, spot(), o); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one with %q", err, says)
		}
	}
	other := &O2MAGWords{Prompt: "a photo of a dent", Hidden: tensor.FromFloat32s(make([]float32, 32*128), 1, 32, 128)}
	narrow := &O2MAGWords{Prompt: other.Prompt, Hidden: tensor.FromFloat32s(make([]float32, 6), 1, 2, 3)}
	for says, change := range map[string]func(r *O2MAGReference){
		"reference, a defective":  func(r *O2MAGReference) { r.Picture = nil },
		"has no mask":             func(r *O2MAGReference) { r.Mask = nil },
		"empty: white":            func(r *O2MAGReference) { r.Mask = image.NewGray(r.Mask.Rect) },
		"a mask of 64×128 pixels": func(r *O2MAGReference) { r.Mask = image.NewGray(image.Rect(0, 0, 64, 128)) },
		"64×64 pixels, this O2MAG is made for 128×128": func(r *O2MAGReference) {
			*r = O2MAGReference{Picture: image.NewRGBA(image.Rect(0, 0, 64, 64)), Mask: placeOf(64, 64, image.Rect(1, 1, 9, 9))}
		},
		"were fitted with another model":            func(r *O2MAGReference) { r.Words = narrow },
		"fitted to \"a photo of a dent\", want the": func(r *O2MAGReference) { r.Words = other },
		"no tensor [1, tokens, width]":              func(r *O2MAGReference) { r.Words = &O2MAGWords{Prompt: "x"} },
	} {
		r := spot()
		change(&r)
		if _, err := NewO2MAG(t.Context(), p, 128, 128, r, shortO2MAG(4)); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one with %q", err, says)
		}
	}
	if _, err := NewO2MAG(t.Context(), p, 128, 100, spot(), shortO2MAG(4)); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), "multiples of") {
		t.Errorf("a width of 100: %v", err)
	}

	g := newO2MAG(t, p, shortO2MAG(2))
	in := anomaly.Input{Normal: demo.Picture()}
	small := anomaly.Input{Normal: image.NewRGBA(image.Rect(0, 0, 128, 64))}
	if _, err := g.Generate(t.Context(), small, anomaly.NewDraws(1)); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), "128×64 pixels, this O2MAG was made for 128×128") {
		t.Errorf("a picture of another size: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.Generate(ctx, in, anomaly.NewDraws(4)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := g.schedule.invert(ctx, g.plain, g.reference[2], diffusion.Guidance{Prompt: g.empty}); !errors.Is(err, context.Canceled) {
		t.Errorf("inversion, cancelled: %v", err)
	}
	p.Close()
	if _, err := g.Generate(t.Context(), in, anomaly.NewDraws(4)); !errors.Is(err, diffusion.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}
