package images

import (
	"bytes"
	"encoding/binary"
	"regexp"
)

const exifName = "Exif\x00\x00" // in front of Exif data in a JPEG segment

// orientationOf returns how a picture is to be turned by its Exif data, or where those do not say it, by its XMP
// data: as ImageOps.exif_transpose of Pillow. A picture without them, or with some that make no sense, is upright:
// it is the pixels that matter, and a damaged note must not keep anyone from them.
func orientationOf(exif, xmp []byte) orientation {
	value, found := tiffOrientation(bytes.TrimPrefix(exif, []byte(exifName)))
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

// tiffOrientation looks the tag Orientation up in the first directory of a TIFF structure. No other directory is
// looked at: thumbnails have their own.
func tiffOrientation(tiff []byte) (value int64, found bool) {
	order := tiffOrder(tiff)
	if order == nil {
		return 0, false
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 0, false
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			break
		}
		const tag = 0x0112
		if order.Uint16(entries) == tag {
			if value, found = entryNumber(tiff, entries, order); found {
				return value, true
			}
		}
		entries = entries[12:]
	}
	return 0, false
}

// entryNumber returns the first number of a directory's entry: one of TIFF's kinds of whole numbers, in the entry if
// all of them fit there, else at the offset that it has.
func entryNumber(tiff, entry []byte, order binary.ByteOrder) (int64, bool) {
	const sbyte, short, long, sshort, slong, ifd = 6, 3, 4, 8, 9, 13
	kind, count, data := order.Uint16(entry[2:]), uint64(order.Uint32(entry[4:])), entry[8:12]
	size := map[uint16]uint64{sbyte: 1, short: 2, sshort: 2, long: 4, slong: 4, ifd: 4}[kind]
	if size == 0 || count == 0 {
		return 0, false
	}
	if size*count > uint64(len(data)) {
		at := uint64(order.Uint32(data))
		if at+size*count > uint64(len(tiff)) {
			return 0, false
		}
		data = tiff[at:]
	}
	switch kind {
	case sbyte:
		return int64(int8(data[0])), true
	case short:
		return int64(order.Uint16(data)), true
	case sshort:
		return int64(int16(order.Uint16(data))), true
	case slong:
		return int64(int32(order.Uint32(data))), true
	}
	return int64(order.Uint32(data)), true
}
