package images

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// format is a file of formats.json and the pixels that Pillow reads from it, on white.
type format struct {
	Name, File, RGB string
	W, H            int
}

func formats(t testing.TB) (all []format, files [][]byte) {
	t.Helper()
	data, err := os.ReadFile("testdata/formats.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		file, err := base64.StdEncoding.DecodeString(f.File)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return all, files
}

// TestFormatsLikePillow wants Pillow's pixels of every format: all the same, but for the rounding of opacity.
func TestFormatsLikePillow(t *testing.T) {
	all, files := formats(t)
	for i, f := range all {
		want, err := hex.DecodeString(f.RGB)
		got, err2 := readPicture(section(files[i]))
		if err := errors.Join(err, err2); err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		if size := image.Pt(f.W, f.H); got.Rect.Size() != size {
			t.Errorf("%s: a picture of %v, want %v", f.Name, got.Rect.Size(), size)
			continue
		}
		within := 0
		if strings.Contains(f.Name, "opacity") {
			within = 1
		}
		different, most := 0, 0
		for i, v := range want {
			if d := int(got.Pix[4*(i/3)+i%3]) - int(v); d > within || -d > within {
				different++
				most = max(most, d, -d)
			}
		}
		if different > 0 {
			t.Errorf("%s: %d of %d values differ from Pillow's, by up to %d", f.Name, different, len(want), most)
		}
	}
}

// encoded is a file that encode writes.
func encoded(t testing.TB, encode func(w io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asTIFF(t testing.TB, p image.Image) []byte {
	return encoded(t, func(w io.Writer) error {
		return tiff.Encode(w, p, &tiff.Options{Compression: tiff.Deflate, Predictor: true})
	})
}

func asBMP(t testing.TB, p image.Image) []byte {
	return encoded(t, func(w io.Writer) error { return bmp.Encode(w, p) })
}

// rowOf is the row of pixels that is read from a file.
func rowOf(t *testing.T, file []byte) (row []color.RGBA) {
	t.Helper()
	p, err := readPicture(section(file))
	if err != nil {
		t.Fatal(err)
	}
	for x := range p.Rect.Dx() {
		row = append(row, p.RGBAAt(x, 0))
	}
	return row
}

// TestTIFFColourModels reads those that Pillow does not write.
func TestTIFFColourModels(t *testing.T) {
	for name, c := range map[string]struct {
		picture image.Image
		want    []color.RGBA
	}{
		"16 bits": {
			&image.NRGBA64{Pix: []byte{0x80, 0xff, 0x12, 0x34, 0xff, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0x80, 0}, Stride: 16, Rect: image.Rect(0, 0, 2, 1)},
			[]color.RGBA{{0x80, 0x12, 0xff, 255}, {255, 127, 127, 255}},
		},
		"16 bits, colours times opacity": {
			&image.RGBA64{Pix: []byte{0x80, 0xff, 0x12, 0x34, 0xff, 0, 0xff, 0xff, 0x80, 0, 0, 0, 0, 0, 0x80, 0}, Stride: 16, Rect: image.Rect(0, 0, 2, 1)},
			[]color.RGBA{{0x80, 0x12, 0xff, 255}, {255, 127, 127, 255}},
		},
		"colours times opacity": {
			&image.RGBA{Pix: []byte{1, 2, 3, 255, 100, 0, 50, 100, 0, 0, 0, 0}, Stride: 12, Rect: image.Rect(0, 0, 3, 1)},
			[]color.RGBA{{1, 2, 3, 255}, {255, 155, 205, 255}, {255, 255, 255, 255}},
		},
		"16 bits of grey": {
			&image.Gray16{Pix: []byte{0x80, 0xff, 0, 255}, Stride: 4, Rect: image.Rect(0, 0, 2, 1)},
			[]color.RGBA{{0x80, 0x80, 0x80, 255}, {0, 0, 0, 255}},
		},
	} {
		if diff := cmp.Diff(c.want, rowOf(t, asTIFF(t, c.picture))); diff != "" {
			t.Errorf("%s: want -, got +\n%s", name, diff)
		}
	}
}

// wideBMP is a BMP file of a row of pixels of 32 bits, with a header that has a mask of opacity.
func wideBMP(mask uint32, pixels ...byte) []byte {
	const header = 108
	file := []byte("BM????\x00\x00\x00\x00")
	for _, n := range []uint32{14 + header, header, uint32(len(pixels) / 4), 1, 32<<16 | 1} {
		file = binary.LittleEndian.AppendUint32(file, n)
	}
	file = append(file, make([]byte, 14+header-len(file))...)
	binary.LittleEndian.PutUint32(file[66:], mask)
	return append(file, pixels...)
}

// TestBMP reads rows from the top, and opacity where it is meant.
func TestBMP(t *testing.T) {
	const alpha = 0xff000000
	for name, c := range map[string]struct {
		file []byte
		want []color.RGBA
	}{
		"opacity":       {wideBMP(alpha, 3, 2, 1, 255, 0, 0, 0, 0), []color.RGBA{{1, 2, 3, 255}, {255, 255, 255, 255}}},
		"no opacity":    {wideBMP(0, 3, 2, 1, 9, 0, 0, 0, 0), []color.RGBA{{1, 2, 3, 255}, {0, 0, 0, 255}}},
		"never written": {wideBMP(alpha, 3, 2, 1, 0, 6, 5, 4, 0), []color.RGBA{{1, 2, 3, 255}, {4, 5, 6, 255}}},
	} {
		if diff := cmp.Diff(c.want, rowOf(t, c.file)); diff != "" {
			t.Errorf("%s: want -, got +\n%s", name, diff)
		}
	}
	two := image.NewRGBA(image.Rect(0, 0, 1, 2))
	copy(two.Pix, []byte{1, 2, 3, 255, 4, 5, 6, 255})
	fromTop := asBMP(t, two)
	binary.LittleEndian.PutUint32(fromTop[22:], 1<<32-2)
	for file, want := range map[string]color.RGBA{string(asBMP(t, two)): {1, 2, 3, 255}, string(fromTop): {4, 5, 6, 255}} {
		if row := rowOf(t, []byte(file)); row[0] != want {
			t.Errorf("the first row is %v, want %v", row[0], want)
		}
	}
}

// onScreen is a GIF file whose first frame is one pixel of a screen of three, and whose second one, cut off, is all of
// it.
func onScreen(t testing.TB, pixel color.RGBA) []byte {
	colours := color.Palette{color.RGBA{0, 0, 255, 255}, pixel}
	first, second := image.NewPaletted(image.Rect(1, 0, 2, 1), colours), image.NewPaletted(image.Rect(0, 0, 3, 1), colours)
	first.Pix[0] = 1
	file := encoded(t, func(w io.Writer) error {
		return gif.EncodeAll(w, &gif.GIF{
			Image: []*image.Paletted{first, second}, Delay: []int{9, 9}, Disposal: []byte{gif.DisposalBackground, gif.DisposalNone},
			Config: image.Config{Width: 3, Height: 1, ColorModel: colours}, BackgroundIndex: 0,
		})
	})
	return file[:len(file)-4]
}

// TestGIFFirstFrame puts it where it belongs, and shows nothing around it.
func TestGIFFirstFrame(t *testing.T) {
	white, red := color.RGBA{255, 255, 255, 255}, color.RGBA{255, 0, 0, 255}
	if diff := cmp.Diff([]color.RGBA{white, red, white}, rowOf(t, onScreen(t, red))); diff != "" {
		t.Errorf("want -, got +\n%s", diff)
	}
	mask, err := readMask(section(onScreen(t, white)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float32{0, 1, 0}, Binary(mask)); diff != "" {
		t.Errorf("as a mask: want -, got +\n%s", diff)
	}
}

// TestMasksOfFormats reads masks of every format, and refuses those of labels.
func TestMasksOfFormats(t *testing.T) {
	palette := func(colours ...color.Color) *image.Paletted {
		p := image.NewPaletted(image.Rect(0, 0, len(colours), 1), colours)
		for x := range colours {
			p.Pix[x] = uint8(x)
		}
		return p
	}
	labels := &image.Gray16{Pix: []byte{0, 0, 0, 3}, Stride: 4, Rect: image.Rect(0, 0, 2, 1)}
	sharp := palette(color.Black, color.White, color.Gray{90}, color.Gray{200})
	coloured := palette(color.Black, color.RGBA{128, 0, 0, 255}, color.RGBA{224, 224, 192, 255})
	asGIF := func(p *image.Paletted) []byte {
		return encoded(t, func(w io.Writer) error { return gif.Encode(w, p, nil) })
	}
	for name, file := range map[string][]byte{"gif": asGIF(sharp), "bmp": asBMP(t, sharp), "tiff": asTIFF(t, sharp)} {
		mask, err := readMask(section(file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if diff := cmp.Diff([]float32{0, 1, 0, 1}, Binary(mask)[:4]); diff != "" {
			t.Errorf("%s: want -, got +\n%s", name, diff)
		}
	}
	for says, files := range map[string][][]byte{
		"its palette has 2 colours, such as #800000 and #e0e0c0": {asGIF(coloured), asBMP(t, coloured), asTIFF(t, coloured)},
		"its lightest value is 3 of 65535":                       {asTIFF(t, labels)},
	} {
		for _, file := range files {
			if _, err := readMask(section(file)); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%.4q: error %v, want one that says %s", file, err, says)
			}
		}
	}
}
