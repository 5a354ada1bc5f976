package imageio

import (
	"image"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// labelMargin is the white around a label's letters, in their own pixels.
const labelMargin = 3

// Labelled puts a line of black text on white above a picture. The letters, of ASCII only, grow with the
// picture in whole steps; a picture that is narrower than its text is put to the left on white.
func Labelled(picture image.Image, text string) *image.RGBA {
	label := writing(text)
	size := picture.Bounds().Size()
	scale := max(1, size.X/256)
	line := image.Rect(0, 0, scale*label.Bounds().Dx(), scale*label.Bounds().Dy())
	out := image.NewRGBA(image.Rect(0, 0, max(size.X, line.Dx()), line.Dy()+size.Y))
	draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src)
	draw.NearestNeighbor.Scale(out, line, label, label.Bounds(), draw.Src, nil)
	draw.Draw(out, image.Rect(0, line.Dy(), size.X, line.Dy()+size.Y), picture, picture.Bounds().Min, draw.Over)
	return out
}

// writing is text in black on white, with its margin.
func writing(text string) *image.RGBA {
	face := basicfont.Face7x13
	width := font.MeasureString(face, text).Ceil()
	m := image.NewRGBA(image.Rect(0, 0, width+2*labelMargin, face.Height+2*labelMargin))
	draw.Draw(m, m.Bounds(), image.White, image.Point{}, draw.Src)
	d := font.Drawer{Dst: m, Src: image.Black, Face: face, Dot: fixed.P(labelMargin, labelMargin+face.Ascent)}
	d.DrawString(text)
	return m
}
