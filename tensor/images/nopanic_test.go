package images

import (
	"image"
	"image/color"
	"math"
	"path/filepath"
	"testing"

	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// TestNoPanic gives every exported function pictures that are none, sizes without sense and tensors of other shapes:
// an error, or nothing where there is none to return.
func TestNoPanic(t *testing.T) {
	for name, p := range map[string]*image.RGBA{
		"none":    nil,
		"zero":    {},
		"empty":   image.NewRGBA(image.Rect(3, 3, 3, 9)),
		"no rows": {Rect: image.Rect(0, 0, 4, 4), Stride: 16},
		"narrow":  {Rect: image.Rect(0, 0, 4, 4), Stride: 4, Pix: make([]uint8, 64)},
		"wide":    {Rect: image.Rect(0, 0, math.MaxInt, 1), Stride: 16, Pix: make([]uint8, 64)},
		"flat":    {Rect: image.Rect(0, 0, 4, 4), Pix: make([]uint8, 64)},
	} {
		fit := Fit{From: image.Pt(4, 4), Scaled: image.Pt(4, 4), Crop: image.Rect(0, 0, 4, 4)}
		_, err1 := fit.Picture(p)
		_, err2 := fit.Nearest(p)
		_, err3 := HeatMap(p, make([]float32, 16))
		_, err4 := EncodePNG(p, nil)
		_, err5 := Fitted(p, 0, 1)
		_, err6 := Colours{Grey: true}.EncodePNG(p, nil)
		for i, err := range []error{Check(p), err1, err2, err3, err4, err5, err6, WritePNG(filepath.Join(t.TempDir(), "a.png"), p)} {
			if err == nil {
				t.Errorf("%s, call %d: no error", name, i)
			}
		}
		if n := len(Binary(p)) + len(Luminance(p)) + len(ToTensor(p, ChannelsFirst, Signed)); n > 0 || ForModel(p) != nil || Desaturate(p) != nil || IsGrey(p) {
			t.Errorf("%s: %d values of no picture", name, n)
		}
		if !Cut(p, image.Rect(0, 0, 9, 9)).Rect.Empty() {
			t.Errorf("%s: a part of no picture", name)
		}
	}
	for name, p := range map[string]image.Image{"nil": nil, "nil picture": (*image.RGBA)(nil), "empty": image.NewGray(image.Rectangle{})} {
		if err := WritePNGText(filepath.Join(t.TempDir(), "a.png"), p, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if got := Cut(filled(4, 4, color.White), image.Rect(-1<<40, 2, 1<<40, 1<<40)).Bounds(); got != image.Rect(0, 0, 4, 2) {
		t.Errorf("a part that reaches beyond the picture: %v", got)
	}
}

// TestNoPanicOfSizes does so with sizes.
func TestNoPanicOfSizes(t *testing.T) {
	for _, size := range [][2]int{{0, 0}, {-1, 2}, {math.MinInt, math.MinInt}, {math.MaxInt, math.MaxInt}, {1 << 62, 4}, {1 << 20, 1 << 20}} {
		w, h := size[0], size[1]
		_, err1 := FromTensor(nil, h, w, ChannelsFirst, Unit)
		_, err2 := FromMap(nil, h, w)
		_, err3 := FitTo(image.Pt(w, h), 0, 1)
		_, err4 := FitTo(image.Pt(5, 5), w, h)
		for i, err := range []error{CheckSize(w, h), err1, err2, err3, err4} {
			if err == nil {
				t.Errorf("%v, call %d: no error", size, i)
			}
		}
		if FromBytes(nil, h, w) != nil || FromBytes(make([]byte, 11), 2, 2) != nil {
			t.Errorf("%v: a picture of too few bytes", size)
		}
	}
	p := filled(4, 4, color.White)
	for _, f := range []Fit{
		{},
		{From: image.Pt(4, 4)},
		{From: image.Pt(4, 4), Scaled: image.Pt(8, 8)},
		{From: image.Pt(4, 4), Scaled: image.Pt(8, 8), Crop: image.Rect(0, 0, 9, 8)},
		{From: image.Pt(4, 4), Scaled: image.Pt(8, 8), Crop: image.Rect(-1, 0, 8, 8)},
		{From: image.Pt(4, 4), Scaled: image.Pt(1<<40, 1<<40), Crop: image.Rect(0, 0, 1<<40, 1<<40)},
		{From: image.Pt(4, 4), Scaled: image.Pt(-8, 8), Crop: image.Rect(0, 0, 8, 8)},
	} {
		_, err1 := f.Picture(p)
		_, err2 := f.Nearest(p)
		if err1 == nil || err2 == nil {
			t.Errorf("%+v: errors %v, %v", f, err1, err2)
		}
		_ = f.String()
	}
}

// TestNoPanicOfTensors does so with tensors.
func TestNoPanicOfTensors(t *testing.T) {
	for name, d := range map[string]*gt.Dense{
		"none":         nil,
		"zero":         {},
		"scalar":       tensor.FromFloat32s([]float32{1}),
		"vector":       tensor.FromFloat32s(make([]float32, 3), 3),
		"no batch":     tensor.FromFloat32s(make([]float32, 12), 3, 2, 2),
		"two pictures": tensor.FromFloat32s(make([]float32, 24), 2, 3, 2, 2),
		"four colours": tensor.FromFloat32s(make([]float32, 16), 1, 4, 2, 2),
		"integers":     gt.New(gt.WithShape(1, 3, 2, 2), gt.WithBacking(make([]int, 12))),
		"float64":      gt.New(gt.WithShape(1, 3, 2, 2), gt.WithBacking(make([]float64, 12))),
	} {
		if _, err := FromModel(d); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := FromTensor(make([]float32, 12), 2, 2, ChannelsFirst, Range{1, 1}); err == nil {
		t.Error("a range of one value: no error")
	}
}
