package generate

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// folder has pictures as files.
func folder(t *testing.T, pictures map[string]*image.RGBA) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for name, p := range pictures {
		var b bytes.Buffer
		if err := png.Encode(&b, p); err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: b.Bytes()}
	}
	return files
}

// someTextures are two.
func someTextures(t *testing.T) *Textures {
	t.Helper()
	all, err := ReadTextures(t.Context(), folder(t, map[string]*image.RGBA{"b.png": noisy(30, 50), "a/a.png": noisy(64, 40)}))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// draemOf is a generator with the recommended options, changed.
func draemOf(t *testing.T, textures *Textures, change func(o *DRAEMOptions)) *DRAEM {
	t.Helper()
	o := DefaultDRAEM()
	o.Foreground = Everywhere
	if change != nil {
		change(&o)
	}
	g, err := NewDRAEM(textures, o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestDRAEMReplayed makes pictures of each reading and source twice: of a seed, and of what was noted.
func TestDRAEMReplayed(t *testing.T) {
	noise := func(o *DRAEMOptions) { o.Own = NoiseSource }
	cases := map[string]*DRAEM{
		"default": draemOf(t, someTextures(t), nil), "disorder": draemOf(t, nil, nil), "noise": draemOf(t, nil, noise),
		"noise in shapes": draemOf(t, nil, func(o *DRAEMOptions) { noise(o); o.Masks.Kind = ShapeMask }),
		"in the place":    draemOf(t, nil, func(o *DRAEMOptions) { o.Masks.Kind = PlaceMask }),
		"two masks":       draemOf(t, nil, func(o *DRAEMOptions) { o.Masks.Perlin.Union, o.Masks.Perlin.Intersection = 0.5, 0.3 }),
	}
	for reading := range draemReadings {
		o, err := DRAEMAs(reading)
		if err != nil {
			t.Fatal(err)
		}
		if cases[string(reading)], err = NewDRAEM(someTextures(t), o); err != nil {
			t.Fatal(err)
		}
	}
	in := anomaly.Input{Normal: noisy(50, 37), Place: placeOf(50, 37, image.Rect(3, 4, 45, 30))}
	for name, g := range cases {
		for seed := range uint64(6) {
			r, err := g.Generate(t.Context(), in, anomaly.NewDraws(seed))
			if err != nil {
				t.Fatalf("%s, seed %d: %v", name, seed, err)
			}
			how := r.Provenance.(Provenance)
			if _, err := json.Marshal(how); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			player := anomaly.NewPlayer(how.Draws)
			again, err := g.Generate(t.Context(), in, player)
			if err = errors.Join(err, player.Err()); err != nil {
				t.Fatalf("%s, seed %d: %v", name, seed, err)
			}
			if !bytes.Equal(r.Picture.Pix, again.Picture.Pix) || !bytes.Equal(r.Mask.Pix, again.Mask.Pix) {
				t.Errorf("%s, seed %d: another picture", name, seed)
			}
			turned := g.options.TurnNormal > 0
			for i, v := range r.Mask.Pix {
				if v != 0 && (v != 255 || in.Place.Pix[i] == 0) {
					t.Fatalf("%s: the mask is %d at %d", name, v, i)
				}
				if v == 0 && !turned && !bytes.Equal(r.Picture.Pix[4*i:][:4], in.Normal.Pix[4*i:][:4]) {
					t.Fatalf("%s: the picture differs at %d, outside the mask", name, i)
				}
			}
			if how.Unchanged && g.options.Preset == Mended {
				t.Errorf("%s, seed %d: nothing changed", name, seed)
			}
		}
	}
}

// TestDRAEMAnomalous counts the pictures with a defect, and what is drawn where there is none.
func TestDRAEMAnomalous(t *testing.T) {
	for _, share := range []float64{0, 0.3} {
		g, defects := draemOf(t, nil, func(o *DRAEMOptions) { o.Anomalous = share; o.OwnAugment = 0 }), 0
		const n = 300
		for seed := range uint64(n) {
			in := anomaly.Input{Normal: noisy(32, 32)}
			r, err := g.Generate(t.Context(), in, anomaly.NewDraws(seed))
			if err != nil {
				t.Fatal(err)
			}
			if slices.Contains(r.Mask.Pix, 255) {
				defects++
			} else if how := r.Provenance.(Provenance); !how.Unchanged || !bytes.Equal(r.Picture.Pix, in.Normal.Pix) {
				t.Fatalf("seed %d: no mask, and the picture is another", seed)
			}
		}
		if off := math.Abs(float64(defects)/n - share); off > 3.3*math.Sqrt(share*(1-share)/n) {
			t.Errorf("%d of %d pictures have a defect, want a share of %g", defects, n, share)
		}
	}
}

// TestDRAEMReleased returns pictures with empty masks, which Mended draws again, and fails at last.
func TestDRAEMReleased(t *testing.T) {
	low := func(preset Preset) *DRAEM {
		return draemOf(t, nil, func(o *DRAEMOptions) {
			o.Preset, o.Masks.Perlin.Threshold, o.Masks.Perlin.Redraws = preset, 1, 0
		})
	}
	in := anomaly.Input{Normal: noisy(32, 32)}
	r, err := low(Released).Generate(t.Context(), in, anomaly.NewDraws(1))
	if err != nil || slices.Contains(r.Mask.Pix, 255) || !r.Provenance.(Provenance).Unchanged {
		t.Errorf("released: %v, unchanged %v", err, r.Provenance)
	}
	if _, err := low(Mended).Generate(t.Context(), in, anomaly.NewDraws(1)); !errors.Is(err, anomaly.ErrNothingChanged) {
		t.Errorf("mended: %v", err)
	}
}

// TestDRAEMIsSeen makes pictures whose masks are not small, and in which they show.
func TestDRAEMIsSeen(t *testing.T) {
	dull := image.NewRGBA(image.Rect(0, 0, 64, 64))
	for i := range dull.Pix {
		dull.Pix[i] = 255
	}
	place := placeOf(64, 64, image.Rect(0, 0, 64, 25)) // 1600 pixels
	for seed := range uint64(40) {
		g := draemOf(t, nil, func(o *DRAEMOptions) { o.Masks.Perlin.Least, o.LeastChange, o.Attempts = 0.02, 10, 100 })
		r, err := g.Generate(t.Context(), anomaly.Input{Normal: dull, Place: place}, anomaly.NewDraws(seed))
		if err != nil {
			t.Fatal(err)
		}
		sum := 0
		for i, v := range r.Mask.Pix {
			if v != 0 {
				sum += 3*255 - int(r.Picture.Pix[4*i]) - int(r.Picture.Pix[4*i+1]) - int(r.Picture.Pix[4*i+2])
			}
		}
		if n := marked(r.Mask); n < 32 || sum < 30*n {
			t.Errorf("seed %d: a mask of %d pixels, changed by %.1f levels", seed, n, float64(sum)/float64(3*n))
		}
	}
}

// TestDRAEMWeights looks at the weights that the readings draw.
func TestDRAEMWeights(t *testing.T) {
	for reading, want := range map[DRAEMReading]struct{ lo, hi, mean, slack float64 }{
		DRAEMOriginal: {0.2, 1, 0.6, 0.03}, DRAEMAnomalib: {0.2, 1, 0.6, 0.03}, DRAEMMemSeg: {0.15, 1, 0.575, 0.03}, DRAEMGLASS: {0.2, 0.8, 0.5, 0.015},
	} {
		o, err := DRAEMAs(reading)
		if err != nil {
			t.Fatal(err)
		}
		j, sum := &draemJob{call: callOf(noisy(16, 16), 5), o: o}, 0.0
		const n = 1000
		for range n {
			w := j.weight()
			if w < want.lo || w > want.hi {
				t.Fatalf("%s: a weight of %g", reading, w)
			}
			sum += w
		}
		if math.Abs(sum/n-want.mean) > want.slack {
			t.Errorf("%s: weights of %g on the mean, want %g", reading, sum/n, want.mean)
		}
	}
}

// TestDisordered puts tiles where they belong, of sides that 8 does not divide, too.
func TestDisordered(t *testing.T) {
	p := noisy(35, 27) // tiles of 4×3
	order := anomaly.NewDraws(2).Choose(64, 64)
	got := disordered(p, order)
	for y := range 27 {
		for x := range 35 {
			tile := order[y%24/3*8+x%32/4]
			if want := p.RGBAAt(tile%8*4+x%4, tile/8*3+y%3); got.RGBAAt(x, y) != want {
				t.Fatalf("%v at %d,%d, want %v", got.RGBAAt(x, y), x, y, want)
			}
		}
	}
}

// TestTextureShowsThrough has a black texture alone show through, unchanged.
func TestTextureShowsThrough(t *testing.T) {
	black := image.NewRGBA(image.Rect(0, 0, 20, 20))
	for i := 3; i < len(black.Pix); i += 4 {
		black.Pix[i] = 255
	}
	textures, err := ReadTextures(t.Context(), folder(t, map[string]*image.RGBA{"deep/black.png": black}))
	if err != nil {
		t.Fatal(err)
	}
	g := draemOf(t, textures, func(o *DRAEMOptions) { o.Augment, o.TextureWeight = 0, [2]float64{1, 1} })
	r, err := g.Generate(t.Context(), anomaly.Input{Normal: noisy(40, 40)}, anomaly.NewDraws(3))
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range r.Mask.Pix {
		if v != 0 && !bytes.Equal(r.Picture.Pix[4*i:][:4], []uint8{0, 0, 0, 255}) {
			t.Fatalf("%v at %d", r.Picture.Pix[4*i:][:4], i)
		}
	}
	if got := r.Provenance.(Provenance).Pictures["texture deep/black.png"]; got != Digest(black) {
		t.Errorf("the texture is %q, want %q", got, Digest(black))
	}
}

func TestReadTextures(t *testing.T) {
	pictures := folder(t, map[string]*image.RGBA{
		"b.png": noisy(9, 9), "z/a.JPEG": noisy(9, 9), ".c.png": noisy(9, 9), ".d/e.png": noisy(9, 9), "z/.f/g.png": noisy(9, 9), "h.txt": noisy(9, 9),
	})
	textures, err := ReadTextures(t.Context(), pictures)
	if err != nil || !slices.Equal(textures.Names(), []string{"b.png", "z/a.JPEG"}) {
		t.Fatalf("%v, %v", textures.Names(), err)
	}
	if _, err := ReadTextures(t.Context(), fstest.MapFS{"a.txt": {}}); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), "no textures") {
		t.Errorf("none: %v", err)
	}
	broken, err := ReadTextures(t.Context(), fstest.MapFS{"broken.png": {Data: []byte("\x89PNG\r\n\x1a\nand no more")}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = draemOf(t, broken, nil).Generate(t.Context(), anomaly.Input{Normal: noisy(40, 40)}, anomaly.NewDraws(3))
	if err == nil || !strings.Contains(err.Error(), "broken.png") {
		t.Errorf("broken: %v", err)
	}
	textures.held = mostHeld
	p, _, err := textures.resized(t.Context(), 0, image.Pt(20, 30))
	if err != nil || len(textures.kept) != 1 || textures.held != len(p.Pix) {
		t.Errorf("%v; %d kept of %d bytes", err, len(textures.kept), textures.held)
	}
}

func TestDRAEMRefuses(t *testing.T) {
	for name, change := range map[string]func(o *DRAEMOptions){
		"preset":      func(o *DRAEMOptions) { o.Preset = "" },
		"foreground":  func(o *DRAEMOptions) { o.Foreground = "" },
		"attempts":    func(o *DRAEMOptions) { o.Attempts = 0 },
		"masks":       func(o *DRAEMOptions) { o.Masks = Masks{} },
		"own":         func(o *DRAEMOptions) { o.Own = "" },
		"noise":       func(o *DRAEMOptions) { o.Own, o.Masks = NoiseSource, Masks{Kind: ShapeMask} },
		"own share":   func(o *DRAEMOptions) { o.OwnShare = 1.1 },
		"augment":     func(o *DRAEMOptions) { o.Augment = 11 },
		"own augment": func(o *DRAEMOptions) { o.OwnAugment = -1 },
		"weight":      func(o *DRAEMOptions) { o.TextureWeight = [2]float64{1, 0.2} },
		"deviation":   func(o *DRAEMOptions) { o.WeightDeviation = math.NaN() },
		"change":      func(o *DRAEMOptions) { o.LeastChange = 256 },
		"anomalous":   func(o *DRAEMOptions) { o.Anomalous = 2 },
		"turn":        func(o *DRAEMOptions) { o.TurnNormal = math.Inf(-1) },
	} {
		o := DefaultDRAEM()
		change(&o)
		if _, err := NewDRAEM(nil, o); !errors.Is(err, ErrArgument) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
