package images

import (
	"bytes"
	"encoding/binary"
	"io"
	"regexp"
)

const exifName = "Exif\x00\x00" // in front of Exif data in a JPEG segment

// orientationOf returns how a picture is to be turned by its Exif data, which are a TIFF structure, or where those do
// not say it, by its XMP data: as ImageOps.exif_transpose of Pillow.
func orientationOf(exif, xmp []byte) orientation {
	exif = bytes.TrimPrefix(exif, []byte(exifName))
	return firstDirectory(io.NewSectionReader(bytes.NewReader(exif), 0, int64(len(exif)))).orientation(xmp)
}

// orientation is what the directory says, or else the XMP data. A picture without them, or with some that make no
// sense, is upright: it is the pixels that matter, and a damaged note must not keep anyone from them.
func (d directory) orientation(xmp []byte) orientation {
	value, found := int64(0), false
	for f := range d.fields(tagOrientation) {
		if numbers := f.numbers(1); len(numbers) > 0 && f.kind() != kindByte { // a byte is no number for Pillow
			value, found = numbers[0], true
			break
		}
	}
	if !found {
		if match := xmpOrientation.FindSubmatch(xmp); match != nil {
			value = int64(match[1][0] - '0')
		}
	}
	if value < int64(upright) || value > 8 {
		return upright
	}
	return orientation(value)
}

// xmpOrientation is the same property as an attribute or as an element of XMP data (XMP specification, part 2).
var xmpOrientation = regexp.MustCompile(`tiff:Orientation(?:="|>)([0-9])`)

// tiffOrder returns the byte order of a TIFF structure (TIFF 6.0, section 2), nil if data are none. Some programs
// write the number 42 behind the order in the other order.
func tiffOrder(data []byte) binary.ByteOrder {
	if len(data) < 8 || !bytes.Contains([]byte("\x00*\x00"), data[2:4]) {
		return nil
	}
	switch string(data[:2]) {
	case "II":
		return binary.LittleEndian
	case "MM":
		return binary.BigEndian
	}
	return nil
}
