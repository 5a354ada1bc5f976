package anomaly

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// pattern is a picture in which no two pixels near each other are the same, and none is red.
func pattern(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, color.RGBA{uint8(x % 100), uint8(7 * y), uint8(3*x + 5*y), 255})
		}
	}
	return m
}

var red = color.RGBA{255, 0, 0, 255}

// TestCanvasGrey: a grey photograph has grey results, whichever way they are put together.
func TestCanvasGrey(t *testing.T) {
	shades := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for i := range shades.Pix {
		shades.Pix[i] = uint8(i / 4 % 251)
		if i%4 == 3 {
			shades.Pix[i] = 255
		}
	}
	mask := maskOf(64, 48, image.Rect(20, 12, 44, 36))
	for name, with := range map[string]func(*image.RGBA, *image.Gray, int, int) (*Canvas, error){"canvas": NewCanvas, "window": NewWindow} {
		c := newCanvasFor(t, with, shades, mask, 32, 8)
		s, _ := paint(t, c)
		if !strings.HasSuffix(c.String(), ", grey") || !images.IsGrey(s.Picture) {
			t.Errorf("%s: the result of a grey photograph has colours", name)
		}
		c.Colours.Grey = false
		if s, _ := paint(t, c); images.IsGrey(s.Picture) {
			t.Errorf("%s: without Grey, red has become grey", name)
		}
		if c := newCanvasFor(t, with, pattern(64, 48), mask, 32, 8); c.Colours.Grey {
			t.Errorf("%s: a photograph of colours is said to be grey", name)
		}
	}
}

// flat is a map that is v everywhere.
func flat(w, h int, v float32) Map {
	return Map{Values: slices.Repeat([]float32{v}, w*h), Width: w, Height: h}
}

func newCanvasFor(t *testing.T, with func(*image.RGBA, *image.Gray, int, int) (*Canvas, error), photograph *image.RGBA, mask *image.Gray, size, multiple int) *Canvas {
	t.Helper()
	c, err := with(photograph, mask, size, multiple)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// paint composes red of the input's size, and a map that is 1 everywhere.
func paint(t *testing.T, c *Canvas) (Sample, Map) {
	t.Helper()
	picture, _ := c.Input()
	w, h := picture.Rect.Dx(), picture.Rect.Dy()
	s, soft, err := c.Compose(filled(w, h, red), flat(w, h, 1), flat(w, h, 1))
	if err != nil {
		t.Fatal(err)
	}
	return s, soft
}

// wantPainted is red from the width of the seam on inside the box, the photograph's colour outside it, and
// has a mask of the box.
func wantPainted(t *testing.T, s Sample, photograph *image.RGBA, box image.Rectangle) {
	t.Helper()
	if s.Picture.Rect != photograph.Rect || s.Mask.Rect != photograph.Rect {
		t.Fatalf("a picture of %v and a mask of %v, want %v", s.Picture.Rect, s.Mask.Rect, photograph.Rect)
	}
	inner := box.Inset(images.Feather)
	for y := range photograph.Rect.Dy() {
		for x := range photograph.Rect.Dx() {
			at := image.Pt(x, y)
			got, white := s.Picture.RGBAAt(x, y), s.Mask.GrayAt(x, y).Y
			switch {
			case !at.In(box) && (got != photograph.RGBAAt(x, y) || white != 0):
				t.Fatalf("outside the mask, at %v: %v of the photograph's %v, mask %d", at, got, photograph.RGBAAt(x, y), white)
			case at.In(box) && (got == photograph.RGBAAt(x, y) || white != 255):
				t.Fatalf("inside the mask, at %v: %v is the photograph's, or the mask is %d", at, got, white)
			case at.In(inner) && got != red:
				t.Fatalf("beyond the seam, at %v: %v", at, got)
			}
		}
	}
}

// TestCanvasOfAll composes at the model's size, where nothing has to be kept.
func TestCanvasOfAll(t *testing.T) {
	photograph := pattern(150, 100)
	c := newCanvasFor(t, NewCanvas, photograph, nil, 64, 32)
	if want := "150×100 scaled to 96×64"; c.String() != want {
		t.Errorf("it is %s, want %s", c, want)
	}
	input, mask := c.Input()
	if input != c.Photograph() || input.Rect != image.Rect(0, 0, 96, 64) || mask != nil {
		t.Errorf("the model is given %v, and a mask of %d", input.Rect, len(mask))
	}
	soft := flat(96, 64, 0.25)
	soft.Values[5*96+7] = 0.75
	for _, paste := range []bool{false, true} { // without a mask there is nothing to keep
		c.Paste = paste
		made := pattern(96, 64)
		s, got, err := c.Compose(made, soft, soft)
		if err != nil {
			t.Fatal(err)
		}
		if !cmp.Equal(s.Picture, made) || !cmp.Equal(got, soft) {
			t.Error("the picture or the map has changed")
		}
		if want := maskOf(96, 64, image.Rect(7, 5, 8, 6)); !cmp.Equal(s.Mask, want) {
			t.Error("the mask is not where the map is above the threshold")
		}
	}
}

// TestCanvasPaste leaves what is outside the mask as it is, if it is to.
func TestCanvasPaste(t *testing.T) {
	photograph, box := pattern(80, 64), image.Rect(10, 20, 50, 60)
	c := newCanvasFor(t, NewCanvas, photograph, maskOf(80, 64, box), 0, 8)
	if s, _ := paint(t, c); !cmp.Equal(s.Picture, filled(80, 64, red)) || !cmp.Equal(s.Mask, maskOf(80, 64, box)) {
		t.Error("without pasting: want the model's picture, and the mask")
	}
	c.Paste = true
	s, soft := paint(t, c)
	wantPainted(t, s, photograph, box)
	if soft.At(0, 0) != 1 {
		t.Error("the map is cut off by the mask")
	}
	if _, mask := c.Input(); !cmp.Equal(mask, images.Binary(asPicture(maskOf(80, 64, box)))) {
		t.Error("the model is given another mask")
	}
}

// TestCanvasWindow puts a window, seen pixel for pixel, where it was.
func TestCanvasWindow(t *testing.T) {
	photograph, box := pattern(300, 200), image.Rect(201, 102, 241, 138)
	c := newCanvasFor(t, NewWindow, photograph, maskOf(300, 200, box), 64, 32)
	if want := "64×64 at 189,88 of 300×200, pixel for pixel"; c.String() != want {
		t.Errorf("it is %s, want %s", c, want)
	}
	part := image.Rect(189, 88, 189+64, 88+64)
	if input, _ := c.Input(); !cmp.Equal(input, images.Cut(photograph, part)) || c.Photograph() != photograph {
		t.Error("the model is given another part")
	}
	s, soft := paint(t, c)
	wantPainted(t, s, photograph, box)
	if soft.Width != 300 || soft.Height != 200 || soft.At(part.Min.X, part.Min.Y) != 1 || soft.At(part.Min.X-1, part.Min.Y) != 0 || soft.At(part.Max.X-1, part.Max.Y-1) != 1 || soft.At(part.Max.X, part.Max.Y) != 0 {
		t.Errorf("the map of %d×%d is not 1 in the window and 0 around it", soft.Width, soft.Height)
	}
	c.Paste = false
	s, _ = paint(t, c)
	wantPainted(t, s, photograph, box)
}

// TestCanvasWindowScaled sees a window smaller than it is, and puts it back at its size: a part of the
// photograph, and all of it.
func TestCanvasWindowScaled(t *testing.T) {
	for name, c := range map[string]struct {
		w, h int
		box  image.Rectangle
		fit  string
	}{
		"part": {300, 200, image.Rect(100, 30, 228, 158), "160×160 at 84,14 of 300×200, seen at 64×64 because the mask is larger than that"},
		"all":  {200, 200, image.Rect(10, 10, 190, 190), "200×200 at 0,0 of 200×200, seen at 64×64 because the mask is larger than that"},
	} {
		photograph := pattern(c.w, c.h)
		canvas := newCanvasFor(t, NewWindow, photograph, maskOf(c.w, c.h, c.box), 64, 32)
		if canvas.String() != c.fit {
			t.Errorf("%s: it is %s, want %s", name, canvas, c.fit)
		}
		s, _ := paint(t, canvas)
		wantPainted(t, s, photograph, c.box)
	}
}

// TestCanvasWindowCut has the seam inside a window that cuts the mask, except where the photograph ends.
func TestCanvasWindowCut(t *testing.T) {
	photograph := pattern(500, 100)
	c := newCanvasFor(t, NewWindow, photograph, maskOf(500, 100, image.Rect(0, 0, 500, 100)), 64, 32)
	if want := "200×100 at 150,0 of 500×100, seen at 128×64 because the mask is larger than that; the mask reaches further and is cut off"; c.String() != want {
		t.Fatalf("it is %s, want %s", c, want)
	}
	s, _ := paint(t, c)
	inner := image.Rect(151, 0, 349, 100)
	if !cmp.Equal(s.Mask, maskOf(500, 100, inner)) {
		t.Error("the mask is another")
	}
	for _, at := range []struct {
		x, y int
		want color.RGBA
	}{{150, 50, photograph.RGBAAt(150, 50)}, {349, 50, photograph.RGBAAt(349, 50)}, {250, 0, red}, {250, 99, red}} {
		if got := s.Picture.RGBAAt(at.x, at.y); got != at.want {
			t.Errorf("at %d, %d: %v, want %v", at.x, at.y, got, at.want)
		}
	}
}

// TestCanvasWindowAtCorners has no seam where the photograph ends.
func TestCanvasWindowAtCorners(t *testing.T) {
	photograph := pattern(300, 200)
	for _, box := range []image.Rectangle{image.Rect(0, 0, 30, 30), image.Rect(270, 0, 300, 30), image.Rect(0, 170, 30, 200), image.Rect(270, 170, 300, 200)} {
		c := newCanvasFor(t, NewWindow, photograph, maskOf(300, 200, box), 64, 32)
		s, _ := paint(t, c)
		wantPainted(t, s, photograph, box)
		corner := image.Pt(box.Min.X/270*299, box.Min.Y/170*199)
		if got := s.Picture.RGBAAt(corner.X, corner.Y); got != red {
			t.Errorf("at the corner %v: %v", corner, got)
		}
	}
}

// TestCanvasOf16Bits leaves of a photograph of 16 bits what was read of it: the upper 8.
func TestCanvasOf16Bits(t *testing.T) {
	deep := image.NewNRGBA64(image.Rect(0, 0, 64, 48))
	for i := range 64 * 48 {
		deep.SetNRGBA64(i%64, i/64, color.NRGBA64{uint16(999 * i), uint16(77 * i), uint16(12345 * i), 0xffff})
	}
	var file bytes.Buffer
	if err := png.Encode(&file, deep); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "deep.png")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	photograph, err := images.Read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	box := image.Rect(20, 10, 44, 34)
	c := newCanvasFor(t, NewCanvas, photograph, maskOf(64, 48, box), 48, 16)
	c.Paste = true
	s, _ := paint(t, c)
	wantPainted(t, s, photograph, box)
	if got, of := s.Picture.RGBAAt(5, 40), deep.NRGBA64At(5, 40); got != (color.RGBA{uint8(of.R >> 8), uint8(of.G >> 8), uint8(of.B >> 8), 255}) {
		t.Errorf("%v of %v", got, of)
	}
}

// TestCanvasOfParts takes photographs, masks and pictures that are parts of others.
func TestCanvasOfParts(t *testing.T) {
	at := image.Rect(30, 20, 130, 100)
	photograph := pattern(200, 150).SubImage(at).(*image.RGBA)
	mask := maskOf(200, 150, image.Rect(70, 40, 100, 70)).SubImage(at).(*image.Gray)
	whole, box := images.Cut(photograph, at), image.Rect(40, 20, 70, 50)
	for name, with := range map[string]func(*image.RGBA, *image.Gray, int, int) (*Canvas, error){"window": NewWindow, "all": NewCanvas} {
		c := newCanvasFor(t, with, photograph, mask, 80, 20)
		c.Paste = true
		input, _ := c.Input()
		size := input.Rect.Size()
		made := filled(200, 200, red).SubImage(image.Rectangle{Max: size}.Add(image.Pt(50, 60))).(*image.RGBA)
		s, _, err := c.Compose(made, flat(size.X, size.Y, 1), flat(size.X, size.Y, 1))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wantPainted(t, s, whole, box)
	}
}

func TestCanvasMistakes(t *testing.T) {
	photograph, mask := pattern(80, 64), maskOf(80, 64, image.Rect(10, 10, 40, 40))
	failed := func(_ *Canvas, err error) error { return err }
	c := newCanvasFor(t, NewCanvas, photograph, mask, 0, 8)
	composed := func(c *Canvas, made *image.RGBA, soft Map) error {
		_, _, err := c.Compose(made, flat(80, 64, 1), soft)
		return err
	}
	for says, err := range map[string]error{
		"the photograph: there is no picture":                             failed(NewCanvas(nil, nil, 64, 8)),
		"the photograph: a picture of 0×0":                                failed(NewWindow(&image.RGBA{}, mask, 64, 8)),
		"a mask of 64×80 pixels, want the picture's 80×64":                failed(NewCanvas(photograph, maskOf(64, 80, image.Rectangle{}), 64, 8)),
		"a window is chosen for a mask, and there is none":                failed(NewWindow(photograph, nil, 64, 8)),
		"the mask is empty":                                               failed(NewWindow(photograph, maskOf(80, 64, image.Rectangle{}), 64, 8)),
		"the model's smallest picture is 64×64":                           failed(NewWindow(photograph, mask, 63, 64)),
		"both sides must be at least 96":                                  failed(NewCanvas(photograph, mask, 64, 96)),
		"there is no photograph":                                          composed(&Canvas{}, photograph, flat(80, 64, 0)),
		"the model's picture has 64×80 pixels, and it was given 80×64":    composed(c, pattern(64, 80), flat(80, 64, 0)),
		"the model's picture: there is no picture":                        composed(c, nil, flat(80, 64, 0)),
		"the soft map has 64×80 pixels, and the model was given 80×64":    composed(c, photograph, flat(64, 80, 0)),
		"the soft map: the map is NaN at pixel 0, 0":                      composed(c, photograph, flat(80, 64, float32(math.NaN()))),
		"the soft map: a map of 80×65 pixels has 5120 numbers, want 5200": composed(c, photograph, Map{Values: make([]float32, 80*64), Width: 80, Height: 65}),
		"the mask has 64×80 pixels, and the model was given 80×64": func() error {
			_, _, err := c.Compose(photograph, flat(64, 80, 0), flat(80, 64, 0))
			return err
		}(),
	} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one that says %s", err, says)
		}
	}
}
