package generate

import (
	"errors"
	"image"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/nn/nntest"
)

// FuzzGenerate gives the methods that need no model pictures of any size, places anywhere, and options at their limits.
// A picture must be what a Result promises, and come again of its own draws; or the error must be one of three kinds.
func FuzzGenerate(f *testing.F) {
	f.Add(uint8(0), uint16(64), uint16(64), uint64(1), uint8(0), uint16(0), uint16(0), uint16(0), []byte{})
	f.Add(uint8(0), uint16(16), uint16(500), uint64(2), uint8(1), uint16(0), uint16(0), uint16(1), []byte{7, 3, 8, 3})
	f.Add(uint8(1), uint16(500), uint16(16), uint64(3), uint8(3), uint16(499), uint16(15), uint16(1), []byte{2, 2})
	f.Add(uint8(1), uint16(31), uint16(47), uint64(4), uint8(1), uint16(5), uint16(46), uint16(20), []byte{3, 11, 4, 11, 21, 6})
	f.Add(uint8(2), uint16(33), uint16(17), uint64(5), uint8(0), uint16(3), uint16(3), uint16(300), []byte{4, 5})
	f.Fuzz(func(t *testing.T, which uint8, width, height uint16, seed uint64, look uint8, x, y, reach uint16, change []byte) {
		methods := pixelMethods()
		m := methods[int(which)%len(methods)]
		o := m.defaults()
		bend(o, change)
		g, err := m.build(o)
		if err != nil {
			if !errors.Is(err, ErrArgument) {
				t.Fatalf("%s refuses options with %v, want ErrArgument", m.name, err)
			}
			return
		}
		in := fuzzedInput(image.Pt(int(width)%513, int(height)%513), look, image.Pt(int(x), int(y)), int(reach))
		r, err := g.Generate(t.Context(), in, anomaly.NewDraws(seed))
		if err != nil {
			if !errors.Is(err, ErrArgument) && !errors.Is(err, anomaly.ErrNothingChanged) {
				t.Fatalf("%s: %v", m.name, err)
			}
			return
		}
		checkResult(t, in, r)
		player := anomaly.NewPlayer(r.Provenance.(Provenance).Draws)
		again, err := g.Generate(t.Context(), in, player)
		if err != nil || player.Err() != nil {
			t.Fatalf("%s, again: %v, %v", m.name, err, player.Err())
		}
		if !reflect.DeepEqual(again.Sample, r.Sample) || !reflect.DeepEqual(again.Soft, r.Soft) {
			t.Fatalf("%s: the same draws give another picture", m.name)
		}
	})
}

// bend sets options to numbers and names from lists: of each two bytes the first says which, the second to what. Counts
// stay small, since a hundred patches of a thousand tries may take their time.
func bend(options any, change []byte) {
	all := optionsOf(reflect.ValueOf(options), "")
	numbers := []float64{0, 1e-9, 0.01, 0.03, 0.25, 0.499, 0.5, 1, 1 / 0.3, 45, 90, 100, 180, -0.5, -45, -180, 255, 256, math.NaN(), math.Inf(1)}
	counts := []int{0, 1, 2, 3, 5, 10, 11, -1}
	words := strings.Fields("released mended everywhere found realnet:bottle realnet:pcb1 normal scar union nsa mixed mix swap uniform " +
		"binary continuous intensity logistic perlin shapes place disorder noise cropped stretched divided")
	for ; len(change) > 1; change = change[2:] {
		at, to := all[int(change[0])%len(all)].value, int(change[1])
		switch at.Kind() {
		case reflect.Float64:
			at.SetFloat(numbers[to%len(numbers)])
		case reflect.Int:
			at.SetInt(int64(counts[to%len(counts)]))
		case reflect.String:
			at.SetString(words[to%len(words)])
		}
	}
}

// fuzzedInput is a picture, noise or a part on a background or flat, perhaps with another one and a place around a pixel.
func fuzzedInput(size image.Point, look uint8, middle image.Point, reach int) (in anomaly.Input) {
	in.Normal = noisy(size.X, size.Y)
	around := func(at image.Point, r int) image.Rectangle {
		return image.Rect(at.X-r, at.Y-r, at.X+r, at.Y+r).Intersect(in.Normal.Rect)
	}
	part := around(size.Div(2), min(size.X, size.Y)/3)
	for i := range in.Normal.Pix {
		inside := image.Pt(i/4%max(1, size.X), i/4/max(1, size.X)).In(part)
		switch {
		case look%4 == 1 && !inside:
			in.Normal.Pix[i] = 20 + in.Normal.Pix[i]/16
		case look%4 == 2:
			in.Normal.Pix[i] = 128
		}
	}
	if look&4 != 0 {
		in.Others = []*image.RGBA{noisy(size.X, size.Y)}
	}
	if reach > 0 && size.X > 0 && size.Y > 0 {
		box := around(image.Pt(middle.X%size.X, middle.Y%size.Y), reach%600)
		in.Place = placeOf(size.X, size.Y, box)
	}
	return in
}

// checkResult fails where a result is not what Generate promises.
func checkResult(t *testing.T, in anomaly.Input, r anomaly.Result) {
	t.Helper()
	size := in.Normal.Rect.Size()
	n := size.X * size.Y
	how := r.Provenance.(Provenance)
	if r.Picture.Rect.Size() != size || r.Mask.Rect.Size() != size || len(r.Mask.Pix) != n || len(r.Soft.Values) != n || r.Soft.Width != size.X || r.Soft.Height != size.Y {
		t.Fatalf("a picture of %v, a mask of %v, a map of %d×%d, want %v", r.Picture.Rect, r.Mask.Rect, r.Soft.Width, r.Soft.Height, size)
	}
	if !(r.Stray >= 0 && r.Stray <= 1) {
		t.Errorf("stray %v", r.Stray)
	}
	changed := false
	for i, v := range r.Mask.Pix {
		if v != 0 && v != 255 {
			t.Fatalf("the mask has %d at %d, want 0 or 255", v, i)
		}
		if s := r.Soft.Values[i]; !(s >= 0 && s <= 1) {
			t.Fatalf("the soft mask has %v at %d", s, i)
		}
		if v != 0 && in.Place != nil && in.Place.Pix[i] == 0 && how.Preset != Released {
			t.Fatalf("the mask leaves the place at %d", i)
		}
		changed = changed || v != 0 && differs(in.Normal.Pix[4*i:], r.Picture.Pix[4*i:])
	}
	draem, _ := how.Options.(DRAEMOptions)
	mayStay := how.Preset == Released || how.Generator == "DRAEM" && draem.Anomalous < 1
	if changed == how.Unchanged || !changed && !mayStay {
		t.Fatalf("changed %v, unchanged in the provenance %v, preset %s", changed, how.Unchanged, how.Preset)
	}
}

func differs(a, b []uint8) bool { return a[0] != b[0] || a[1] != b[1] || a[2] != b[2] }

// FuzzReadLearned reads any bytes as a file of what was learned. What is read is written and read again as it was.
func FuzzReadLearned(f *testing.F) {
	dir := f.TempDir()
	l := someLearned()
	l.Masks = []*image.Gray{placeOf(64, 64, image.Rect(10, 20, 31, 40))}
	l.MaskWord = &diffusion.Embedding{Word: "<mask>", Vectors: nntest.Normal(9, 1, 6)}
	if err := l.Write(filepath.Join(dir, "whole")); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(dir, "whole"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x.safetensors")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		read, err := ReadLearned(path, "")
		if err != nil {
			return
		}
		again := filepath.Join(t.TempDir(), "again.safetensors")
		if err := read.Write(again); err != nil {
			t.Fatal(err)
		}
		same, err := ReadLearned(again, "")
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(same.Parameters(), read.Parameters()) || !reflect.DeepEqual(same.Masks, read.Masks) || !reflect.DeepEqual(same.MaskWord, read.MaskWord) || same.Word != read.Word {
			t.Fatal("what was read is not what is written")
		}
	})
}
