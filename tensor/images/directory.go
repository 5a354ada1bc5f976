package images

import (
	"encoding/binary"
	"io"
	"iter"
)

// directory is the first directory of a TIFF structure (TIFF 6.0, section 2), which a TIFF file and Exif data are. No
// other directory is looked at: thumbnails and further pages have their own.
type directory struct {
	data    *io.SectionReader
	order   binary.ByteOrder
	entries []byte // entrySize each, those that are there
}

const entrySize = 12

// firstDirectory reads it; it is empty where data are no TIFF structure, or are cut off before it.
func firstDirectory(data *io.SectionReader) directory {
	var head [8]byte
	if _, err := data.ReadAt(head[:], 0); err != nil {
		return directory{}
	}
	d := directory{data: data, order: tiffOrder(head[:])}
	if d.order == nil {
		return directory{}
	}
	at := int64(d.order.Uint32(head[4:]))
	var count [2]byte
	if _, err := data.ReadAt(count[:], at); err != nil {
		return directory{}
	}
	there := (data.Size() - at - 2) / entrySize
	d.entries = make([]byte, entrySize*min(int64(d.order.Uint16(count[:])), there))
	if _, err := data.ReadAt(d.entries, at+2); err != nil {
		return directory{}
	}
	return d
}

// fields goes through the fields of a tag, of which there should be one.
func (d directory) fields(tag uint16) iter.Seq[field] {
	return func(yield func(field) bool) {
		for rest := d.entries; len(rest) > 0; rest = rest[entrySize:] {
			if d.order.Uint16(rest) == tag && !yield(field{d, rest[:entrySize]}) {
				return
			}
		}
	}
}

// numbers returns the numbers of a tag, at most so many; none where it is not there.
func (d directory) numbers(tag uint16, most int) []int64 {
	for f := range d.fields(tag) {
		return f.numbers(most)
	}
	return nil
}

// number returns the first number of a tag, or a default.
func (d directory) number(tag uint16, otherwise int64) int64 {
	if n := d.numbers(tag, 1); len(n) > 0 {
		return n[0]
	}
	return otherwise
}

// field is an entry: a tag, the kind and count of its values, and these or where they are.
type field struct {
	in    directory
	entry []byte
}

func (f field) kind() uint16 { return f.in.order.Uint16(f.entry[2:]) }

// TIFF's kinds of whole numbers.
const kindByte, kindShort, kindLong, kindSByte, kindSShort, kindSLong, kindIFD = 1, 3, 4, 6, 8, 9, 13

var kindSize = map[uint16]int{kindByte: 1, kindSByte: 1, kindShort: 2, kindSShort: 2, kindLong: 4, kindSLong: 4, kindIFD: 4}

// numbers returns the numbers of a field, at most so many; none where they are no whole numbers, or not there.
func (f field) numbers(most int) []int64 {
	size := kindSize[f.kind()]
	data := f.values(size, most)
	if size == 0 || data == nil {
		return nil
	}
	out := make([]int64, len(data)/size)
	for i := range out {
		out[i] = f.one(data[i*size:])
	}
	return out
}

// values returns the data of at most so many values of a size: they stand in the field if all fit there, else at the
// offset that it has.
func (f field) values(size, most int) []byte {
	count := int64(f.in.order.Uint32(f.entry[4:]))
	wanted := int64(size) * min(count, int64(most))
	if int64(size)*count <= 4 {
		return f.entry[8:][:wanted]
	}
	at := int64(f.in.order.Uint32(f.entry[8:]))
	if wanted > f.in.data.Size()-at {
		return nil
	}
	data := make([]byte, wanted)
	if _, err := f.in.data.ReadAt(data, at); err != nil {
		return nil
	}
	return data
}

// one is a number of the field's kind.
func (f field) one(data []byte) int64 {
	switch f.kind() {
	case kindByte:
		return int64(data[0])
	case kindSByte:
		return int64(int8(data[0]))
	case kindShort:
		return int64(f.in.order.Uint16(data))
	case kindSShort:
		return int64(int16(f.in.order.Uint16(data)))
	case kindSLong:
		return int64(int32(f.in.order.Uint32(data)))
	}
	return int64(f.in.order.Uint32(data))
}
