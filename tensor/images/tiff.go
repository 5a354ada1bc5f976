package images

import (
	"cmp"
	"errors"
	"fmt"
	"image"
	"io"

	"golang.org/x/image/tiff"
)

// The tags of TIFF that matter here (TIFF 6.0, section 8, and the supplements).
const (
	tagKind, tagWidth, tagHeight, tagBits             = 254, 256, 257, 258
	tagCompression, tagColours, tagBitOrder           = 259, 262, 266
	tagOrientation, tagSamples, tagRows, tagStripSize = 274, 277, 278, 279
	tagPlanes, tagFax, tagPredictor                   = 284, 292, 317
	tagTileWidth, tagTileHeight, tagTileSize          = 322, 323, 325
	tagExtra, tagFormat, tagXMP, tagProfile           = 338, 339, 700, 34675
)

// The ways of packing pixels that are read.
const packNone, packFax3, packFax4, packLZW, packDeflate, packDeflateOld, packBits = 1, 3, 4, 5, 8, 32946, 32773

// otherPacking names some that are not.
var otherPacking = map[int64]string{
	2: "CCITT's modified Huffman coding", 6: "JPEG of the old kind", 7: "JPEG", 9: "JBIG", 34661: "JBIG", 34712: "JPEG 2000",
	34887: "LERC", 34925: "LZMA", 50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL",
}

// unpacked is how many bytes become of one at most. Of a fax a bit can be a row.
var unpacked = map[int64]int64{packNone: 1, packLZW: maxLZW, packDeflate: maxDeflation, packDeflateOld: maxDeflation, packBits: 64}

// The kinds of colours that are read, beside grey of which 0 is white.
const colourBlackIsZero, colourRGB, colourPalette = 1, 2, 3

// otherColours names some that are not.
var otherColours = map[int64]string{
	4: "a transparency mask", 5: "CMYK", 6: "YCbCr", 8: "CIE L*a*b*", 9: "CIE L*a*b*", 10: "CIE L*a*b*",
	32803: "raw data of a camera", 34892: "raw data of a camera", 32844: "LogLuv", 32845: "LogLuv",
}

const (
	maxBlocks = 1 << 18 // strips or tiles of a TIFF file: 8192×8192 pixels in the smallest tiles of 16×16
	maxTiled  = 2 * MaxPixels
)

// decodeTIFF reads the first page.
func decodeTIFF(file *io.SectionReader) (*stored, error) {
	d := firstDirectory(file)
	if len(d.entries) == 0 {
		return nil, errors.New("the tiff file is damaged: it has no directory, which tells the picture's size")
	}
	config, err := tiff.DecodeConfig(file)
	cutOff := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if kind := d.unsupported(); kind != "" && !cutOff {
		return nil, badTIFF(tiff.UnsupportedError(kind))
	} else if err != nil {
		return nil, badTIFF(err)
	}
	if err := CheckSize(config.Width, config.Height); err != nil {
		return nil, err
	}
	if err := d.checkBlocks(config.Width, config.Height); err != nil {
		return nil, fmt.Errorf("the tiff file is damaged: %w", err)
	}
	picture, err := tiff.Decode(file)
	if err != nil {
		return nil, badTIFF(err)
	}
	if p, ok := picture.(*image.Gray); ok && d.isFax() && d.number(tagColours, -1) == colourBlackIsZero {
		invert(p)
	}
	return &stored{picture, picture.Bounds(), d.orientation(d.xmp()), d.profile()}, nil
}

// badTIFF tells files that are in order, but of a kind that is not read, from damaged ones.
func badTIFF(err error) error {
	if kind := tiff.UnsupportedError(""); errors.As(err, &kind) {
		return &unsupportedKind{"tiff", string(kind), "save it as PNG", err}
	}
	return fmt.Errorf("the tiff file is damaged: %w", err)
}

// invert turns black to white. A fax's white paper is 0 for libtiff, black if 0 is; x/image/tiff takes it for white.
func invert(p *image.Gray) {
	for i, v := range p.Pix {
		p.Pix[i] = 255 - v
	}
}

// xmp returns the directory's XMP data.
func (d directory) xmp() []byte {
	for f := range d.fields(tagXMP) {
		return f.values(1, maxNotes)
	}
	return nil
}

// profile returns the directory's colour profile.
func (d directory) profile() noted {
	colours := d.number(tagColours, -1)
	p := noted{grey: colours != colourRGB && colours != colourPalette}
	for f := range d.fields(tagProfile) {
		if p.data = f.values(1, MaxProfile+1); p.data == nil {
			p.err = errors.New("it is cut off")
		}
		break
	}
	return p
}

// unsupported names what x/image/tiff does not decode, or decodes to something else without an error.
func (d directory) unsupported() string {
	if d.number(tagKind, 0)&1 == 1 {
		return "its first picture is a reduced one, as in raw files of cameras"
	}
	return cmp.Or(d.unsupportedPacking(), d.unsupportedColours(), d.unsupportedSamples())
}

func (d directory) unsupportedPacking() string {
	packing, predictor := d.number(tagCompression, packNone), d.number(tagPredictor, 1)
	predicts := packing == packLZW || packing == packDeflate || packing == packDeflateOld
	switch {
	case otherPacking[packing] != "":
		return "pixels packed by " + otherPacking[packing]
	case unpacked[packing] == 0 && !d.isFax():
		return fmt.Sprintf("pixels packed by method %d", packing)
	case d.isFax() && d.number(tagColours, -1) == colourPalette:
		return "a fax with a palette"
	case packing == packFax3 && d.number(tagFax, 0)&3 != 0:
		return "a fax in two dimensions"
	case !d.isFax() && d.number(tagBitOrder, 1) != 1:
		return "bits in reverse order"
	case predictor != 1 && (predictor != 2 || !predicts):
		return fmt.Sprintf("predictor %d of pixels packed by method %d", predictor, packing)
	}
	return ""
}

// isFax reports whether the pixels are packed by CCITT's recommendation T.4 or T.6.
func (d directory) isFax() bool {
	packing := d.number(tagCompression, packNone)
	return packing == packFax3 || packing == packFax4
}

func (d directory) unsupportedColours() string {
	switch colours := d.number(tagColours, -1); {
	case colours < 0:
		return "colours of which it does not say what they mean"
	case otherColours[colours] != "":
		return otherColours[colours]
	case colours > colourPalette:
		return fmt.Sprintf("colours of kind %d", colours)
	}
	return ""
}

const maxSamples = 16 // of a pixel that are looked at

func (d directory) unsupportedSamples() string {
	for _, format := range d.numbers(tagFormat, maxSamples) {
		if format == 3 {
			return "floating-point numbers"
		} else if format != 1 {
			return fmt.Sprintf("samples of format %d", format)
		}
	}
	colours, samples, extra, bits := d.number(tagColours, -1), d.number(tagSamples, 1), d.number(tagExtra, 0), d.bits()
	switch {
	case samples > 1 && d.number(tagPlanes, 1) != 1:
		return "a plane for each colour"
	case int64(len(bits)) != samples:
		return fmt.Sprintf("%d samples a pixel, and the bits of %d", samples, len(bits))
	case colours != colourRGB && samples > 1:
		return fmt.Sprintf("grey or a palette in %d samples a pixel", samples)
	case colours == colourRGB && samples != 3 && (samples != 4 || extra != 1 && extra != 2):
		return fmt.Sprintf("colours in %d samples a pixel, want red, green, blue and perhaps opacity", samples)
	}
	for _, n := range bits {
		if n != 8 && (n != 16 || colours == colourPalette) && (n != 1 || colours == colourRGB) || n != bits[0] {
			return fmt.Sprintf("samples of %d bits", n)
		}
	}
	return ""
}

// bits returns the bits of each sample of a pixel.
func (d directory) bits() []int64 {
	if bits := d.numbers(tagBits, maxSamples); len(bits) > 0 {
		return bits
	}
	return []int64{1}
}

// checkBlocks tells what speaks against decoding the strips or tiles of a picture. Each may lie anywhere in the file:
// without bounds a small file could have any number of large ones in the same place.
func (d directory) checkBlocks(width, height int) error {
	w, h := int64(width), int64(height)
	blockW, blockH, sizes := w, h, uint16(tagStripSize)
	if rows := d.number(tagRows, 0); rows > 0 {
		blockH = min(h, rows)
	}
	if d.number(tagTileWidth, 0) != 0 {
		blockW, blockH, sizes = d.number(tagTileWidth, 0), d.number(tagTileHeight, 0), tagTileSize
	}
	if blockW < 1 || blockH < 1 || blockW > maxTiled || blockH > maxTiled {
		return fmt.Errorf("its tiles have %d×%d pixels", blockW, blockH)
	}
	across, down := (w+blockW-1)/blockW, (h+blockH-1)/blockH
	if across*down > maxBlocks {
		return fmt.Errorf("it has %d strips or tiles, want at most %d", across*down, maxBlocks)
	}
	if blockW*across*blockH*down > maxTiled {
		return fmt.Errorf("its %d tiles of %d×%d are too large for a picture of %d×%d", across*down, blockW, blockH, w, h)
	}
	counts, packed := d.numbers(sizes, int(across*down)), int64(0)
	for _, n := range counts {
		packed += n
	}
	bits := int64(0)
	for _, n := range d.bits() {
		bits += n
	}
	ratio, bounded := unpacked[d.number(tagCompression, packNone)]
	switch {
	case int64(len(counts)) < across*down:
		return fmt.Errorf("it has the lengths of %d strips or tiles, want %d", len(counts), across*down)
	case packed > d.data.Size():
		return fmt.Errorf("its strips or tiles have %d bytes together, more than the whole file", packed)
	case bounded && (w*bits+7)/8*h > ratio*packed:
		return fmt.Errorf("its %d bytes of pixels cannot hold a picture of %d×%d", packed, w, h)
	}
	return nil
}
