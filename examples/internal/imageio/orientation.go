package imageio

import (
	"bufio"
	"encoding/binary"
	"errors"
	"image"
	"io"
)

// orientation is how a camera was held: the value of Exif's tag 0x0112 (Exif 2.32, section 4.6.4), 1 to 8. The
// pixels of a file lie as the sensor was read; the value says which way up they are seen.
type orientation uint16

const upright orientation = 1

// jpegOrientation reads the orientation of a JPEG file. A file without one, or with Exif data that make no
// sense, is upright: it is the pixels that matter, and a damaged note must not keep anyone from them.
func jpegOrientation(r io.Reader) orientation {
	in := bufio.NewReader(r)
	if _, err := in.Discard(2); err != nil { // the start of the image
		return upright
	}
	for {
		marker, data, err := nextSegment(in)
		if err != nil || marker == 0xda { // the pixels begin
			return upright
		}
		if tiff, ok := cutExif(marker, data); ok {
			return tiffOrientation(tiff)
		}
	}
}

var errNoSegment = errors.New("no JPEG segment")

// nextSegment reads a marker and what belongs to it (ITU-T T.81, section B.1.1): at most 64 KiB.
func nextSegment(in *bufio.Reader) (marker byte, data []byte, err error) {
	if b, err := in.ReadByte(); err != nil || b != 0xff {
		return 0, nil, errNoSegment
	}
	for marker = 0xff; marker == 0xff; { // any number of fill bytes
		if marker, err = in.ReadByte(); err != nil {
			return 0, nil, err
		}
	}
	var head [2]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, nil, err
	}
	n := int(binary.BigEndian.Uint16(head[:]))
	if n < len(head) {
		return 0, nil, errNoSegment
	}
	data = make([]byte, n-len(head))
	_, err = io.ReadFull(in, data)
	return marker, data, err
}

// cutExif returns the TIFF structure of an Exif segment.
func cutExif(marker byte, data []byte) ([]byte, bool) {
	const name = "Exif\x00\x00"
	if marker != 0xe1 || len(data) < len(name) || string(data[:len(name)]) != name {
		return nil, false
	}
	return data[len(name):], true
}

// tiffOrientation looks the tag up in the first directory of a TIFF structure (TIFF 6.0, section 2).
func tiffOrientation(tiff []byte) orientation {
	if len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return upright
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return upright
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			break
		}
		const tag, short = 0x0112, 3
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short && order.Uint32(entries[4:]) == 1 {
			if o := orientation(order.Uint16(entries[8:])); o >= 1 && o <= 8 {
				return o
			}
		}
		entries = entries[12:]
	}
	return upright
}

// turned returns a picture the right way up.
func (o orientation) turned(p *image.RGBA) *image.RGBA {
	if o == upright {
		return p
	}
	w, h := p.Rect.Dx(), p.Rect.Dy()
	size := image.Pt(w, h)
	if o >= 5 { // a quarter turn
		size = image.Pt(h, w)
	}
	out := image.NewRGBA(image.Rectangle{Max: size})
	for y := range size.Y {
		for x := range size.X {
			from := o.source(x, y, w, h)
			copy(out.Pix[y*out.Stride+4*x:][:4], p.Pix[from.Y*p.Stride+4*from.X:])
		}
	}
	return out
}

// source returns where the pixel x, y that is seen lies in a file of w×h pixels.
func (o orientation) source(x, y, w, h int) image.Point {
	switch o {
	case 2: // mirrored left to right
		return image.Pt(w-1-x, y)
	case 3: // half a turn
		return image.Pt(w-1-x, h-1-y)
	case 4: // mirrored top to bottom
		return image.Pt(x, h-1-y)
	case 5: // mirrored at the falling diagonal
		return image.Pt(y, x)
	case 6: // to be turned a quarter clockwise
		return image.Pt(y, h-1-x)
	case 7: // mirrored at the rising diagonal
		return image.Pt(w-1-y, h-1-x)
	case 8: // to be turned a quarter counterclockwise
		return image.Pt(w-1-y, x)
	}
	return image.Pt(x, y)
}
