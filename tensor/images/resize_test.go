package images

import (
	"encoding/json"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/tensor"
)

// resampled are the tensors of testdata/cut_resample.py.
type resampled struct{ *tensor.File }

func readResampled(t *testing.T) resampled {
	f, err := tensor.Read(filepath.Join("testdata", "resample.safetensors"), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return resampled{f}
}

// get returns a tensor [C, H, W], or [H, W] with one channel.
func (r resampled) get(t *testing.T, name string) (values []float32, c, h, w int) {
	d, err := r.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	s := d.Shape()
	if c = 1; len(s) == 3 {
		c = s[0]
	}
	return tensor.Float32s(d), c, s[len(s)-2], s[len(s)-1]
}

// picture returns a tensor of three channels as a picture.
func (r resampled) picture(t *testing.T, name string) *image.RGBA {
	values, _, h, w := r.get(t, name)
	p, err := FromTensor(values, h, w, ChannelsFirst, Range{0, 255})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestResizeToTheBit compares every byte with what the libraries make.
func TestResizeToTheBit(t *testing.T) {
	f := readResampled(t)
	source := f.picture(t, "picture")
	for rule, name := range map[Rule]string{
		PillowNearest: "pillow.nearest", PillowBox: "pillow.box", PillowBilinear: "pillow.bilinear",
		PillowBicubic: "pillow.bicubic", PillowLanczos: "pillow.lanczos", OpenCVBilinear: "opencv.bilinear_u8",
	} {
		for _, size := range []string{"down", "up", "odd"} {
			want := f.picture(t, name+"."+size)
			got, err := Resize(source, want.Rect.Size(), rule)
			if err != nil {
				t.Fatal(err)
			}
			if n := differing(got, want); n > 0 {
				t.Errorf("%v, %s: %d of %d bytes differ", rule, size, n, len(want.Pix))
			}
		}
	}
}

func differing(a, b *image.RGBA) (n int) {
	for i := range a.Pix {
		if a.Pix[i] != b.Pix[i] {
			n++
		}
	}
	return n
}

// TestNearestPlaces has places that depend on how they are computed: Pillow 13.0 and OpenCV 5.0.
func TestNearestPlaces(t *testing.T) {
	for _, c := range []struct {
		rule             Rule
		in, out, i, want int
	}{
		{PillowNearest, 2, 7, 3, 0}, {PillowNearest, 2, 31, 15, 0}, // 3.5/7·2 is 1, and sums of 2/7 are less
		{OpenCVNearest, 2, 82, 41, 1}, {OpenCVNearest, 2, 98, 49, 0}, // 41 and 49 times 1/(82/2) and 1/(98/2)
		{TorchNearest, 2, 82, 41, 0}, {TorchNearest, 2, 98, 49, 1}, // … in float32
	} {
		m := make([]float32, c.in)
		for i := range m {
			m[i] = float32(i)
		}
		got, err := ResizeMap(m, 1, c.in, 1, 1, c.out, c.rule)
		if err != nil || got[c.i] != float32(c.want) {
			t.Errorf("%v, %d to %d: position %d is %g, want %d; error %v", c.rule, c.in, c.out, c.i, got[c.i], c.want, err)
		}
	}
}

// TestColumnsFirst has sizes that Pillow 13.0 resizes along columns first, and others.
func TestColumnsFirst(t *testing.T) {
	for _, c := range []struct {
		w, h, toW, toH int
		want           bool
	}{
		{38, 107, 19, 58, true}, {46, 33, 35, 9, true}, {60, 67, 109, 66, true}, {35, 52, 35, 8, true},
		{87, 106, 37, 29, false}, {115, 87, 94, 68, false}, {60, 67, 109, 118, false}, {14, 64, 78, 65, false},
		{50, 50, 40, 30, false}, // twice, not more
	} {
		if got := columnsFirst(image.Pt(c.w, c.h), image.Pt(c.toW, c.toH)); got != c.want {
			t.Errorf("%d×%d to %d×%d: %v", c.w, c.h, c.toW, c.toH, got)
		}
	}
}

// TestResizeMap compares floats, to 1e-6 of the largest.
func TestResizeMap(t *testing.T) {
	f := readResampled(t)
	bytes, _, h, w := f.get(t, "picture")
	for rule, name := range map[Rule]string{
		OpenCVBilinear: "opencv.bilinear_f32", TensorFlow1Bilinear: "tf1.bilinear", TorchNearest: "torch.nearest",
		TorchBilinear: "torch.bilinear", TorchBilinearAntialias: "torch.bilinear_antialias",
		TorchBicubic: "torch.bicubic", TorchBicubicAntialias: "torch.bicubic_antialias",
	} {
		for _, size := range []string{"down", "up", "odd"} {
			want, _, toH, toW := f.get(t, name+"."+size)
			white := float32(1)
			if rule == TensorFlow1Bilinear {
				white = 255
			}
			in := make([]float32, h*w)
			for i := range in {
				in[i] = bytes[i] / 255 * white
			}
			got, err := ResizeMap(in, h, w, 1, toH, toW, rule)
			if err != nil {
				t.Fatal(err)
			}
			closeTo(t, rule.String()+", "+size, got, want[:toH*toW], 1e-6)
		}
	}
}

// closeTo compares to within a share of the largest value.
func closeTo(t *testing.T, name string, got, want []float32, within float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", name, len(got), len(want))
	}
	largest, worst := 0.0, 0.0
	for i, v := range want {
		largest = max(largest, math.Abs(float64(v)))
		worst = max(worst, math.Abs(float64(got[i])-float64(v)))
	}
	if !(worst <= within*largest) {
		t.Errorf("%s: off by %.2g of %g", name, worst, largest)
	}
}

// TestPillowFloats compares with Pillow 13.0's mode F.
func TestPillowFloats(t *testing.T) {
	line := make([]float32, 16)
	for i := range line {
		line[i] = float32((i*i*7)%11)/4 - 1
	}
	for rule, want := range map[Rule][]float32{
		PillowBox:      {0.083333336, 0.66666669, 0.625, 0.16666667, 0.33333334},
		PillowBilinear: {0.27747253, 0.65196079, 0.62009805, 0.20588236, 0.42582417},
		PillowBicubic:  {0.20917512, 0.72646213, 0.62872243, 0.19915327, 0.40699318},
		PillowLanczos:  {0.16676638, 0.75794441, 0.64053738, 0.20615689, 0.38176292},
	} {
		got, err := ResizeMap(line, 1, 16, 1, 1, 5, rule)
		if err != nil {
			t.Fatal(err)
		}
		closeTo(t, rule.String(), got, want, 1e-6)
	}
}

// TestResizeMapChannels keeps the channels of a map apart.
func TestResizeMapChannels(t *testing.T) {
	f := readResampled(t)
	source := f.picture(t, "picture")
	size := source.Rect.Size()
	tensor := ToTensor(source, ChannelsLast, Range{0, 255})
	for rule := range Rule(len(rules)) {
		got, err := ResizeMap(tensor, size.Y, size.X, 3, 20, 60, rule)
		if err != nil {
			t.Fatal(err)
		}
		for c := range 3 {
			one, err := ResizeMap(channel(tensor, c), size.Y, size.X, 1, 20, 60, rule)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(one, channel(got, c)); diff != "" {
				t.Fatalf("%v, channel %d: %s", rule, c, diff)
			}
		}
	}
}

func channel(m []float32, c int) []float32 {
	one := make([]float32, len(m)/3)
	for i := range one {
		one[i] = m[3*i+c]
	}
	return one
}

// TestTorchvision resizes and crops as classifiers do.
func TestTorchvision(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "sizes.json"))
	if err != nil {
		t.Fatal(err)
	}
	var table []struct {
		Picture, Resized        [2]int
		Resize, Crop, Top, Left int
	}
	if err := json.Unmarshal(data, &table); err != nil || len(table) == 0 {
		t.Fatal(len(table), err)
	}
	for _, c := range table {
		to, err := ShorterSide(image.Pt(c.Picture[1], c.Picture[0]), c.Resize)
		if want := image.Pt(c.Resized[1], c.Resized[0]); err != nil || to != want {
			t.Errorf("%v to %d: %v, want %v; error %v", c.Picture, c.Resize, to, want, err)
		}
		part, err := CentreCrop(to, image.Pt(c.Crop, c.Crop))
		if want := image.Pt(c.Left, c.Top); err != nil || part.Min != want || part.Size() != image.Pt(c.Crop, c.Crop) {
			t.Errorf("%v in %v: %v, want %v; error %v", c.Crop, to, part, want, err)
		}
	}
	f := readResampled(t)
	source := f.picture(t, "picture")
	to, _ := ShorterSide(source.Rect.Size(), 24)
	bicubic, err := Resize(source, to, PillowBicubic)
	if err != nil || differing(bicubic, f.picture(t, "torchvision.resize_24_bicubic")) > 0 {
		t.Errorf("Resize(24, bicubic) differs; error %v", err)
	}
	bilinear, _ := Resize(source, to, PillowBilinear)
	part, _ := CentreCrop(to, image.Pt(20, 20))
	if differing(Cut(bilinear, part), f.picture(t, "torchvision.resize_24_crop_20")) > 0 {
		t.Error("CenterCrop(20) of Resize(24) differs")
	}
}

// TestGaussians compares smoothing with SciPy's and kornia's.
func TestGaussians(t *testing.T) {
	f := readResampled(t)
	m, _, h, w := f.get(t, "map")
	var corner []float32
	for y := range 9 {
		corner = append(corner, m[y*w:][:7]...)
	}
	for name, call := range map[string]func() ([]float32, error){
		"scipy.gaussian.1":       func() ([]float32, error) { return Gaussian(m, h, w, 1) },
		"scipy.gaussian.4":       func() ([]float32, error) { return Gaussian(m, h, w, 4) },
		"scipy.gaussian.4.small": func() ([]float32, error) { return Gaussian(corner, 9, 7, 4) },
		"kornia.gaussian.4":      func() ([]float32, error) { return KorniaGaussian(m, h, w, 4) },
	} {
		want, _, _, _ := f.get(t, name)
		got, err := call()
		if err != nil {
			t.Fatal(err)
		}
		within := 1e-6
		if strings.HasPrefix(name, "kornia") {
			within = 4e-6 // 1089 weights in float32: it is itself 2.7e-6 from what double precision gives
		}
		closeTo(t, name, got, want, within)
	}
}

// TestResizePart resizes a picture that is part of another.
func TestResizePart(t *testing.T) {
	large := readResampled(t).picture(t, "picture")
	part := large.SubImage(image.Rect(5, 3, 30, 20)).(*image.RGBA)
	for _, rule := range []Rule{PillowNearest, PillowBicubic, OpenCVNearest, OpenCVBilinear, TorchNearest} {
		got, err1 := Resize(part, image.Pt(11, 40), rule)
		want, err2 := Resize(Cut(large, part.Rect), image.Pt(11, 40), rule)
		if err1 != nil || err2 != nil || !slices.Equal(got.Pix, want.Pix) {
			t.Errorf("%v: a part of a picture is resized otherwise than a copy of it; errors %v, %v", rule, err1, err2)
		}
	}
}

// TestResizeErrors refuses what has no sense, before memory is taken.
func TestResizeErrors(t *testing.T) {
	p, m := image.NewRGBA(image.Rect(0, 0, 3, 2)), make([]float32, 6)
	resize := func(p *image.RGBA, w, h int, r Rule) error { _, err := Resize(p, image.Pt(w, h), r); return err }
	resizeMap := func(m []float32, h, w, c, toH, toW int, r Rule) error {
		_, err := ResizeMap(m, h, w, c, toH, toW, r)
		return err
	}
	shorter := func(w, h, side int) error { _, err := ShorterSide(image.Pt(w, h), side); return err }
	crop := func(w, h, toW, toH int) error { _, err := CentreCrop(image.Pt(w, h), image.Pt(toW, toH)); return err }
	smooth := func(m []float32, h, w int, s float64) error { _, err := KorniaGaussian(m, h, w, s); return err }
	long := image.NewRGBA(image.Rect(0, 0, 1, 1<<14))
	for _, c := range []struct {
		err  error
		says string
	}{
		{resize(nil, 2, 2, PillowBox), "no picture"},
		{resize(&image.RGBA{}, 2, 2, PillowBox), "no pixels"},
		{resize(p, 0, 2, PillowBox), "0×2"},
		{resize(p, -1, -1, OpenCVNearest), "-1×-1"},
		{resize(p, math.MaxInt, math.MaxInt, TorchNearest), "at most"},
		{resize(long, 1<<14, 1, PillowBox), "16384×16384"},
		{resize(p, 1<<17, 2, PillowBox), "at most 65536 pixels, not 131072"},
		{resize(p, 2, 2, -1), "no rule -1"},
		{resize(p, 2, 2, Rule(len(rules))), "no rule"},
		{resize(p, 2, 2, TorchBilinear), "TorchBilinear is a rule for floats"},
		{resizeMap(nil, 0, 0, 0, 0, 0, 0), "0×0"},
		{resizeMap(m, 2, 3, 0, 2, 2, 0), "0 channels"},
		{resizeMap(m, 2, 3, -1, 2, 2, 0), "-1 channels"},
		{resizeMap(m, 2, 2, 1, 2, 2, 0), "does not have 6 values"},
		{resizeMap(m, 1<<32, 1<<32, 1, 2, 2, 0), "at most"},
		{resizeMap(m, 1, 1, 6, 1<<13, 1<<13, TorchBilinear), "million values"},
		{resizeMap(m, 2, 3, 1, 2, 2, 99), "no rule 99"},
		{shorter(0, 5, 3), "0×5"},
		{shorter(4, 5, 0), "side of 0"},
		{shorter(4, 5, math.MaxInt), "want 1 to"},
		{shorter(1, 1<<20, 1<<10), "at most"},
		{crop(0, 0, 1, 1), "0×0"},
		{crop(4, 4, 5, 1), "5×1 in a picture of 4×4"},
		{crop(4, 4, 0, 1), "0×1"},
		{smooth(m, 2, 2, 1), "not 6"},
		{smooth(m, 2, 3, math.NaN()), "sigma"},
		{smooth(m, 2, 3, -1), "sigma"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("error %v, want one that says %s", c.err, c.says)
		}
	}
	if s := Rule(99).String() + Rule(-1).String(); s != "Rule(99)Rule(-1)" {
		t.Error(s)
	}
}

// FuzzResize resizes lines and pictures of all sizes: no rule reads beyond them, and what is of one shade stays so.
func FuzzResize(f *testing.F) {
	for _, s := range [][4]uint8{{1, 1, 1, 1}, {1, 200, 1, 3}, {200, 1, 3, 1}, {1, 3, 1, 255}, {7, 5, 1, 1}, {1, 1, 9, 9}, {16, 8, 8, 4}} {
		f.Add(s[0], s[1], s[2], s[3], uint8(200))
	}
	f.Fuzz(func(t *testing.T, w, h, toW, toH, shade uint8) {
		if w == 0 || h == 0 || toW == 0 || toH == 0 {
			return
		}
		from, to := image.Pt(int(w), int(h)), image.Pt(int(toW), int(toH))
		pix := make([]byte, 4*from.X*from.Y) // of no more room than it takes
		values := make([]float32, from.X*from.Y)
		for i := range pix {
			pix[i], values[i/4] = shade, float32(shade)
		}
		p := &image.RGBA{Pix: pix, Stride: 4 * from.X, Rect: image.Rectangle{Max: from}}
		for rule := range Rule(len(rules)) {
			m, err := ResizeMap(values, from.Y, from.X, 1, to.Y, to.X, rule)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range m {
				if !(math.Abs(float64(v)-float64(shade)) <= 1e-5*float64(shade)) {
					t.Fatalf("%v, %v to %v: value %d of a map of %d is %g", rule, from, to, i, shade, v)
				}
			}
			if rules[rule].bytes == nil {
				continue
			}
			got, err := Resize(p, to, rule)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range got.Pix {
				if v != shade {
					t.Fatalf("%v, %v to %v: byte %d of a picture of %d is %d", rule, from, to, i, shade, v)
				}
			}
		}
	})
}
