package show

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"testing"

	"github.com/sdgraph/sdgraph/tensor/images"
)

// TestGrid finds pictures of several sizes at the corners of their places.
func TestGrid(t *testing.T) {
	red, blue, white := color.RGBA{200, 0, 0, 255}, color.RGBA{0, 0, 200, 255}, color.RGBA{255, 255, 255, 255}
	m := Grid([][]image.Image{
		{filled(10, 4, red), filled(6, 7, blue)},
		{filled(12, 5, blue)},
	})
	if got, want := m.Bounds().Size(), image.Pt(12+8+6, 7+8+5); got != want {
		t.Fatalf("size %v, want %v", got, want)
	}
	for at, want := range map[image.Point]color.RGBA{
		{0, 0}: red, {9, 3}: red, {10, 0}: white, {0, 4}: white,
		{20, 0}: blue, {25, 6}: blue, {19, 0}: white, {20, 7}: white,
		{0, 14}: white, {0, 15}: blue, {11, 19}: blue, {20, 15}: white,
	} {
		if got := m.RGBAAt(at.X, at.Y); got != want {
			t.Errorf("pixel %v is %v, want %v", at, got, want)
		}
	}
	if got := Grid(nil).Bounds(); !got.Empty() {
		t.Errorf("a grid of nothing is %v", got)
	}
}

func TestFromBytes(t *testing.T) {
	m := images.FromBytes([]byte{1, 2, 3, 4, 5, 6}, 1, 2)
	if got, want := m.RGBAAt(1, 0), (color.RGBA{4, 5, 6, 255}); got != want || m.Bounds().Size() != image.Pt(2, 1) {
		t.Errorf("pixel 1 of %v is %v, want %v", m.Bounds(), got, want)
	}
}

func TestSideBySide(t *testing.T) {
	p := SideBySide(filled(2, 3, color.Black), filled(4, 1, color.Black))
	if size := p.Bounds().Size(); size != image.Pt(14, 3) {
		t.Errorf("size %v", size)
	}
	for x, want := range []uint8{0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0} {
		if got := p.RGBAAt(x, 0).R; got != want {
			t.Errorf("column %d: %d, want %d", x, got, want)
		}
	}
}

// TestNoPanic lays out and labels what is no picture.
func TestNoPanic(t *testing.T) {
	for _, p := range []image.Image{nil, (*image.RGBA)(nil), image.NewGray(image.Rectangle{})} {
		Grid([][]image.Image{{p, filled(2, 2, color.White)}, nil})
		SideBySide(p)
		Labelled(p, "text")
	}
	for _, scale := range []int{math.MinInt, -1, 0, math.MaxInt} {
		Writing("a", scale)
	}
}

func filled(w, h int, c color.Color) *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(p, p.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	return p
}
