package generate

import (
	"encoding/json"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// nsaCase is a call of the authors' code (testdata/nsa/make_nsa.py).
type nsaCase struct {
	Name     string
	Pictures int
	Options  struct {
		Mode         NSAMode
		Patches      int
		HalfWidths   [2][2]float64 `json:"half_widths"`
		Gamma        []float64
		ResizeBounds [2]float64 `json:"resize_bounds"`
		Resize       *bool
		Shift        *bool
		MinObject    float64 `json:"min_object"`
		Background   []float64
		Label        NSALabel
		Logistic     [2]float64
		Ellipses     int
	}
	Draws []anomaly.Draw
}

func (c nsaCase) options() NSAOptions {
	o, from := DefaultNSA(), c.Options
	o.Preset, o.Foreground = Released, Everywhere
	o.Mode, o.Patches, o.HalfHeights, o.HalfWidths = from.Mode, from.Patches, from.HalfWidths[0], from.HalfWidths[1]
	o.Gamma = &NSAGamma{from.Gamma[0], from.Gamma[1], from.Gamma[2]}
	o.Resize, o.Shift = from.Resize == nil, from.Shift == nil
	if from.ResizeBounds[0] > 0 {
		o.ResizeBounds = from.ResizeBounds
	}
	o.Label, o.LogisticK, o.LogisticX0, o.Ellipses = from.Label, from.Logistic[0], from.Logistic[1], from.Ellipses
	if from.Background != nil {
		o.Background, o.MinObject = []NSAShade{{from.Background[0], from.Background[1]}}, from.MinObject
	}
	return o
}

// TestNSA makes the authors' pictures with their draws.
func TestNSA(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "nsa", "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []nsaCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			n, err := NewNSA(c.options())
			if err != nil {
				t.Fatal(err)
			}
			number := string(rune('0' + c.Pictures))
			in := anomaly.Input{Normal: nsaPicture(t, "destination"+number), Others: []*image.RGBA{nsaPicture(t, "source"+number)}}
			player := anomaly.NewPlayer(c.Draws)
			got, err := n.Generate(t.Context(), in, player)
			if err != nil {
				t.Fatal(err)
			}
			if err := player.Err(); err != nil {
				t.Fatal(err)
			}
			most := 3 * len(got.Soft.Values) / 500
			if c.Name == evenGround {
				most *= 2
			}
			compareNSA(t, got, most, nsaPicture(t, c.Name), nsaShades(t, c.Name+"-label"))
		})
	}
}

// evenGround is the case whose ground is even: there the exact solution is the picture's whole numbers, and two versions of
// OpenCV differ by a fifth of a percent themselves.
const evenGround = "thing"

// compareNSA allows some numbers to be a level apart, where OpenCV's single precision cuts colours off otherwise, and other
// labels there.
func compareNSA(t *testing.T, got anomaly.Result, most int, picture *image.RGBA, label *image.Gray16) {
	t.Helper()
	apart, wrong := 0, 0
	for i, v := range got.Soft.Values {
		p, want := got.Picture.Pix[4*i:][:3], picture.Pix[4*i:][:3]
		differs := false
		for c := range p {
			d := max(p[c], want[c]) - min(p[c], want[c])
			if d > 1 {
				t.Fatalf("pixel %d is %v, want %v", i, p, want)
			}
			apart += int(d)
			differs = differs || d > 0
		}
		soft := float64(label.Pix[2*i])*256 + float64(label.Pix[2*i+1])
		if math.Abs(float64(v)-soft/65535) > 1e-3 {
			wrong++
		}
	}
	if apart > most || wrong > apart {
		t.Errorf("%d numbers are a level apart, want at most %d; %d labels are others", apart, most, wrong)
	}
}

func nsaPicture(t *testing.T, name string) *image.RGBA {
	t.Helper()
	m, err := images.Read(t.Context(), filepath.Join("testdata", "nsa", name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func nsaShades(t *testing.T, name string) *image.Gray16 {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "nsa", name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return m.(*image.Gray16)
}

// TestNSAMedians compares with OpenCV's medians of zeros and ones, and scikit-image's of a disc.
func TestNSAMedians(t *testing.T) {
	read := func(name string) *image.Gray {
		m := nsaPicture(t, name)
		out := image.NewGray(m.Rect)
		for i := range out.Pix {
			out.Pix[i] = m.Pix[4*i]
		}
		return out
	}
	from := bitsOf(read("median-from"))
	for side, name := range map[int]string{5: "median-5", 7: "median-7"} {
		want := bitsOf(read(name))
		for i, v := range from.smoothed(side).on {
			if v != want.on[i] {
				t.Fatalf("%s: pixel %d is %d", name, i, v)
			}
		}
	}
	values, want := read("disc-from"), read("disc-5")
	numbers := make([]int, len(values.Pix))
	for i, v := range values.Pix {
		numbers[i] = 3 * int(v)
	}
	for i, v := range discMedians(numbers, values.Rect.Size(), values.Rect) {
		if v != 3*int(want.Pix[i]) {
			t.Fatalf("number %d is %d, want %d", i, v, 3*int(want.Pix[i]))
		}
	}
}
