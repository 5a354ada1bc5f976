package anomalyany

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/draw"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// normalPart is a drawn picture of side×side pixels, and its right half as the place
// where it may change.
func normalPart() anomaly.Input {
	in := anomaly.Input{Normal: image.NewRGBA(image.Rect(0, 0, side, side)), Place: image.NewGray(image.Rect(0, 0, side, side))}
	for i := range in.Normal.Pix {
		if in.Normal.Pix[i] = uint8(i * i / 977); i%4 == 3 {
			in.Normal.Pix[i] = 255
		}
	}
	draw.Draw(in.Place, image.Rect(side/2, 0, side, side), image.White, image.Point{}, draw.Src)
	return in
}

// TestGenerate wants the run of the seed that is drawn, annotated, and the normal picture around its defect; the same again for the same draws; and a provenance that repeats it.
func TestGenerate(t *testing.T) {
	p := openModel(t, modelA)
	g, err := New(t.Context(), p, side, side, short())
	if err != nil {
		t.Fatal(err)
	}
	in := normalPart()
	noted := anomaly.NewRecorder(anomaly.NewDraws(3))
	got, err := g.Generate(t.Context(), in, noted)
	if err != nil {
		t.Fatal(err)
	}
	made, ok := got.Provenance.(Provenance)
	if !ok || !cmp.Equal(made.Options, g.Options()) || made.Keeping != DefaultKeeping() || made.Generator != "AnomalyAny" || len(made.Model) == 0 || len(made.Texts) == 0 {
		t.Errorf("provenance %+v", got.Provenance)
	}
	if _, err := json.Marshal(made); err != nil {
		t.Error(err)
	}

	mask := make([]float32, side*side)
	for i := range mask {
		if i%side >= side/2 {
			mask[i] = 1
		}
	}
	photograph := encoded(t, g, images.ForModel(in.Normal), mask)
	run, err := g.Run(t.Context(), photograph, made.Seed, nil)
	if err != nil {
		t.Fatal(err)
	}
	annotation, err := g.Annotate(t.Context(), photograph, run)
	if err != nil {
		t.Fatal(err)
	}
	distance, err := images.Distances(annotation.Mask, side, side)
	if err != nil {
		t.Fatal(err)
	}
	changed, stray, white := 0, 0, 0
	for i, m := range annotation.Mask {
		if want := uint8(255 * m); got.Mask.Pix[i] != want {
			t.Fatalf("pixel %d of the mask is %d, want %d, the annotation's", i, got.Mask.Pix[i], want)
		}
		white += int(m)
		if i%side < side/2 && m != 0 {
			t.Fatalf("pixel %d is outside the place, and defective", i)
		}
		if same := bytes.Equal(got.Picture.Pix[4*i:][:4], in.Normal.Pix[4*i:][:4]); !same && distance[i] > 8 {
			t.Fatalf("pixel %d is %g pixels from the defect, and has changed", i, distance[i])
		}
		sum := 0
		for c := range 3 {
			d := int(got.Picture.Pix[4*i+c]) - int(in.Normal.Pix[4*i+c])
			sum += max(d, -d)
		}
		if sum <= 3 {
			continue
		}
		if changed++; m == 0 {
			stray++
		}
	}
	if changed == 0 || white == 0 || got.Stray != float64(stray)/float64(changed) {
		t.Errorf("%d pixels changed, %d of them outside the mask of %d; Stray is %g", changed, stray, white, got.Stray)
	}
	if got.Defect != "crack" || !cmp.Equal(got.Soft.Values, annotation.Soft) || got.Soft.Validate() != nil {
		t.Errorf("defect %q, another soft map than the annotation's", got.Defect)
	}

	player := anomaly.NewPlayer(noted.Log())
	again, err := g.Generate(t.Context(), in, player)
	if err != nil || player.Err() != nil {
		t.Fatal(err, player.Err())
	}
	if !cmp.Equal(got.Picture, again.Picture) || !cmp.Equal(got.Provenance, again.Provenance) {
		t.Error("the same draws give another picture")
	}
}

func TestGenerateRefuses(t *testing.T) {
	p := openModel(t, modelA)
	g, err := New(t.Context(), p, side, side, short())
	if err != nil {
		t.Fatal(err)
	}
	in := normalPart()
	small := in
	small.Normal, small.Place = image.NewRGBA(image.Rect(0, 0, side, side/2)), nil
	for says, call := range map[string]func() error{
		"there is no picture": func() error { _, err := g.Generate(t.Context(), anomaly.Input{}, anomaly.NewDraws(1)); return err },
		"128×64 pixels, this Generator was made for 128×128": func() error { _, err := g.Generate(t.Context(), small, anomaly.NewDraws(1)); return err },
		"there are no draws": func() error { _, err := g.Generate(t.Context(), in, nil); return err },
	} {
		if err := call(); !errors.Is(err, diffusion.ErrArgument) || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one with %q", err, says)
		}
	}
}
