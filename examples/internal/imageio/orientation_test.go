package imageio

import (
	"bytes"
	"encoding/binary"
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

// exif is the segment of a JPEG file that says an orientation, after an entry that does not.
func exif(order binary.AppendByteOrder, value uint16) []byte {
	tiff := []byte("MM")
	if order.String() == binary.LittleEndian.String() {
		tiff = []byte("II")
	}
	tiff = order.AppendUint16(tiff, 42)
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 2)
	for _, entry := range [][2]uint16{{0x0103, 6}, {0x0112, value}} {
		tiff = order.AppendUint16(tiff, entry[0])
		tiff = order.AppendUint16(tiff, 3)
		tiff = order.AppendUint32(tiff, 1)
		tiff = order.AppendUint16(tiff, entry[1])
		tiff = order.AppendUint16(tiff, 0)
	}
	return segment("Exif\x00\x00" + string(order.AppendUint32(tiff, 0)))
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
			p, err := Read(saveBytes(t, jpegWith(t, quarters(), xmp, exif(order, value))))
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
	mask, err := ReadMask(saveBytes(t, jpegWith(t, quarters(), exif(binary.BigEndian, 6))))
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
		p, err := Read(saveBytes(t, jpegWith(t, quarters(), s)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if corners(p) != "rgbw" {
			t.Errorf("%s: corners %s", name, corners(p))
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
		if _, err := Read(saveBytes(t, c.data)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %s", name, err, c.says)
		}
	}
}

func FuzzOrientation(f *testing.F) {
	f.Add(append([]byte{0xff, 0xd8}, exif(binary.LittleEndian, 6)...))
	f.Add(append([]byte{0xff, 0xd8}, exif(binary.BigEndian, 3)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		if o := jpegOrientation(bytes.NewReader(data)); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
	})
}
