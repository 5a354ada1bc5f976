package show

import (
	"image"

	"github.com/sdgraph/sdgraph/tensor/images"
	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

const (
	labelMargin  = 3  // white around a label's letters, in their own pixels
	largestScale = 64 // of letters: 64 are for a picture of 16384 pixels
)

// Labelled puts a line of black text on white above a picture. The letters, of ASCII only, grow with the
// picture in whole steps; a picture that is narrower than its text is put to the left on white.
func Labelled(picture image.Image, text string) *image.RGBA {
	bounds := images.Bounds(picture)
	size := bounds.Size()
	label := Writing(text, max(1, size.X/256))
	line := label.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, max(size.X, line.Dx()), line.Dy()+size.Y))
	draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(out, line, label, image.Point{}, draw.Src)
	if !bounds.Empty() {
		draw.Draw(out, image.Rect(0, line.Dy(), size.X, line.Dy()+size.Y), picture, bounds.Min, draw.Over)
	}
	return out
}

// Writing is a line of black text on white, of ASCII only, 19 pixels high times scale, 1 to 64.
func Writing(text string, scale int) *image.RGBA {
	small := writing(text)
	scale = max(1, min(scale, largestScale))
	out := image.NewRGBA(image.Rectangle{Max: small.Bounds().Size().Mul(scale)})
	draw.NearestNeighbor.Scale(out, out.Bounds(), small, small.Bounds(), draw.Src, nil)
	return out
}

func writing(text string) *image.RGBA {
	face := basicfont.Face7x13
	width := font.MeasureString(face, text).Ceil()
	m := image.NewRGBA(image.Rect(0, 0, width+2*labelMargin, face.Height+2*labelMargin))
	draw.Draw(m, m.Bounds(), image.White, image.Point{}, draw.Src)
	d := font.Drawer{Dst: m, Src: image.Black, Face: face, Dot: fixed.P(labelMargin, labelMargin+face.Ascent)}
	d.DrawString(text)
	return m
}
