package images

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"

	"golang.org/x/image/bmp"
)

// decodeBMP reads a picture of a palette, of 24 or of 32 bits a pixel.
func decodeBMP(file *io.SectionReader) (*stored, error) {
	var head bmpHeader
	file.ReadAt(head[:], 0) // what is missing, DecodeConfig says
	config, err := bmp.DecodeConfig(from(file))
	if errors.Is(err, bmp.ErrUnsupported) {
		return nil, &unsupportedKind{"bmp", head.kind(), "save it as PNG", err}
	} else if err != nil {
		return nil, fmt.Errorf("the bmp file is damaged: %w", err)
	}
	if err := CheckSize(config.Width, config.Height); err != nil {
		return nil, err
	}
	row := (int64(config.Width)*int64(head.bits()) + 31) / 32 * 4
	if head.pixels()+row*int64(config.Height) > file.Size() {
		return nil, fmt.Errorf("the bmp file is damaged: its %d bytes cannot hold a picture of %d×%d", file.Size(), config.Width, config.Height)
	}
	picture, err := bmp.Decode(bufio.NewReader(from(file)))
	if err != nil {
		return nil, fmt.Errorf("the bmp file is damaged: %w", err)
	}
	if p, ok := picture.(*image.NRGBA); ok && (head.alpha() == 0 || transparent(p)) {
		makeOpaque(p)
	}
	return &stored{picture, picture.Bounds(), upright, noted{}}, nil
}

// bmpHeader is the start of a file: 14 bytes about the file, and the fields of the largest header that matter here.
type bmpHeader [70]byte

func (h *bmpHeader) pixels() int64       { return int64(binary.LittleEndian.Uint32(h[10:])) } // where they begin
func (h *bmpHeader) size() uint32        { return binary.LittleEndian.Uint32(h[14:]) }        // of the header behind the first 14 bytes
func (h *bmpHeader) bits() uint16        { return binary.LittleEndian.Uint16(h[28:]) }        // of a pixel
func (h *bmpHeader) compression() uint32 { return binary.LittleEndian.Uint32(h[30:]) }

// alpha is which bits of a pixel are its opacity, which headers of 40 bytes do not say.
func (h *bmpHeader) alpha() uint32 { return binary.LittleEndian.Uint32(h[66:]) }

// kind says what is special about a file that is not read.
func (h *bmpHeader) kind() string {
	const plain, rle8, rle4, bitfields = 0, 1, 2, 3
	switch {
	case h.size() != 40 && h.size() != 108 && h.size() != 124:
		return fmt.Sprintf("a header of %d bytes, want 40, 108 or 124", h.size())
	case h.compression() == rle8 || h.compression() == rle4:
		return "run-length coding"
	case h.bits() == 16:
		return "16 bits a pixel"
	case h.compression() == bitfields:
		return "colours in other bits of a pixel than usual"
	case h.compression() != plain:
		return fmt.Sprintf("compression %d", h.compression())
	}
	return fmt.Sprintf("pixels of %d bits from byte %d on", h.bits(), h.pixels())
}

// transparent reports whether nothing is to be seen of a picture. Programs that mean no opacity write 0 in its place,
// and others take that for what it is.
func transparent(p *image.NRGBA) bool {
	for i := 3; i < len(p.Pix); i += 4 {
		if p.Pix[i] != 0 {
			return false
		}
	}
	return true
}

func makeOpaque(p *image.NRGBA) {
	for i := 3; i < len(p.Pix); i += 4 {
		p.Pix[i] = 255
	}
}
