package images

import (
	"context"
	"fmt"
	"image"
	"io"
)

// Photograph is a picture, and what its file says about its colours.
type Photograph struct {
	Picture *image.RGBA // as Read returns it
	Grey    bool        // it has no colours: red, green and blue are equal throughout
	Profile Profile     // what its numbers are as colours; nil where the file does not say it

	// Dropped says why a profile that the file has was not kept; nil if it was, or there is none.
	Dropped error
}

// ReadPhotograph reads a picture as Read does, with the colour profile of a PNG, JPEG, TIFF or WebP file. One that is
// damaged, about other colours than the pixels have, such as CMYK, or larger than MaxProfile, is dropped: it is the
// pixels that matter.
func ReadPhotograph(ctx context.Context, path string) (*Photograph, error) {
	return with(ctx, path, readPhotograph)
}

func readPhotograph(file *io.SectionReader) (*Photograph, error) {
	s, err := decode(file)
	if err != nil {
		return nil, err
	}
	p := &Photograph{Picture: s.seen()}
	p.Grey = IsGrey(p.Picture)
	if p.Profile, err = s.profile.parse(); err != nil {
		p.Profile, p.Dropped = nil, fmt.Errorf("the colour profile is not kept: %w", err)
	}
	return p, nil
}

// IsGrey reports whether a picture has no colours: red, green and blue are equal in every pixel.
func IsGrey(picture *image.RGBA) bool {
	if Check(picture) != nil {
		return false
	}
	for y := range picture.Rect.Dy() {
		row := picture.Pix[y*picture.Stride:][:4*picture.Rect.Dx()]
		for ; len(row) > 0; row = row[4:] {
			if row[0] != row[1] || row[1] != row[2] {
				return false
			}
		}
	}
	return true
}

// Desaturate returns a picture without its colours: of each pixel the luma of ITU-R BT.601, 0.299 R + 0.587 G +
// 0.114 B, rounded. What is grey already stays as it is. It is nil if there is no picture.
func Desaturate(picture *image.RGBA) *image.RGBA {
	if Check(picture) != nil {
		return nil
	}
	out := image.NewRGBA(image.Rectangle{Max: picture.Rect.Size()})
	for y := range out.Rect.Dy() {
		from, to := picture.Pix[y*picture.Stride:], out.Pix[y*out.Stride:][:out.Stride]
		for i := 0; i < len(to); i += 4 {
			v := uint8((luma(from[i:]) + 500) / 1000)
			to[i], to[i+1], to[i+2], to[i+3] = v, v, v, from[i+3]
		}
	}
	return out
}

// OneChannel returns a picture without colours as one of a single channel, as which a PNG file of it has a third of
// the pixels; the picture itself if it has colours.
func OneChannel(picture *image.RGBA) image.Image {
	if !IsGrey(picture) || !picture.Opaque() {
		return picture
	}
	out := image.NewGray(image.Rectangle{Max: picture.Rect.Size()})
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			out.Pix[y*out.Stride+x] = picture.Pix[y*picture.Stride+4*x]
		}
	}
	return out
}
