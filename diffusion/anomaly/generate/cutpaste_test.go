package generate

import (
	"encoding/json"
	"errors"
	"image"
	"math"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// noisy is a picture whose pixels all differ, more or less.
func noisy(w, h int) *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, w, h))
	d := anomaly.NewDraws(uint64(w*10000 + h))
	for i := range p.Pix {
		p.Pix[i] = uint8(d.Whole(0, 256))
		if i%4 == 3 {
			p.Pix[i] = 255
		}
	}
	return p
}

// placeOf is white in a box.
func placeOf(w, h int, box image.Rectangle) *image.Gray {
	p := image.NewGray(image.Rect(0, 0, w, h))
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			p.Pix[y*w+x] = 255
		}
	}
	return p
}

// cutPasteOf is DefaultCutPaste of a kind, everywhere.
func cutPasteOf(t *testing.T, kind CutPasteKind, change func(o *CutPasteOptions)) *CutPaste {
	t.Helper()
	o := DefaultCutPaste()
	o.Kind, o.Foreground = kind, Everywhere
	if change != nil {
		change(&o)
	}
	g, err := NewCutPaste(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestCutPasteOutside has no pixel outside the mask change, in all kinds and both presets, and the mask stay in the place.
func TestCutPasteOutside(t *testing.T) {
	picture := noisy(61, 47)
	place := placeOf(61, 47, image.Rect(20, 5, 50, 40))
	for _, kind := range []CutPasteKind{CutPasteNormal, CutPasteScar, CutPasteUnion, CutPasteOfNSA} {
		for _, preset := range []Preset{Mended, Released} {
			g := cutPasteOf(t, kind, func(o *CutPasteOptions) { o.Preset = preset })
			for seed := range uint64(40) {
				in := anomaly.Input{Normal: picture}
				if seed%2 == 1 {
					in.Place = place
				}
				r, err := g.Generate(t.Context(), in, anomaly.NewDraws(seed))
				if err != nil {
					t.Fatalf("%s %s, seed %d: %v", kind, preset, seed, err)
				}
				if r.Stray != 0 {
					t.Errorf("%s %s, seed %d: stray %v", kind, preset, seed, r.Stray)
				}
				for i, v := range r.Mask.Pix {
					if v == 0 && !slices.Equal(r.Picture.Pix[4*i:4*i+4], picture.Pix[4*i:4*i+4]) {
						t.Fatalf("%s %s, seed %d: pixel %d changed outside the mask", kind, preset, seed, i)
					}
					if v != 0 && in.Place != nil && place.Pix[i] == 0 {
						t.Fatalf("%s %s, seed %d: the mask leaves the place", kind, preset, seed)
					}
				}
			}
		}
	}
}

// TestCutPasteAreas compares shares of the picture, and NSA's, with what they are drawn from (Kolmogorov and Smirnov),
// and the logarithm of aspects with an even one.
func TestCutPasteAreas(t *testing.T) {
	const n = 1000
	for _, kind := range []CutPasteKind{CutPasteNormal, CutPasteOfNSA} {
		o := cutPasteOf(t, kind, func(o *CutPasteOptions) { o.Jitter = Jitter{} }).options
		var areas, aspects []float64
		draws := anomaly.NewRecorder(anomaly.NewDraws(3))
		c := &call{size: image.Pt(512, 512), draws: draws}
		for range n {
			size := o.share(c)
			if kind == CutPasteOfNSA {
				size = o.ofNSA(c)
			}
			areas = append(areas, float64(size.X*size.Y)/(512*512))
			aspects = append(aspects, math.Log(float64(size.X)/float64(size.Y)))
		}
		if d := evenness(areas, 0.02, 0.15); d > 1.95/math.Sqrt(n) {
			t.Errorf("%s: the distribution of areas is %.3f from an even one", kind, d)
		}
		d := evenness(aspects, math.Log(0.3), -math.Log(0.3))
		if kind == CutPasteNormal && d > 1.95/math.Sqrt(n) {
			t.Errorf("%s: the distribution of aspects' logarithms is %.3f from an even one", kind, d)
		}
		if kind == CutPasteOfNSA && d < 0.05 {
			t.Errorf("%s: aspects' logarithms are even, want aspects even below 1 and above", kind)
		}
	}
}

// evenness is the largest distance of a distribution from the even one between lo and hi.
func evenness(drawn []float64, lo, hi float64) (most float64) {
	slices.Sort(drawn)
	for i, x := range drawn {
		p := (x - lo) / (hi - lo)
		n := float64(len(drawn))
		most = max(most, math.Abs(p-float64(i)/n), math.Abs(float64(i+1)/n-p))
	}
	return most
}

// TestCutPasteInPlace has a patch that fits lie in the place whole, and others across it.
func TestCutPasteInPlace(t *testing.T) {
	place := placeOf(64, 64, image.Rect(30, 10, 50, 30))
	small := func(o *CutPasteOptions) { o.Area, o.Aspect = [2]float64{0.02, 0.02}, [2]float64{1, 1} }
	large := func(o *CutPasteOptions) { o.Area, o.Aspect = [2]float64{0.5, 0.5}, [2]float64{1, 1} }
	for name, c := range map[string]struct {
		change func(o *CutPasteOptions)
		pixels int
	}{"one that fits": {small, 9 * 9}, "one that does not": {large, 0}} {
		g := cutPasteOf(t, CutPasteNormal, c.change)
		for seed := range uint64(20) {
			r, err := g.Generate(t.Context(), anomaly.Input{Normal: noisy(64, 64), Place: place}, anomaly.NewDraws(seed))
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, v := range r.Mask.Pix {
				n += int(v) / 255
			}
			if n == 0 || c.pixels > 0 && n != c.pixels {
				t.Errorf("%s, seed %d: %d pixels in the place, want %d", name, seed, n, c.pixels)
			}
		}
	}
}

// TestCutPasteReleased has the swapped height and width of the unofficial code: in a wide picture nothing of a patch is
// placed by its height, so some are cut off below; and in a high one the lower part never has one.
func TestCutPasteReleased(t *testing.T) {
	lowest := func(preset Preset, w, h int) (y int, cutOff bool) {
		g := cutPasteOf(t, CutPasteNormal, func(o *CutPasteOptions) {
			o.Preset, o.Area, o.Aspect = preset, [2]float64{0.02, 0.02}, [2]float64{1, 1}
		})
		side := int(math.Round(math.Sqrt(0.02 * float64(w*h))))
		for seed := range uint64(60) {
			r, err := g.Generate(t.Context(), anomaly.Input{Normal: noisy(w, h)}, anomaly.NewDraws(seed))
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for i, v := range r.Mask.Pix {
				if v != 0 {
					n++
					y = max(y, i/w)
				}
			}
			cutOff = cutOff || n < side*side
		}
		return y, cutOff
	}
	if y, _ := lowest(Released, 40, 120); y >= 40 {
		t.Errorf("released, 40×120: a patch reaches row %d, want none below the width", y)
	}
	if y, cutOff := lowest(Mended, 40, 120); y < 100 || cutOff {
		t.Errorf("mended, 40×120: patches reach row %d, cut off %v", y, cutOff)
	}
	if _, cutOff := lowest(Released, 120, 40); !cutOff {
		t.Error("released, 120×40: no patch is cut off at the edge")
	}
	if _, cutOff := lowest(Mended, 120, 40); cutOff {
		t.Error("mended, 120×40: a patch is cut off at the edge")
	}
}

// TestCutPasteGolden compares the jitter with torchvision's and the rotation with Pillow's.
func TestCutPasteGolden(t *testing.T) {
	var golden struct {
		Colours []int
		Jitters []struct {
			Order []int
			By    [4]float64
			Out   []int
		}
		Turns []struct {
			Size, Turned [2]int
			Degrees      float64
			In, Out      []int
		}
	}
	text, err := os.ReadFile("testdata/cutpaste.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	for i, c := range golden.Jitters {
		rgb := bytesOf(golden.Colours)
		log := []anomaly.Draw{{Kind: "choice", A: 4, B: 4, Chosen: c.Order}}
		for k, v := range c.By {
			lo, hi := 0.0, 2.0
			if k == 3 {
				lo, hi = -0.5, 0.5
			}
			log = append(log, anomaly.Draw{Kind: "uniform", A: lo, B: hi, Value: v})
		}
		player := anomaly.NewPlayer(log)
		Jitter{1, 1, 1, 0.5}.apply(player, rgb)
		if err := player.Err(); err != nil {
			t.Fatal(err)
		}
		if want := bytesOf(c.Out); !slices.Equal(rgb, want) {
			t.Errorf("jitter %d: %v\nwant %v", i, rgb, want)
		}
	}
	for _, c := range golden.Turns {
		p := patch{size: image.Pt(c.Size[0], c.Size[1]), rgb: bytesOf(c.In)}.turned(c.Degrees)
		if p.size != image.Pt(c.Turned[0], c.Turned[1]) {
			t.Errorf("turned by %v: %v, want %v", c.Degrees, p.size, c.Turned)
			continue
		}
		for i, has := range p.has {
			want := bytesOf(c.Out[4*i : 4*i+4])
			if has != (want[3] == 255) || has && !slices.Equal(p.rgb[3*i:3*i+3], want[:3]) {
				t.Errorf("turned by %v: pixel %d is %v %v, want %v", c.Degrees, i, has, p.rgb[3*i:3*i+3], want)
			}
		}
	}
}

func bytesOf(numbers []int) []uint8 {
	out := make([]uint8, len(numbers))
	for i, v := range numbers {
		out[i] = uint8(v)
	}
	return out
}

// TestCutPasteReplayed makes a picture again of its own draws and options, read from JSON.
func TestCutPasteReplayed(t *testing.T) {
	in := anomaly.Input{Normal: noisy(50, 70), Place: placeOf(50, 70, image.Rect(5, 5, 45, 60))}
	for seed := range uint64(10) {
		r, err := cutPasteOf(t, CutPasteUnion, nil).Generate(t.Context(), in, anomaly.NewDraws(seed))
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(r.Provenance)
		if err != nil {
			t.Fatal(err)
		}
		var how struct {
			Options CutPasteOptions
			Draws   []anomaly.Draw
		}
		if err := json.Unmarshal(text, &how); err != nil {
			t.Fatal(err)
		}
		g, err := NewCutPaste(how.Options)
		if err != nil {
			t.Fatal(err)
		}
		player := anomaly.NewPlayer(how.Draws)
		again, err := g.Generate(t.Context(), in, player)
		if err != nil || player.Err() != nil {
			t.Fatal(err, player.Err())
		}
		if !reflect.DeepEqual(r.Picture, again.Picture) || !reflect.DeepEqual(r.Mask, again.Mask) {
			t.Errorf("seed %d: another picture of the same draws", seed)
		}
	}
}

// TestCutPasteChangesNothing gives it a picture of one colour, and no jitter.
func TestCutPasteChangesNothing(t *testing.T) {
	in := anomaly.Input{Normal: image.NewRGBA(image.Rect(0, 0, 32, 32))}
	plain := func(o *CutPasteOptions) { o.Jitter = Jitter{} }
	if _, err := cutPasteOf(t, CutPasteNormal, plain).Generate(t.Context(), in, anomaly.NewDraws(0)); !errors.Is(err, anomaly.ErrNothingChanged) {
		t.Errorf("mended: %v, want ErrNothingChanged", err)
	}
	released := func(o *CutPasteOptions) { o.Jitter, o.Preset = Jitter{}, Released }
	r, err := cutPasteOf(t, CutPasteNormal, released).Generate(t.Context(), in, anomaly.NewDraws(0))
	if err != nil || !r.Provenance.(Provenance).Unchanged {
		t.Errorf("released: %v, unchanged %v", err, r.Provenance.(Provenance).Unchanged)
	}
}
