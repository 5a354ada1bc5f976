package images

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"strings"
	"testing"
)

// quarters is a picture of 32×16 pixels, of four colours: red and green above blue and white.
func quarters() *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, 32, 16))
	for y := range 16 {
		for x := range 32 {
			p.SetRGBA(x, y, letters["rgbw"[y/8*2+x/16]])
		}
	}
	return p
}

var letters = map[byte]color.RGBA{
	'r': {255, 0, 0, 255}, 'g': {0, 255, 0, 255}, 'b': {0, 0, 255, 255}, 'w': {255, 255, 255, 255},
}

// corners names the colours of a picture's four corners: the upper ones, then the lower ones.
func corners(p *image.RGBA) string {
	b := p.Bounds().Inset(2)
	name := []byte{}
	for _, at := range []image.Point{b.Min, {b.Max.X, b.Min.Y}, {b.Min.X, b.Max.Y}, b.Max} {
		found := byte('?')
		for letter, want := range letters {
			got := p.RGBAAt(at.X, at.Y)
			if near(got.R, want.R) && near(got.G, want.G) && near(got.B, want.B) {
				found = letter
			}
		}
		name = append(name, found)
	}
	return string(name)
}

func near(a, b uint8) bool { return max(a, b)-min(a, b) < 40 }

// entry is an entry of a TIFF directory: what stands in its place for numbers may be an offset.
type entry struct {
	tag, kind uint16
	count     uint32
	place     []byte
}

// tiffWith is a TIFF structure of one directory, and what lies behind it, from byte 14 + 12·len(entries) on.
func tiffWith(order binary.AppendByteOrder, entries []entry, behind ...byte) []byte {
	tiff := []byte("MM")
	if order.String() == binary.LittleEndian.String() {
		tiff = []byte("II")
	}
	tiff = order.AppendUint16(tiff, 42)
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, uint16(len(entries)))
	for _, e := range entries {
		tiff = order.AppendUint16(tiff, e.tag)
		tiff = order.AppendUint16(tiff, e.kind)
		tiff = order.AppendUint32(tiff, e.count)
		tiff = append(tiff, append(bytes.Clone(e.place), 0, 0, 0, 0)[:4]...)
	}
	return append(order.AppendUint32(tiff, 0), behind...)
}

// exif is the segment of a JPEG file that says an orientation, after an entry that does not.
func exif(order binary.AppendByteOrder, value uint16) []byte {
	place := order.AppendUint16(nil, value)
	return segment(exifName + string(tiffWith(order, []entry{{0x0103, 3, 1, []byte{6, 6}}, {0x0112, 3, 1, place}})))
}

func segment(content string) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(content)+2)), content...)
}

// jpegWith is a JPEG file of a picture with segments after its start.
func jpegWith(t *testing.T, p image.Image, segments ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	return bytes.Join([][]byte{b.Bytes()[:2], bytes.Join(segments, nil), b.Bytes()[2:]}, nil)
}

func saveBytes(t *testing.T, data []byte) string {
	return save(t, func(w io.Writer) error { _, err := w.Write(data); return err })
}

// TestOrientation reads the file of each orientation; the corners follow from which side of the
// picture Exif calls the file's first row and first column.
func TestOrientation(t *testing.T) {
	xmp := segment("http://ns.adobe.com/xap/1.0/\x00<x/>")
	want := [9]string{1: "rgbw", 2: "grwb", 3: "wbgr", 4: "bwrg", 5: "rbgw", 6: "brwg", 7: "wgbr", 8: "gwrb"}
	for value := uint16(1); value <= 8; value++ {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			p, err := Read(t.Context(), saveBytes(t, jpegWith(t, quarters(), xmp, exif(order, value))))
			if err != nil {
				t.Fatal(err)
			}
			size := image.Pt(32, 16)
			if value >= 5 {
				size = image.Pt(16, 32)
			}
			if got := p.Bounds().Size(); got != size || corners(p) != want[value] {
				t.Errorf("%v, orientation %d: %v with corners %s, want %v with %s", order, value, got, corners(p), size, want[value])
			}
		}
	}
	mask, err := ReadMask(t.Context(), saveBytes(t, jpegWith(t, quarters(), exif(binary.BigEndian, 6))))
	if err != nil || corners(mask) != want[6] {
		t.Errorf("a mask is not turned: %v, error %v", corners(mask), err)
	}
}

// TestOrientationOfNonsense reads the picture as it is.
func TestOrientationOfNonsense(t *testing.T) {
	whole := exif(binary.LittleEndian, 6)
	tooFar := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(tooFar[14:], 1<<31)
	for name, s := range map[string][]byte{
		"nothing":          nil,
		"value 0":          exif(binary.LittleEndian, 0),
		"value 9":          exif(binary.BigEndian, 9),
		"no TIFF":          segment("Exif\x00\x00hello, world"),
		"short":            segment("Exif\x00\x00MM"),
		"directory beyond": tooFar,
		"cut off":          segment(string(whole[4:36])),
	} {
		p, err := Read(t.Context(), saveBytes(t, jpegWith(t, quarters(), s)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if corners(p) != "rgbw" {
			t.Errorf("%s: corners %s", name, corners(p))
		}
	}
}

// TestOrientationKinds has what ImageOps.exif_transpose of Pillow 13 does with the kinds of numbers, and with several
// notes: true where it turns the picture.
func TestOrientationKinds(t *testing.T) {
	xmp := func(text string) []byte { return segment("http://ns.adobe.com/xap/1.0/\x00" + text) }
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		short, long, at := order.AppendUint16(nil, 6), order.AppendUint32(nil, 6), order.AppendUint32(nil, 26)
		of := func(e ...entry) []byte { return segment(exifName + string(tiffWith(order, e))) }
		one := func(value uint16) []byte { return exif(order, value) }
		six := tiffWith(order, []entry{{0x0112, 3, 1, short}})
		without := of(entry{0x0103, 3, 1, short})
		for name, c := range map[string]struct {
			segments [][]byte
			turned   bool
		}{
			"BYTE":               {[][]byte{of(entry{0x0112, 1, 1, []byte{6}})}, false},
			"ASCII":              {[][]byte{of(entry{0x0112, 2, 1, []byte{6}})}, false},
			"SHORT":              {[][]byte{of(entry{0x0112, 3, 1, short})}, true},
			"LONG":               {[][]byte{of(entry{0x0112, 4, 1, long})}, true},
			"SBYTE":              {[][]byte{of(entry{0x0112, 6, 1, []byte{6}})}, true},
			"UNDEFINED":          {[][]byte{of(entry{0x0112, 7, 1, []byte{6}})}, false},
			"SSHORT":             {[][]byte{of(entry{0x0112, 8, 1, short})}, true},
			"SLONG":              {[][]byte{of(entry{0x0112, 9, 1, long})}, true},
			"IFD":                {[][]byte{of(entry{0x0112, 13, 1, long})}, true},
			"kind 99":            {[][]byte{of(entry{0x0112, 99, 1, short})}, false},
			"no number":          {[][]byte{of(entry{0x0112, 4, 0, long})}, false},
			"two SHORTs":         {[][]byte{of(entry{0x0112, 3, 2, short})}, true},
			"LONGs elsewhere":    {[][]byte{segment(exifName + string(tiffWith(order, []entry{{0x0112, 4, 2, at}}, append(long, long...)...)))}, true},
			"LONGs nowhere":      {[][]byte{of(entry{0x0112, 4, 2, at})}, false},
			"LONGs far away":     {[][]byte{of(entry{0x0112, 4, 1 << 31, []byte{255, 255, 255, 255}})}, false},
			"the first counts":   {[][]byte{of(entry{0x0112, 3, 1, short}, entry{0x0112, 3, 1, []byte{1, 1}})}, true},
			"the first, bad":     {[][]byte{of(entry{0x0112, 3, 1, []byte{9, 9}}, entry{0x0112, 3, 1, short})}, false},
			"the first, no kind": {[][]byte{of(entry{0x0112, 99, 1, short}, entry{0x0112, 3, 1, short})}, true},
			"out of order":       {[][]byte{of(entry{0x9000, 3, 1, short}, entry{0x0112, 4, 1, long}, entry{0x0103, 3, 1, short})}, true},
			"name twice":         {[][]byte{segment(exifName + exifName + string(six))}, true},
			"two segments":       {[][]byte{segment(exifName + string(six[:20])), segment(exifName + string(six[20:]))}, true},
			"two structures":     {[][]byte{one(1), one(6)}, false},
			"structure and 6":    {[][]byte{without, one(6)}, false},
			"nothing and 6":      {[][]byte{segment(exifName), one(6)}, true},
			"garbage and 6":      {[][]byte{segment(exifName + "hello"), one(6)}, true},
			"XMP":                {[][]byte{xmp(`<x tiff:Orientation="6"/>`)}, true},
			"XMP element":        {[][]byte{xmp(`<tiff:Orientation>6</tiff:Orientation>`)}, true},
			"Exif before XMP":    {[][]byte{xmp(`<x tiff:Orientation="6"/>`), one(1)}, false},
			"Exif without":       {[][]byte{without, xmp(`<x tiff:Orientation="6"/>`)}, true},
			"Exif 9 and XMP":     {[][]byte{one(9), xmp(`<x tiff:Orientation="6"/>`)}, false},
			"the last XMP":       {[][]byte{xmp("none"), xmp(`<x tiff:Orientation="6"/>`)}, true},
			"not the first XMP":  {[][]byte{xmp(`<x tiff:Orientation="6"/>`), xmp("none")}, false},
			"42 the other way":   {[][]byte{segment(exifName + string(six[:2]) + string(six[3]) + string(six[2]) + string(six[4:]))}, true},
			"43":                 {[][]byte{segment(exifName + strings.Replace(string(six), "*", "+", 1))}, false},
			"cut behind it":      {[][]byte{segment(exifName + string(six[:22]))}, true},
			"cut within it":      {[][]byte{segment(exifName + string(six[:21]))}, false},
		} {
			p, err := Read(t.Context(), saveBytes(t, jpegWith(t, quarters(), c.segments...)))
			if err != nil {
				t.Errorf("%s: %v", name, err)
			} else if turned := p.Bounds().Dx() == 16; turned != c.turned {
				t.Errorf("%v, %s: turned %v, want %v", order, name, turned, c.turned)
			}
		}
	}
}

// pngWith is a PNG file with chunks before and behind the pixels.
func pngWith(t *testing.T, p image.Image, before, behind []byte) []byte {
	t.Helper()
	file, err := EncodePNG(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	end := len(file) - len(chunk("IEND", ""))
	return bytes.Join([][]byte{file[:pngHeader], before, file[pngHeader:end], behind, file[end:]}, nil)
}

// TestOrientationOfPNG turns PNG files by their chunks, as Pillow does.
func TestOrientationOfPNG(t *testing.T) {
	six := func(order binary.AppendByteOrder, kind uint16) string {
		place := order.AppendUint16(nil, 6)
		if kind == 4 {
			place = order.AppendUint32(nil, 6)
		}
		return string(tiffWith(order, []entry{{0x0112, kind, 1, place}}))
	}
	tiff := six(binary.LittleEndian, 3)
	none := string(tiffWith(binary.LittleEndian, []entry{{0x0103, 3, 1, []byte{6, 0}}}))
	profile := fmt.Sprintf("\nexif\n%8d\n%x\n%x\n", len(tiff)+6, exifName+tiff[:20], tiff[20:])
	const xmp = `<x tiff:Orientation="6"/>`
	for name, c := range map[string]struct {
		before, behind []byte
		turned         bool
	}{
		"SHORT":             {chunk("eXIf", tiff), nil, true},
		"SHORT, big":        {chunk("eXIf", six(binary.BigEndian, 3)), nil, true},
		"LONG":              {chunk("eXIf", six(binary.LittleEndian, 4)), nil, true},
		"LONG, big":         {chunk("eXIf", six(binary.BigEndian, 4)), nil, true},
		"behind":            {nil, chunk("eXIf", tiff), true},
		"with its name":     {chunk("eXIf", exifName+tiff), nil, true},
		"the last counts":   {append(chunk("eXIf", none), chunk("eXIf", tiff)...), nil, true},
		"the last, none":    {append(chunk("eXIf", tiff), chunk("eXIf", none)...), nil, false},
		"empty":             {chunk("eXIf", ""), nil, false},
		"profile":           {chunk("tEXt", "Raw profile type exif\x00"+profile), nil, true},
		"packed profile":    {nil, chunk("zTXt", "Raw profile type exif\x00\x00"+deflated(profile)), true},
		"chunk and profile": {chunk("tEXt", "Raw profile type exif\x00"+profile), chunk("eXIf", none), false},
		"broken profile":    {chunk("tEXt", "Raw profile type exif\x00\n\n\nzz"), nil, false},
		"XMP":               {chunk("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00"+xmp), nil, true},
		"packed XMP":        {chunk("iTXt", "XML:com.adobe.xmp\x00\x01\x00\x00\x00"+deflated(xmp)), nil, true},
		"bomb":              {chunk("iTXt", "XML:com.adobe.xmp\x00\x01\x00\x00\x00"+deflated(strings.Repeat(" ", maxNotes)+xmp)), nil, false},
		"another":           {chunk("exIf", tiff), nil, false},
	} {
		p, err := Read(t.Context(), saveBytes(t, pngWith(t, quarters(), c.before, c.behind)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := map[bool]string{false: "rgbw", true: "brwg"}[c.turned]; corners(p) != want {
			t.Errorf("%s: corners %s, want %s", name, corners(p), want)
		}
	}
}

// TestHostileJPEG wants an error before anything large is allocated.
func TestHostileJPEG(t *testing.T) {
	whole := jpegWith(t, quarters())
	frame := bytes.Index(whole, []byte{0xff, 0xc0})
	huge := bytes.Clone(whole)
	binary.BigEndian.PutUint16(huge[frame+5:], 65500)
	binary.BigEndian.PutUint16(huge[frame+7:], 65500)
	flat := bytes.Clone(whole)
	binary.BigEndian.PutUint16(flat[frame+7:], 0)
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"huge":         {huge, "65500×65500"},
		"no width":     {flat, "0×16"},
		"head only":    {whole[:frame+6], "damaged"},
		"pixels short": {whole[:len(whole)-20], "the jpeg file is damaged"},
	} {
		if _, err := Read(t.Context(), saveBytes(t, c.data)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %s", name, err, c.says)
		}
	}
}
