// Package imageio is picture input and output for the programs: reading PNG and JPEG files, fitting a picture
// and its mask to the sizes a model accepts, conversion to and from tensors, heat maps, and writing PNG files.
//
// A picture is an opaque *image.RGBA whose bounds start at the origin, as Read returns it.
package imageio

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/jpeg" // a format that Read accepts
	_ "image/png"  // a format that Read accepts
	"io"
	"os"
	"unicode/utf8"
)

// MaxPixels is the size up to which pictures are read: 67 million pixels, for instance 8192×8192.
const MaxPixels = 1 << 26

// Read reads a PNG or JPEG file of any colour model, a JPEG file the way up that its Exif orientation says.
// Transparent parts are filled with white. The error for anything else says what the file is. Pictures of more
// than MaxPixels are refused before they are decoded.
func Read(path string) (*image.RGBA, error) { return read(path, color.White) }

func read(path string, background color.Color) (*image.RGBA, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("picture: %w", err)
	}
	defer f.Close()
	config, format, err := image.DecodeConfig(f)
	if err != nil {
		return nil, fmt.Errorf("picture %s: %w", path, explain(f, err))
	}
	if config.Width < 1 || config.Height < 1 || config.Width > MaxPixels/config.Height {
		return nil, fmt.Errorf("picture %s: its size is given as %d×%d, pictures from 1×1 to %d million pixels are read",
			path, config.Width, config.Height, MaxPixels/1_000_000)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("picture %s: %w", path, err)
	}
	picture, _, err := image.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("picture %s: the %s file is damaged: %w", path, format, err)
	}
	up := upright
	if format == "jpeg" {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, fmt.Errorf("picture %s: %w", path, err)
		}
		up = jpegOrientation(f)
	}
	return up.turned(flatten(picture, background)), nil
}

// flatten puts a picture on a background of one colour.
func flatten(picture image.Image, background color.Color) *image.RGBA {
	b := picture.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Bounds(), image.NewUniform(background), image.Point{}, draw.Src)
	draw.Draw(out, out.Bounds(), picture, b.Min, draw.Over)
	return out
}

// explain says what a file is that does not decode.
func explain(f io.ReadSeeker, err error) error {
	if !errors.Is(err, image.ErrFormat) {
		return fmt.Errorf("the file is damaged: %w", err)
	}
	head := make([]byte, 512)
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	n, err := io.ReadFull(f, head)
	if err != nil && n == 0 && err != io.EOF {
		return err
	}
	return fmt.Errorf("this is %s; PNG and JPEG files are accepted", kindOf(head[:n]))
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
