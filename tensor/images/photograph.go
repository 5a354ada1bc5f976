package images

import (
	"context"
	"fmt"
	"image"
	"io"
	"strings"
)

// Photograph is a picture, and what there is to know about its colours.
type Photograph struct {
	Picture *image.RGBA // as Read returns it
	Colours
}

// Colours is what there is to know about the colours of a picture.
type Colours struct {
	Grey    bool    // it has none: red, green and blue are equal throughout
	Profile Profile // what its numbers are as colours; nil where the file does not say it
	Dropped error   // why a profile that the file has was not kept; nil if it was, or there is none
}

// String says it to people, such as `grey, colour profile "Dot Gain 20%"`; it is empty where there is nothing special.
func (c Colours) String() string {
	var all []string
	if c.Grey {
		all = append(all, "grey")
	}
	if c.Profile != nil {
		all = append(all, fmt.Sprintf("colour profile %q", c.Profile.Name()))
	}
	if c.Dropped != nil {
		all = append(all, fmt.Sprintf("without its colour profile: %v", c.Dropped))
	}
	return strings.Join(all, ", ")
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
		p.Profile, p.Dropped = nil, err
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

// EncodePNG returns the PNG file of a picture of these colours, with texts, as EncodePNG of the package: with the
// profile, and where it is grey, of one channel. PNG allows a profile about grey with one channel alone, and one about
// RGB with three, so a profile about grey is left out of a picture that has colours, such as a heat map, and a grey
// picture with one about RGB has three channels.
func (c Colours) EncodePNG(picture *image.RGBA, texts []Text) ([]byte, error) {
	one := c.Grey && IsGrey(picture) && picture.Opaque() && (c.Profile == nil || c.Profile.Grey())
	var as image.Image = picture
	if one {
		as = oneChannel(picture)
	}
	file, err := EncodePNG(as, texts)
	if err != nil || c.Profile == nil || c.Profile.Grey() != one {
		return file, err
	}
	return insertProfile(file, c.Profile)
}

// oneChannel is a grey picture as such.
func oneChannel(picture *image.RGBA) *image.Gray {
	out := image.NewGray(image.Rectangle{Max: picture.Rect.Size()})
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			out.Pix[y*out.Stride+x] = picture.Pix[y*picture.Stride+4*x]
		}
	}
	return out
}
