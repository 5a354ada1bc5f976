// Package images is what a program does with photographs and masks: it reads their files as they are to be seen, fits
// them to the sizes that a model takes, cuts, thresholds, resizes and pastes them, makes tensors of them and pictures
// of tensors, and writes PNG files with texts and colour profiles.
//
// A picture is an opaque *image.RGBA whose bounds start at the origin, as Read returns it.
package images

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
	"reflect"
)

// MaxPixels is the size up to which pictures are read and made: 67 million pixels, for instance 8192×8192. Reading
// takes up to 40 bytes of memory for each while it lasts.
const MaxPixels = 1 << 26

// CheckSize refuses sizes of which no pictures are read or made: of no pixels, or of more than MaxPixels.
func CheckSize(width, height int) error {
	if width < 1 || height < 1 || width > MaxPixels/height {
		return fmt.Errorf("a picture of %d×%d: want at least 1×1 and at most %d million pixels", width, height, MaxPixels/1_000_000)
	}
	return nil
}

// Check refuses what is no picture: nil, one without pixels, or with fewer values than its bounds need.
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

// Read reads a picture of any colour model from a PNG, JPEG, GIF, BMP, TIFF or WebP file, the way up that its Exif or
// XMP data say, as ImageOps.exif_transpose of Pillow. Of an animated GIF or PNG file it is the first frame, of a TIFF
// file the first page; nothing else of them is decoded. The file may be a pipe of up to 64 MiB.
//
// The pixels are those of Pillow's convert("RGB"), but for three things: transparent parts, and what the first frame
// of a GIF file leaves uncovered, are filled with white, and do not show the colour that is stored there; of 16 bits
// of grey the upper 8 count, where Pillow takes nearly all for white; and the chroma of a JPEG file in CMYK or RGB is
// not interpolated. Colour profiles are passed over;
// ReadPhotograph returns them.
//
// The error names the file and says what it is, if it is no picture, or one of a kind that is not read, such as HEIC,
// AVIF, JPEG XL and animated WebP; JPEG files of arithmetic or lossless coding, of 12 bits, and with chroma that is
// not a fraction of the luma in the same way in both channels; TIFF files in CMYK or YCbCr, of floating-point numbers,
// with JPEG inside, or with a plane for each colour; packed BMP files. Pictures of more than MaxPixels and files that
// would take very long are refused before they are decoded. Read ends when ctx does.
func Read(ctx context.Context, path string) (*image.RGBA, error) {
	return with(ctx, path, readPicture)
}

func readPicture(file *io.SectionReader) (*image.RGBA, error) {
	picture, err := decode(file)
	if err != nil {
		return nil, err
	}
	return picture.seen(), nil
}

// stored is a picture as its file has it.
type stored struct {
	image.Image
	screen  image.Rectangle // all of it, of which the first frame of a GIF file may cover a part
	up      orientation     // how it is to be turned
	profile noted
}

// seen is the picture as it is to be seen.
func (s *stored) seen() *image.RGBA { return s.up.turned(s.on(color.White)) }

// decode reads a picture. The formats that a program has registered with package image do not matter: their decoders
// have no bounds.
func decode(file *io.SectionReader) (*stored, error) {
	head := make([]byte, 512)
	n, err := file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	head = head[:n]
	for _, format := range []struct {
		magic  string // how its files begin; ? stands for any byte
		decode func(file *io.SectionReader) (*stored, error)
	}{
		{pngSignature, decodePNG},
		{"\xff\xd8", decodeJPEG},
		{"GIF8", decodeGIF},
		{"BM????\x00\x00\x00\x00", decodeBMP},
		{"II*\x00", decodeTIFF},
		{"MM\x00*", decodeTIFF},
		{"RIFF????WEBP", decodeWebP},
	} {
		if begins(head, format.magic) {
			return format.decode(file)
		}
	}
	return nil, fmt.Errorf("this is %s; PNG, JPEG, GIF, BMP, TIFF and WebP files are accepted", kindOf(head))
}

// on puts a picture on a background of one colour.
func (s *stored) on(background color.Color) *image.RGBA {
	if p, ok := s.Image.(*image.RGBA); ok && p.Rect == s.screen && p.Rect.Min == (image.Point{}) && p.Opaque() {
		return p
	}
	if p, ok := s.Image.(*image.Gray); ok && p.Rect == s.screen {
		return fromGray(p)
	}
	out := image.NewRGBA(image.Rectangle{Max: s.screen.Size()})
	draw.Draw(out, out.Bounds(), image.NewUniform(background), image.Point{}, draw.Src)
	draw.Draw(out, s.Bounds().Sub(s.screen.Min), s.Image, s.Bounds().Min, draw.Over)
	return out
}

// fromGray gives all three colours the grey's value.
func fromGray(p *image.Gray) *image.RGBA {
	size := p.Rect.Size()
	out := image.NewRGBA(image.Rectangle{Max: size})
	eachRow(size.Y, size.X, func(lo, hi int) {
		for y := lo; y < hi; y++ {
			to := out.Pix[y*out.Stride:][:out.Stride]
			for x, v := range p.Pix[y*p.Stride:][:size.X] {
				binary.LittleEndian.PutUint32(to[4*x:], 0xff000000|0x010101*uint32(v))
			}
		}
	})
	return out
}

// Bounds is where a picture lies; nowhere if there is none.
func Bounds(p image.Image) image.Rectangle {
	if v := reflect.ValueOf(p); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return image.Rectangle{}
	}
	return p.Bounds()
}
