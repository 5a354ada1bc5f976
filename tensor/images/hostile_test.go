package images

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// tags are the fields of a TIFF file that have one number.
type tags map[uint16]uint32

// tiffOf is a grey TIFF file of 4×4 pixels in one strip, but for some changes, with data behind its directory; where
// those begin is the number at.
func tiffOf(change tags, data ...byte) []byte {
	const at = math.MaxUint32
	all := tags{tagWidth: 4, tagHeight: 4, tagBits: 8, tagCompression: packNone, tagColours: colourBlackIsZero, 273: at, tagSamples: 1, tagStripSize: uint32(len(data))}
	maps.Copy(all, change)
	var entries []entry
	for _, tag := range slices.Sorted(maps.Keys(all)) {
		value := all[tag]
		if value == at {
			value = uint32(14 + 12*len(all))
		}
		entries = append(entries, entry{tag, kindLong, 1, binary.LittleEndian.AppendUint32(nil, value)})
	}
	return tiffWith(binary.LittleEndian, entries, data...)
}

// sixteen are the pixels of tiffOf.
var sixteen = make([]byte, 16)

// tiffOfBlocks is tiffOf with n strips or tiles that all lie in the same place and have so many bytes each.
func tiffOfBlocks(change tags, offsets, sizes uint16, n int, size uint32, data []byte) []byte {
	all := maps.Clone(change)
	all[offsets], all[sizes] = 0, 0 // to be as long as the result
	file := tiffOf(all, data...)
	behind := len(file)
	for i := range 2 * n {
		value := uint32(behind - len(data))
		if i >= n {
			value = size
		}
		file = binary.LittleEndian.AppendUint32(file, value)
	}
	for at := 10; at+12 <= behind; at += 12 {
		e := file[at:]
		switch binary.LittleEndian.Uint16(e) {
		case offsets:
			binary.LittleEndian.PutUint32(e[4:], uint32(n))
			binary.LittleEndian.PutUint32(e[8:], uint32(behind))
		case sizes:
			binary.LittleEndian.PutUint32(e[4:], uint32(n))
			binary.LittleEndian.PutUint32(e[8:], uint32(behind+4*n))
		}
	}
	return file
}

// riff is a WebP file of chunks.
func riff(chunks ...string) []byte {
	body := "WEBP" + strings.Join(chunks, "")
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func riffChunk(kind, data string) string {
	size := string(binary.LittleEndian.AppendUint32(nil, uint32(len(data))))
	return kind + size + data + strings.Repeat("\x00", len(data)%2)
}

// canvas is a chunk VP8X: what there is, and the size.
func canvas(flags byte, w, h int) string {
	return riffChunk("VP8X", string([]byte{flags, 0, 0, 0, byte(w - 1), byte((w - 1) >> 8), byte((w - 1) >> 16), byte(h - 1), byte((h - 1) >> 8), byte((h - 1) >> 16)}))
}

// vp8Head is the header of a lossy picture, and vp8lHead of one without loss.
func vp8Head(w, h uint16) string {
	head := []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a}
	return string(binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(head, w), h))
}

func vp8lHead(w, h uint32) string {
	return string(binary.LittleEndian.AppendUint32([]byte{0x2f}, w-1|(h-1)<<14))
}

// bmpOf is the header of a BMP file of 24 bits, but for some bytes.
func bmpOf(w, h uint32, change map[int]byte) []byte {
	file := []byte("BM????\x00\x00\x00\x00")
	for _, n := range []uint32{54, 40, w, h, 24<<16 | 1} {
		file = binary.LittleEndian.AppendUint32(file, n)
	}
	file = append(file, make([]byte, 54-len(file))...)
	for at, v := range change {
		file[at] = v
	}
	return file
}

// gifOf is a GIF file of a size with nothing in it.
func gifOf(w, h uint16) []byte {
	file := binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16([]byte("GIF89a"), w), h)
	return append(file, 0, 0, 0, ';')
}

// TestHostileFormats wants an error before much memory is taken or much is computed.
func TestHostileFormats(t *testing.T) {
	page := tags{tagWidth: 8192, tagHeight: 8192}
	with := func(more tags) tags {
		all := maps.Clone(page)
		maps.Copy(all, more)
		return all
	}
	const large = 1 << 26
	zeros := []byte(deflated(strings.Repeat("\x00", 1<<16)))
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"gif, huge":            {gifOf(65535, 65535), "65535×65535: want at least 1×1"},
		"gif, no size":         {gifOf(0, 3), "0×3"},
		"gif, nothing in it":   {gifOf(8192, 8192), "the gif file is damaged: its 14 bytes cannot hold a picture of 8192×8192"},
		"bmp, huge":            {bmpOf(1<<20, 1<<20, nil), "1048576×1048576: want at least 1×1"},
		"bmp, no size":         {bmpOf(0, 0, nil), "0×0"},
		"bmp, nothing in it":   {bmpOf(8192, 8192, nil), "the bmp file is damaged: its 54 bytes cannot hold a picture of 8192×8192"},
		"bmp, from the top":    {bmpOf(8192, 1<<32-8192, nil), "cannot hold a picture of 8192×8192"},
		"webp, huge":           {riff(riffChunk("VP8L", vp8lHead(16384, 16384))), "16384×16384: want at least 1×1"},
		"webp, huge canvas":    {riff(canvas(0x10, 16384, 16384), riffChunk("ALPH", "\x01")), "16384×16384: want at least 1×1"},
		"webp, no size":        {riff(riffChunk("VP8 ", vp8Head(0, 9)+"\x00")), "0×9"},
		"webp, nothing in it":  {riff(riffChunk("VP8 ", vp8Head(8192, 8192))), "the webp file is damaged: its 10 bytes of pixels cannot hold a picture of 8192×8192"},
		"webp, another canvas": {riff(canvas(0, 9, 9), riffChunk("VP8L", vp8lHead(8192, 8192))), "damaged"},
		"webp, long chunk":     {append(riff(), "VP8 \xff\xff\xff\x07"...), "damaged"},
		"webp, cut off":        {bytes.Replace(riff(riffChunk("VP8 ", vp8Head(8, 8))), []byte("\x0a\x00\x00\x00\x10"), []byte("\xff\xff\xff\x07\x10"), 1), "the webp file is damaged: it is cut off"},
		"webp, chunks":         {riff(strings.Repeat(riffChunk("none", ""), maxChunks+1)), "more than 131072 chunks"},
		"tiff, huge":           {tiffOf(tags{tagWidth: 1 << 20, tagHeight: 1 << 20}, sixteen...), "1048576×1048576: want at least 1×1"},
		"tiff, very huge":      {tiffOf(tags{tagWidth: 1<<32 - 2, tagHeight: 1<<32 - 2}, sixteen...), "the tiff file is damaged: tiff: invalid format: image too large"},
		"tiff, no size":        {tiffOf(tags{tagWidth: 0}, sixteen...), "zero-size"},
		"tiff, no directory":   {[]byte("II*\x00\xff\xff\xff\xff"), "the tiff file is damaged: it has no directory"},
		"tiff, nothing in it":  {tiffOf(page, sixteen...), "the tiff file is damaged: its 16 bytes of pixels cannot hold a picture of 8192×8192"},
		"tiff, little in it":   {tiffOf(with(tags{tagCompression: packDeflate}), zeros...), fmt.Sprintf("its %d bytes of pixels cannot hold a picture of 8192×8192", len(zeros))},
		"tiff, little LZW":     {tiffOf(with(tags{tagCompression: packLZW}), sixteen...), "its 16 bytes of pixels cannot hold a picture of 8192×8192"},
		"tiff, no strip":       {tiffOf(with(tags{tagRows: 1}), sixteen...), "it has the lengths of 1 strips or tiles, want 8192"},
		"tiff, strips": {tiffOfBlocks(tags{tagWidth: 9, tagHeight: 1000, tagRows: 1, tagCompression: packBits}, 273, tagStripSize, 1000, 1<<16, make([]byte, 1<<16)),
			"its strips or tiles have 65536000 bytes together, more than the whole file"},
		"tiff, small tiles": {tiffOf(with(tags{tagTileWidth: 8, tagTileHeight: 8, 324: 0, tagTileSize: 0}), sixteen...), "it has 1048576 strips or tiles, want at most 262144"},
		"tiff, large tile": {tiffOf(tags{tagWidth: large, tagHeight: 1, tagTileWidth: large + 16, tagTileHeight: 17, tagCompression: packDeflate, 324: 0, tagTileSize: 99}, sixteen...),
			"its 1 tiles of 67108880×17 are too large for a picture of 67108864×1"},
		"tiff, large tiles": {tiffOfBlocks(tags{tagWidth: large, tagHeight: 1, tagTileWidth: 1024, tagTileHeight: 1024, tagCompression: packDeflate}, 324, tagTileSize, 65536, 99, zeros),
			"its 65536 tiles of 1024×1024 are too large for a picture of 67108864×1"},
		"tiff, huge tiles":   {tiffOf(tags{tagTileWidth: 1<<32 - 2, tagTileHeight: 1<<32 - 2, 324: 0, tagTileSize: 0}, sixteen...), "its tiles have 4294967294×4294967294 pixels"},
		"tiff, flat tiles":   {tiffOf(tags{tagTileWidth: 16, tagTileHeight: 0, 324: 0, tagTileSize: 0}, sixteen...), "its tiles have 16×0 pixels"},
		"tiff, bytes behind": {tiffOf(tags{tagStripSize: 1 << 30}, sixteen...), "its strips or tiles have 1073741824 bytes together, more than the whole file"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := readPicture(section(c.file))
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %s", name, err, c.says)
		}
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 16<<20 {
			t.Errorf("%s: %d bytes of memory before it is refused", name, taken)
		}
	}
}

// TestUnsupportedFormats calls what is in order, and not read, not damaged.
func TestUnsupportedFormats(t *testing.T) {
	for kind, files := range map[string]map[string][]byte{
		"webp": {"an animation": riff(canvas(2, 4, 4), riffChunk("ANIM", "\x00\x00\x00\x00\x00\x00"))},
		"bmp": {
			"a header of 12 bytes, want 40, 108 or 124": bmpOf(4, 4, map[int]byte{14: 12}),
			"run-length coding":                         bmpOf(4, 4, map[int]byte{28: 8, 30: 1}),
			"16 bits a pixel":                           bmpOf(4, 4, map[int]byte{28: 16}),
			"colours in other bits of a pixel":          bmpOf(4, 4, map[int]byte{28: 32, 30: 3}),
			"compression 4":                             bmpOf(4, 4, map[int]byte{28: 0, 30: 4}),
			"pixels of 24 bits from byte 60 on":         bmpOf(4, 4, map[int]byte{10: 60}),
		},
		"tiff": {
			"its first picture is a reduced one":       tiffOf(tags{tagKind: 1}, sixteen...),
			"pixels packed by JPEG; save":              tiffOf(tags{tagCompression: 7}, sixteen...),
			"pixels packed by Zstandard":               tiffOf(tags{tagCompression: 50000}, sixteen...),
			"pixels packed by method 99":               tiffOf(tags{tagCompression: 99}, sixteen...),
			"a fax in two dimensions":                  tiffOf(tags{tagBits: 1, tagCompression: packFax3, tagFax: 1}, sixteen...),
			"a fax with a palette":                     tiffOf(tags{tagBits: 1, tagCompression: packFax4, tagColours: colourPalette}, sixteen...),
			"bits in reverse order":                    tiffOf(tags{tagBits: 1, tagBitOrder: 2}, sixteen...),
			"predictor 2 of pixels packed by method 1": tiffOf(tags{tagPredictor: 2}, sixteen...),
			"predictor 3 of pixels packed by method 8": tiffOf(tags{tagPredictor: 3, tagCompression: packDeflate}, sixteen...),
			"CMYK":               tiffOf(tags{tagColours: 5, tagSamples: 4}, sixteen...),
			"YCbCr":              tiffOf(tags{tagColours: 6, tagSamples: 3}, sixteen...),
			"colours of kind 77": tiffOf(tags{tagColours: 77}, sixteen...),
			"colours of which it does not say what they mean":       tiffWith(binary.BigEndian, []entry{{tagWidth, kindLong, 1, []byte{0, 0, 0, 4}}}),
			"floating-point numbers":                                tiffOf(tags{tagFormat: 3, tagBits: 32}, sixteen...),
			"samples of format 2":                                   tiffOf(tags{tagFormat: 2}, sixteen...),
			"a plane for each colour":                               tiffOf(tags{tagColours: colourRGB, tagSamples: 3, tagPlanes: 2}, sixteen...),
			"3 samples a pixel, and the bits of 1":                  tiffOf(tags{tagColours: colourRGB, tagSamples: 3}, sixteen...),
			"colours in 1 samples a pixel, want red, green":         tiffOf(tags{tagColours: colourRGB}, sixteen...),
			"samples of 4 bits":                                     tiffOf(tags{tagBits: 4}, sixteen...),
			"samples of 16 bits":                                    tiffOf(tags{tagBits: 16, tagColours: colourPalette}, sixteen...),
			"grey or a palette in 2 samples a pixel":                twoSamples(colourBlackIsZero),
			"colours in 2 samples a pixel, want red, green, blue a": twoSamples(colourRGB),
		},
	} {
		for says, file := range files {
			_, err := readPicture(section(file))
			if err == nil || !strings.Contains(err.Error(), "this kind of "+kind+" file is not supported: "+says) || !strings.Contains(err.Error(), "as PNG") {
				t.Errorf("error %v, want one that says %s and %s", err, kind, says)
			}
		}
	}
	if _, err := readPicture(section(tiffOf(nil, sixteen...))); err != nil {
		t.Errorf("what the others are changed from: %v", err)
	}
	if _, err := readPicture(section(append(bmpOf(4, 4, nil), make([]byte, 48)...))); err != nil {
		t.Errorf("what the others are changed from: %v", err)
	}
}

// twoSamples is a TIFF file of two samples a pixel.
func twoSamples(colours uint32) []byte {
	file := tiffOf(tags{tagColours: colours, tagSamples: 2, tagBits: 8 | 8<<16}, sixteen...)
	bits := file[10+2*12:]
	bits[2], bits[4] = kindShort, 2
	return file
}

// TestCutOff reads no half of a picture: of no file of any format, however short it is cut.
func TestCutOff(t *testing.T) {
	all, files := formats(t)
	for i, f := range all {
		whole, err := readPicture(section(files[i]))
		if err != nil {
			t.Fatal(err)
		}
		for n := range files[i] {
			p, err := readPicture(section(files[i][:n]))
			switch {
			case err == nil && !bytes.Equal(p.Pix, whole.Pix):
				t.Errorf("%s, %d of %d bytes: another picture", f.Name, n, len(files[i]))
			case err == nil && n < len(files[i])/2 && !strings.Contains(f.Name, "of two"):
				t.Errorf("%s, %d of %d bytes: no error", f.Name, n, len(files[i]))
			case err != nil && n > 16 && !strings.Contains(err.Error(), "file is damaged"):
				t.Errorf("%s, %d of %d bytes: error %v", f.Name, n, len(files[i]), err)
			}
		}
	}
}

// TestOrientationOfFormats turns a TIFF file by its directory or its XMP data, and a WebP file by its chunks.
func TestOrientationOfFormats(t *testing.T) {
	const xmp = `<x tiff:Orientation="6"/>`
	lossless := func(chunks ...string) []byte {
		all, files := formats(t)
		for i, f := range all {
			if f.Name == "WEBP lossless" {
				return riff(append([]string{canvas(0, 13, 9), string(files[i][12:])}, chunks...)...)
			}
		}
		t.Fatal("there is no such file")
		return nil
	}
	six := string(tiffWith(binary.BigEndian, []entry{{tagOrientation, kindShort, 1, []byte{0, 6}}}))
	none := string(tiffWith(binary.BigEndian, []entry{{tagWidth, kindShort, 1, []byte{0, 6}}}))
	wide := tags{tagHeight: 2}
	for name, c := range map[string]struct {
		file   []byte
		turned bool
	}{
		"tiff":                      {tiffOf(tags{tagHeight: 2, tagOrientation: 6}, sixteen...), true},
		"tiff, upright":             {tiffOf(wide, sixteen...), false},
		"tiff, no orientation":      {tiffOf(tags{tagHeight: 2, tagOrientation: 60}, sixteen...), false},
		"webp":                      {lossless(riffChunk("EXIF", six)), true},
		"webp, with its name":       {lossless(riffChunk("EXIF", exifName+six)), true},
		"webp, XMP":                 {lossless(riffChunk("XMP ", xmp)), true},
		"webp, Exif before XMP":     {lossless(riffChunk("EXIF", none), riffChunk("XMP ", xmp)), true},
		"webp, the first counts":    {lossless(riffChunk("EXIF", none), riffChunk("EXIF", six)), false},
		"webp, too long":            {lossless(riffChunk("EXIF", six+strings.Repeat("\x00", maxNotes))), false},
		"webp, nothing":             {lossless(), false},
		"webp, nothing in the note": {lossless(riffChunk("EXIF", "")), false},
	} {
		p, err := readPicture(section(c.file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if turned := p.Rect.Dy() > p.Rect.Dx(); turned != c.turned {
			t.Errorf("%s: %v, turned %v, want %v", name, p.Rect.Size(), turned, c.turned)
		}
	}
}
