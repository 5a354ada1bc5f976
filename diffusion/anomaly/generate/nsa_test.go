package generate

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// grain is a picture of noise that no two places have alike.
func grain(seed uint64, w, h int) *image.RGBA {
	r := rand.New(rand.NewPCG(seed, 1))
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = uint8(80 + r.IntN(100))
		if i%4 == 3 {
			m.Pix[i] = 255
		}
	}
	return m
}

func nsaOf(t *testing.T, change func(o *NSAOptions)) *NSA {
	t.Helper()
	o := DefaultNSA()
	o.Foreground = Everywhere
	if change != nil {
		change(&o)
	}
	n, err := NewNSA(o)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestNSAAgain makes a picture twice, and again of its provenance.
func TestNSAAgain(t *testing.T) {
	for name, others := range map[string][]*image.RGBA{"none": nil, "one": {grain(2, 60, 40)}, "two": {grain(2, 60, 40), grain(3, 60, 40)}} {
		n := nsaOf(t, func(o *NSAOptions) { o.Mode = NSAMix })
		in := anomaly.Input{Normal: grain(1, 60, 40), Others: others}
		for seed := range uint64(8) {
			first, err := n.Generate(t.Context(), in, anomaly.NewDraws(seed))
			if err != nil {
				t.Fatal(err)
			}
			second, err := n.Generate(t.Context(), in, anomaly.NewDraws(seed))
			if err != nil || !cmp.Equal(first, second) {
				t.Errorf("%s, seed %d: another picture, %v", name, seed, err)
			}
			player := anomaly.NewPlayer(first.Provenance.(Provenance).Draws)
			third, err := n.Generate(t.Context(), in, player)
			if err = errors.Join(err, player.Err()); err != nil || !cmp.Equal(first, third) {
				t.Errorf("%s, seed %d: another picture of its draws, %v", name, seed, err)
			}
			if first.Defect != "nsa" || first.Mask.Rect != in.Normal.Rect {
				t.Errorf("%s: defect %q, mask of %v", name, first.Defect, first.Mask.Rect)
			}
		}
	}
}

// TestNSAPlace has nothing change outside the place, whatever its form.
func TestNSAPlace(t *testing.T) {
	for name, in := range map[string]func(x, y int) bool{
		"box":    func(x, y int) bool { return x >= 10 && x < 50 && y >= 20 && y < 44 },
		"line":   func(x, y int) bool { return x >= y && x < y+4 },
		"border": func(x, y int) bool { return x < 12 },
		"corner": func(x, y int) bool { return x > 70 && y > 50 },
		"dot":    func(x, y int) bool { return (x-40)*(x-40)+(y-30)*(y-30) < 60 },
	} {
		place := image.NewGray(image.Rect(0, 0, 80, 60))
		for i := range place.Pix {
			if in(i%80, i/80) {
				place.Pix[i] = 255
			}
		}
		for mode, o := range map[string]func(o *NSAOptions){
			"normal": nil, "mixed": func(o *NSAOptions) { o.Mode = NSAMixed }, "swap": func(o *NSAOptions) { o.Mode = NSASwap },
			"fpi":      func(o *NSAOptions) { o.Mode, o.Label, o.Resize, o.Shift = NSAUniform, NSAContinuous, false, false },
			"ellipses": func(o *NSAOptions) { o.Ellipses = 3 }, "continuous": func(o *NSAOptions) { o.Label = NSAContinuous },
		} {
			n, made := nsaOf(t, o), 0
			for seed := range uint64(6) {
				normal := grain(seed, 80, 60)
				got, err := n.Generate(t.Context(), anomaly.Input{Normal: normal, Others: []*image.RGBA{grain(50+seed, 80, 60)}, Place: place}, anomaly.NewDraws(seed))
				if errors.Is(err, anomaly.ErrNothingChanged) {
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				made++
				for i := range place.Pix {
					if place.Pix[i] == 0 && (got.Mask.Pix[i] != 0 || [3]uint8(got.Picture.Pix[4*i:]) != [3]uint8(normal.Pix[4*i:])) {
						t.Fatalf("%s, %s: pixel %d, %d, outside the place, has changed", name, mode, i%80, i/80)
					}
				}
			}
			if made < 5 {
				t.Errorf("%s, %s: %d pictures of 6", name, mode, made)
			}
		}
	}
}

// TestNSAMended is about faults of the authors' code.
func TestNSAMended(t *testing.T) {
	in := anomaly.Input{Normal: grain(1, 90, 90), Others: []*image.RGBA{grain(2, 90, 90)}}
	share := func(n *NSA) (sum float64) {
		for seed := range uint64(20) {
			got, err := n.Generate(t.Context(), in, anomaly.NewDraws(seed))
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range got.Mask.Pix {
				sum += float64(v/255) / float64(20*len(got.Mask.Pix))
			}
		}
		return sum
	}
	large := func(o *NSAOptions) {
		o.Mode, o.Patches = NSASwap, 1
		o.HalfHeights, o.HalfWidths, o.Gamma = [2]float64{0.3, 0.32}, [2]float64{0.3, 0.32}, nil
		o.ResizeBounds = [2]float64{1, 1.01}
	}
	if got := share(nsaOf(t, large)); got < 0.2 { // of patches that are cut off at the border
		t.Errorf("patches of half a side's 0.3 have %.3f of the picture", got)
	}
	if got := share(nsaOf(t, func(o *NSAOptions) { large(o); o.Preset = Released })); got > 0.11 {
		t.Errorf("released patches have %.3f of the picture", got)
	}
	once := nsaOf(t, func(o *NSAOptions) { o.Places = 1 })
	if _, err := once.Generate(t.Context(), in, anomaly.NewDraws(1)); err != nil {
		t.Errorf("one try of a place that fits: %v", err)
	}
}

func TestNSARefuses(t *testing.T) {
	for says, change := range map[string]func(o *NSAOptions){
		"the preset is \"\"":    func(o *NSAOptions) { *o = NSAOptions{} },
		"the mode is \"blend\"": func(o *NSAOptions) { o.Mode = "blend" },
		"the label is \"\"":     func(o *NSAOptions) { o.Label = "" },
		"half_widths are 0.03 to 0.5, want shares above 0 and below 0.5": func(o *NSAOptions) { o.HalfWidths[1] = 0.5 },
		"half_heights are 0 to 0.4":                                      func(o *NSAOptions) { o.HalfHeights[0] = 0 },
		"half_heights are NaN to 0.4":                                    func(o *NSAOptions) { o.HalfHeights[0] = math.NaN() },
		"gamma's k is -2":                                                func(o *NSAOptions) { o.Gamma.K = -2 },
		"logistic_k is 0":                                                func(o *NSAOptions) { o.LogisticK = 0 },
		"resize_bounds are 2 to 1":                                       func(o *NSAOptions) { o.ResizeBounds = [2]float64{2, 1} },
		"patches is 0":                                                   func(o *NSAOptions) { o.Patches = 0 },
		"places is 1e+06":                                                func(o *NSAOptions) { o.Places = 1_000_000 },
		"attempts is 0":                                                  func(o *NSAOptions) { o.Attempts = 0 },
		"tolerance is NaN":                                               func(o *NSAOptions) { o.Tolerance = math.NaN() },
		"the foreground is \"\"":                                         func(o *NSAOptions) { o.Foreground = "" },
		"background 1: threshold is 300":                                 func(o *NSAOptions) { o.Background = []NSAShade{{20, 20}, {20, 300}} },
		"patches are resized (resize) and st":                            func(o *NSAOptions) { o.Shift = false },
	} {
		o := DefaultNSA()
		change(&o)
		if _, err := NewNSA(o); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want %q", err, says)
		}
	}
	dark := func(o *NSAOptions) { o.Background = []NSAShade{{130, 100}} }
	huge := func(o *NSAOptions) { o.HalfHeights[1] = 0.49 }
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for says, c := range map[string]struct {
		ctx    context.Context
		change func(o *NSAOptions)
		in     anomaly.Input
		d      anomaly.Draws
	}{
		"pixels, want at least 16×16":   {t.Context(), nil, anomaly.Input{Normal: grain(1, 40, 1)}, anomaly.NewDraws(1)},
		"there are no draws":            {t.Context(), nil, anomaly.Input{Normal: grain(1, 40, 40)}, nil},
		"there is no context":           {nil, nil, anomaly.Input{Normal: grain(1, 40, 40)}, anomaly.NewDraws(1)},
		"context canceled":              {cancelled, nil, anomaly.Input{Normal: grain(1, 40, 40)}, anomaly.NewDraws(1)},
		"there is nothing of the part":  {t.Context(), dark, anomaly.Input{Normal: grain(1, 40, 40)}, anomaly.NewDraws(1)},
		"among 16 pixels such a patch":  {t.Context(), huge, anomaly.Input{Normal: grain(1, 40, 16)}, anomaly.NewDraws(1)},
		"of the others has 16×16 pixel": {t.Context(), nil, anomaly.Input{Normal: grain(1, 40, 40), Others: []*image.RGBA{grain(1, 16, 16)}}, anomaly.NewDraws(1)},
	} {
		if _, err := nsaOf(t, c.change).Generate(c.ctx, c.in, c.d); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want %q", err, says)
		}
	}
}

// TestNSANowhere says what no patch had.
func TestNSANowhere(t *testing.T) {
	normal, other := grain(1, 64, 64), image.NewRGBA(image.Rect(0, 0, 64, 64))
	dark := nsaOf(t, func(o *NSAOptions) { o.Background = []NSAShade{{0, 40}} })
	_, err := dark.Generate(t.Context(), anomaly.Input{Normal: normal, Others: []*image.RGBA{other}}, anomaly.NewDraws(1))
	if !errors.Is(err, anomaly.ErrNothingChanged) || !strings.Contains(err.Error(), "of 200 places of the source") {
		t.Errorf("error %v", err)
	}
	_, err = nsaOf(t, nil).Generate(t.Context(), anomaly.Input{Normal: other, Others: []*image.RGBA{other}}, anomaly.NewDraws(1))
	if !errors.Is(err, anomaly.ErrNothingChanged) {
		t.Errorf("black in black: error %v", err)
	}
	released := nsaOf(t, func(o *NSAOptions) { o.Preset = Released })
	got, err := released.Generate(t.Context(), anomaly.Input{Normal: other, Others: []*image.RGBA{other}}, anomaly.NewDraws(1))
	if err != nil || !got.Provenance.(Provenance).Unchanged {
		t.Errorf("released, black in black: error %v", err)
	}
}

// TestNSASizes takes pictures and places of all kinds: a picture, or an error that says what was missing.
func TestNSASizes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 150 {
		o := DefaultNSA()
		o.Preset = []Preset{Mended, Released}[r.IntN(2)]
		o.Mode = []NSAMode{NSANormal, NSAMixed, NSAMix, NSASwap, NSAUniform}[r.IntN(5)]
		o.Label = []NSALabel{NSABinary, NSAContinuous, NSAIntensity, NSALogistic}[r.IntN(4)]
		o.Shift, o.Resize = r.IntN(3) > 0, false
		o.Resize = o.Shift && r.IntN(3) > 0
		o.Ellipses, o.Patches, o.Places = 3*r.IntN(2), 1+r.IntN(4), 1+r.IntN(40)
		o.HalfHeights[1], o.HalfWidths[1] = 0.03+0.37*r.Float64(), 0.03+0.46*r.Float64()
		if r.IntN(2) == 0 {
			o.Gamma = nil
		}
		if r.IntN(2) == 0 {
			o.Background = []NSAShade{{float64(r.IntN(256)), float64(r.IntN(50))}}
		}
		w, h := 16+r.IntN(10), 16+r.IntN(100)
		in := anomaly.Input{Normal: grain(uint64(i), w, h)}
		for range r.IntN(3) {
			in.Others = append(in.Others, grain(r.Uint64(), w, h))
		}
		if r.IntN(2) == 0 {
			in.Place = image.NewGray(image.Rect(0, 0, w, h))
			for range 1 + r.IntN(30) {
				in.Place.Pix[r.IntN(w*h)/(1+r.IntN(3))] = 255
			}
		}
		n, err := NewNSA(o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := n.Generate(t.Context(), in, anomaly.NewDraws(r.Uint64()))
		if err != nil && !errors.Is(err, anomaly.ErrNothingChanged) && !errors.Is(err, ErrArgument) {
			t.Errorf("%+v: %v", o, err)
		}
		if err == nil {
			if verr := got.Soft.Validate(); verr != nil || got.Picture.Rect.Size() != in.Normal.Rect.Size() {
				t.Errorf("%+v: a picture of %v, %v", o, got.Picture.Rect, verr)
			}
		}
	}
}

// TestNSAParts makes pictures with the numbers for each part.
func TestNSAParts(t *testing.T) {
	parts := NSAParts()
	if len(parts) != 15 {
		t.Errorf("%d parts, want the 15 of MVTec AD", len(parts))
	}
	in := anomaly.Input{Normal: grain(1, 64, 64), Others: []*image.RGBA{grain(2, 64, 64)}}
	for _, part := range append(parts, "another") {
		o, known := NSAFor(part)
		if known != (part != "another") {
			t.Errorf("%s: known %v", part, known)
		}
		g, err := NewNSA(o)
		if err != nil {
			t.Fatalf("%s: %v", part, err)
		}
		if _, err := g.Generate(t.Context(), in, anomaly.NewDraws(3)); err != nil {
			t.Errorf("%s: %v", part, err)
		}
	}
}

func ExampleNSAFor() {
	o, known := NSAFor("metal_nut")
	fmt.Println(known, o.Mode, o.Background[0].Brightness, o.LogisticX0)
	// Output: true normal 20 7
}

// TestNSAOfParts takes pictures and places that are parts of larger ones.
func TestNSAOfParts(t *testing.T) {
	cut := image.Rect(7, 5, 67, 45)
	large, other, place := grain(1, 80, 60), grain(2, 80, 60), image.NewGray(image.Rect(0, 0, 80, 60))
	for i := range place.Pix {
		place.Pix[i] = uint8(i % 80 * 3)
	}
	in := anomaly.Input{
		Normal: large.SubImage(cut).(*image.RGBA), Others: []*image.RGBA{other.SubImage(cut).(*image.RGBA)}, Place: place.SubImage(cut).(*image.Gray),
	}
	whole := anomaly.Input{Normal: images.Cut(large, cut), Others: []*image.RGBA{images.Cut(other, cut)}, Place: image.NewGray(image.Rect(0, 0, 60, 40))}
	for i := range whole.Place.Pix {
		whole.Place.Pix[i] = place.GrayAt(7+i%60, 5+i/60).Y
	}
	for range 2 { // with another picture and without
		for seed := range uint64(5) {
			g := nsaOf(t, func(o *NSAOptions) { o.Background = []NSAShade{{80, 12}} })
			got, err1 := g.Generate(t.Context(), in, anomaly.NewDraws(seed))
			want, err2 := g.Generate(t.Context(), whole, anomaly.NewDraws(seed))
			if err1 != nil || err2 != nil || !cmp.Equal(got.Picture.Pix, want.Picture.Pix) || !cmp.Equal(got.Mask.Pix, want.Mask.Pix) {
				t.Errorf("seed %d, %d others: another picture, %v, %v", seed, len(in.Others), err1, err2)
			}
		}
		in.Others, whole.Others = nil, nil
	}
}
