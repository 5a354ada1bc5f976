// Package images is what a program does with photographs and masks: it reads PNG and JPEG files as they are to be seen,
// fits them to the sizes that a model takes, cuts, thresholds, resizes and pastes them, makes tensors of them and pictures
// of tensors, and writes PNG files with texts.
//
// A picture is an opaque *image.RGBA whose bounds start at the origin, as Read returns it.
package images

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
	"reflect"
	"unicode/utf8"
)

// MaxPixels is the size up to which pictures are read and made: 67 million pixels, for instance 8192×8192. Reading
// takes up to 16 bytes of memory for each while it lasts.
const MaxPixels = 1 << 26

// CheckSize tells whether pictures of a size are read and made: from one pixel to MaxPixels.
func CheckSize(width, height int) error {
	if width < 1 || height < 1 || width > MaxPixels/height {
		return fmt.Errorf("a picture of %d×%d: want at least 1×1 and at most %d million pixels", width, height, MaxPixels/1_000_000)
	}
	return nil
}

// Check tells whether a picture is one: there, of one pixel at least, and with as many values as its bounds need.
func Check(picture *image.RGBA) error {
	if picture == nil {
		return errors.New("there is no picture")
	}
	w, h, have := picture.Rect.Dx(), picture.Rect.Dy(), len(picture.Pix)
	switch {
	case w < 1 || h < 1:
		return fmt.Errorf("a picture of %d×%d has no pixels", w, h)
	case w > have/4 || picture.Stride < 4*w || (have-4*w)/picture.Stride < h-1:
		return fmt.Errorf("a picture of %d×%d, with rows of %d bytes, has only %d bytes", w, h, picture.Stride, have)
	}
	return nil
}

// sizeIf is the size of a picture, 0×0 of what is none.
func sizeIf(picture *image.RGBA) image.Point {
	if Check(picture) != nil {
		return image.Point{}
	}
	return picture.Rect.Size()
}

// Read reads a PNG or JPEG file of any colour model, the way up that its Exif or XMP data say, as
// ImageOps.exif_transpose of Pillow. The file may be a pipe of up to 64 MiB.
//
// The pixels are those of Pillow's convert("RGB"), but for three things: transparent parts are filled with white, and
// do not show the colour that is stored there; of 16 bits of grey the upper 8 count, where Pillow takes nearly all
// for white; and the chroma of a JPEG file in CMYK or RGB is not interpolated. Colour profiles are passed over.
//
// The error names the file and says what it is, if it is no picture, or a JPEG file of a kind that is not read:
// arithmetic or lossless coding, 12 bits, chroma that is not a fraction of the luma in the same way in both channels.
// Pictures of more than MaxPixels and files that would take very long are refused before they are decoded. Read ends
// when ctx does.
func Read(ctx context.Context, path string) (*image.RGBA, error) {
	return with(ctx, path, readPicture)
}

func readPicture(file *io.SectionReader) (*image.RGBA, error) {
	picture, up, err := decode(file)
	if err != nil {
		return nil, err
	}
	return up.turned(flatten(picture, color.White)), nil
}

// decode reads a picture and how it is to be turned. The formats that a program has registered with package image do
// not matter: their decoders have no bounds.
func decode(file *io.SectionReader) (image.Image, orientation, error) {
	head := make([]byte, 512)
	n, err := file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, upright, err
	}
	switch head = head[:n]; {
	case bytes.HasPrefix(head, []byte(pngSignature)):
		return decodePNG(file)
	case bytes.HasPrefix(head, []byte("\xff\xd8")):
		return decodeJPEG(file)
	}
	return nil, upright, fmt.Errorf("this is %s; PNG and JPEG files are accepted", kindOf(head))
}

// flatten puts a picture on a background of one colour.
func flatten(picture image.Image, background color.Color) *image.RGBA {
	if p, ok := picture.(*image.RGBA); ok && p.Rect.Min == (image.Point{}) && p.Opaque() {
		return p
	}
	b := picture.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Bounds(), image.NewUniform(background), image.Point{}, draw.Src)
	draw.Draw(out, out.Bounds(), picture, b.Min, draw.Over)
	return out
}

// kindOf names what a file that begins like this is.
func kindOf(head []byte) string {
	for _, known := range []struct {
		offset int
		magic  string
		kind   string
	}{
		{0, "GIF8", "a GIF picture"},
		{8, "WEBP", "a WebP picture"},
		{4, "ftypavif", "an AVIF picture"},
		{4, "ftyphei", "a HEIC picture"},
		{4, "ftypmif1", "a HEIF picture"},
		{0, "BM", "a BMP picture"},
		{0, "II*\x00", "a TIFF picture"},
		{0, "MM\x00*", "a TIFF picture"},
		{0, "\x76\x2f\x31\x01", "an OpenEXR picture"},
		{0, "8BPS", "a Photoshop file"},
		{0, "<svg", "an SVG drawing"},
		{0, "version https://git-lfs.github.com/", "a Git LFS pointer and not the picture, which 'git lfs pull' fetches"},
		{0, "<!DOCTYPE html", "a web page"},
		{0, "<!doctype html", "a web page"},
		{0, "<html", "a web page"},
		{0, "%PDF", "a PDF document"},
		{0, "PK\x03\x04", "a ZIP archive"},
		{8, "{\"", "a safetensors file"},
	} {
		if len(head) >= known.offset && bytes.HasPrefix(head[known.offset:], []byte(known.magic)) {
			return known.kind
		}
	}
	switch {
	case len(head) == 0:
		return "an empty file"
	case utf8.Valid(head[:max(0, len(head)-utf8.UTFMax)]) && !bytes.ContainsRune(head, 0):
		return "a text file"
	}
	return "no picture that is known here"
}

// Bounds is where a picture lies; nowhere if there is none.
func Bounds(p image.Image) image.Rectangle {
	if v := reflect.ValueOf(p); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return image.Rectangle{}
	}
	return p.Bounds()
}
