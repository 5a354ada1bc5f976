package images

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"

	"golang.org/x/image/webp"
)

// webpFile is what the chunks of a WebP file say (RFC 9649, section 2), before anything is decoded.
type webpFile struct {
	lossy     int64 // bytes of the pixels, if they are coded lossily
	animated  bool
	cutOff    bool
	chunks    int
	exif, xmp []byte
	profile   noted
}

// surveyWebP goes through a WebP file to its end, or to where it makes no sense: what is wrong there, decoding says.
func surveyWebP(file *io.SectionReader) (f webpFile) {
	var head [8]byte
	file.ReadAt(head[:], 0)
	end := int64(binary.LittleEndian.Uint32(head[4:])) + int64(len(head))
	for at := int64(12); at < end && f.chunks <= maxChunks; f.chunks++ {
		if _, err := file.ReadAt(head[:], at); err != nil {
			f.cutOff = true
			return f
		}
		at += int64(len(head))
		size := int64(binary.LittleEndian.Uint32(head[4:]))
		if f.cutOff = at+size > file.Size(); f.cutOff {
			return f
		}
		f.add(string(head[:4]), io.NewSectionReader(file, at, size))
		at += size + size%2
	}
	return f
}

// add notes a chunk. Of several notes of a kind the first counts.
func (f *webpFile) add(kind string, data *io.SectionReader) {
	switch kind {
	case "VP8 ":
		f.lossy = data.Size()
	case "ANIM", "ANMF":
		f.animated = true
	case "ICCP":
		f.profile = noted{err: errProfileSize}
		if data.Size() <= MaxProfile {
			f.profile = noted{data: make([]byte, data.Size())}
			data.ReadAt(f.profile.data, 0) // it is there
		}
	case "EXIF":
		f.exif = firstNote(f.exif, data)
	case "XMP ":
		f.xmp = firstNote(f.xmp, data)
	}
}

func firstNote(note []byte, data *io.SectionReader) []byte {
	if note != nil || data.Size() > maxNotes {
		return note
	}
	note = make([]byte, data.Size())
	data.ReadAt(note, 0) // it is there
	return note
}

// decodeWebP reads a picture, coded lossily or not.
func decodeWebP(file *io.SectionReader) (*stored, error) {
	survey := surveyWebP(file)
	switch {
	case survey.animated:
		return nil, &unsupportedKind{"webp", "an animation", "save one of its pictures as PNG", nil}
	case survey.chunks > maxChunks:
		return nil, fmt.Errorf("the webp file has more than %d chunks", maxChunks)
	case survey.cutOff:
		return nil, errors.New("the webp file is damaged: it is cut off")
	}
	config, err := webp.DecodeConfig(from(file))
	if err != nil {
		return nil, fmt.Errorf("the webp file is damaged: %w", err)
	}
	if err := CheckSize(config.Width, config.Height); err != nil {
		return nil, err
	}
	// Every block of 16×16 pixels takes more than a bit. Without loss a picture of one colour takes none.
	if pixels := int64(config.Width) * int64(config.Height); survey.lossy > 0 && pixels > 8*256*survey.lossy {
		return nil, fmt.Errorf("the webp file is damaged: its %d bytes of pixels cannot hold a picture of %d×%d", survey.lossy, config.Width, config.Height)
	}
	picture, err := webp.Decode(bufio.NewReader(from(file)))
	if err != nil {
		return nil, fmt.Errorf("the webp file is damaged: %w", err)
	}
	switch p := picture.(type) {
	case *image.YCbCr:
		picture = fromYCbCr(p, vp8)
	case *image.NYCbCrA:
		picture = withAlpha(fromYCbCr(&p.YCbCr, vp8), p.A, p.AStride)
	}
	return &stored{picture, picture.Bounds(), orientationOf(survey.exif, survey.xmp), survey.profile}, nil
}

// withAlpha gives an opaque picture the opacity of its pixels.
func withAlpha(p *image.RGBA, alpha []uint8, stride int) *image.NRGBA {
	size := p.Rect.Size()
	for y := range size.Y {
		for x, a := range alpha[y*stride:][:size.X] {
			p.Pix[y*p.Stride+4*x+3] = a
		}
	}
	return &image.NRGBA{Pix: p.Pix, Stride: p.Stride, Rect: p.Rect}
}
