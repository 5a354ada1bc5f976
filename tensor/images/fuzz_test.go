package images

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"testing"
)

// seedFiles are small files of every kind that is read.
func seedFiles(f *testing.F) (all [][]byte) {
	colours := image.NewNRGBA(image.Rect(0, 0, 19, 11))
	for i := range colours.Pix {
		colours.Pix[i] = byte(i * 37)
	}
	palette := image.NewPaletted(image.Rect(0, 0, 4, 4), color.Palette{color.Black, color.White, color.Transparent, color.RGBA{1, 2, 3, 255}})
	copy(palette.Pix, []uint8{0, 1, 2, 3})
	for _, p := range []image.Image{colours, palette, image.NewGray16(image.Rect(0, 0, 3, 3)), image.NewGray(image.Rect(0, 0, 3, 3))} {
		var b bytes.Buffer
		if err := png.Encode(&b, p); err != nil {
			f.Fatal(err)
		}
		all = append(all, b.Bytes())
	}
	tiff := string(tiffWith(binary.BigEndian, []entry{{0x0112, 4, 1, []byte{0, 0, 0, 6}}}))
	head, tail := all[0][:pngHeader], all[0][pngHeader:]
	all = append(all, bytes.Join([][]byte{head, chunk("eXIf", tiff), chunk("zTXt", profileKey+"\x00\x00"+deflated("\nexif\n8\nffff")), tail}, nil))
	var b bytes.Buffer
	if err := jpeg.Encode(&b, colours, nil); err != nil { // chroma of half the size
		f.Fatal(err)
	}
	file := b.Bytes()
	all = append(all, file)
	for _, notes := range [][]byte{
		exif(binary.LittleEndian, 6), exif(binary.BigEndian, 5),
		segment(exifName + tiff), segment("http://ns.adobe.com/xap/1.0/\x00tiff:Orientation>8"),
	} {
		all = append(all, bytes.Join([][]byte{file[:2], notes, file[2:]}, nil))
	}
	cmyk, err := os.ReadFile("testdata/cmyk.jpg")
	if err != nil {
		f.Fatal(err)
	}
	_, others := formats(f)
	return append(append(all, cmyk, onScreen(f, color.RGBA{255, 0, 0, 255}), wideBMP(0xff000000, 1, 2, 3, 4)), others...)
}

// FuzzRead reads no file as anything but an opaque picture at the origin, as a picture and as a mask.
func FuzzRead(f *testing.F) {
	for _, file := range seedFiles(f) {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if c, _, err := image.DecodeConfig(bytes.NewReader(file)); err == nil && c.Width*c.Height > 1<<20 {
			return // allowed, and slow
		}
		p, err := readPicture(section(file))
		if err != nil {
			return
		}
		opaque(t, p)
		if mask, err := readMask(section(file)); err == nil {
			opaque(t, mask)
			if mask.Rect != p.Rect || len(Binary(mask)) != p.Rect.Dx()*p.Rect.Dy() {
				t.Errorf("the picture lies in %v, the mask in %v", p.Rect, mask.Rect)
			}
		}
		if truth, err := readTruth(section(file)); err == nil && truth.Rect != p.Rect {
			t.Errorf("the picture lies in %v, the truth in %v", p.Rect, truth.Rect)
		}
		fit, err := FitTo(p.Bounds().Size(), 64, 8)
		if err != nil {
			return
		}
		fitted, err := fit.Picture(p)
		if err != nil {
			t.Fatal(err)
		}
		if s := fitted.Bounds().Size(); s != fit.Size() || s.X%8 != 0 || s.Y%8 != 0 {
			t.Errorf("%v for a fit to %v", s, fit.Size())
		}
	})
}

func opaque(t *testing.T, p *image.RGBA) {
	t.Helper()
	if p.Rect.Min != (image.Point{}) || p.Rect.Empty() || p.Stride != 4*p.Rect.Dx() || len(p.Pix) != p.Stride*p.Rect.Dy() {
		t.Fatalf("bounds %v, rows of %d of %d bytes", p.Rect, p.Stride, len(p.Pix))
	}
	if !p.Opaque() {
		t.Fatal("it is not opaque")
	}
}

// FuzzOrientation finds one of eight orientations in any notes, and in any JPEG file.
func FuzzOrientation(f *testing.F) {
	f.Add(exif(binary.LittleEndian, 6)[10:], []byte(`tiff:Orientation="6"`))
	f.Add(exif(binary.BigEndian, 3)[10:], []byte(nil))
	f.Add(tiffWith(binary.LittleEndian, []entry{{0x0112, 4, 2, []byte{26, 0, 0, 0}}}, 6, 0, 0, 0, 1, 0, 0, 0), []byte(nil))
	f.Fuzz(func(t *testing.T, exif, xmp []byte) {
		if o := orientationOf(exif, xmp); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
		survey := surveyJPEG(bytes.NewReader(append([]byte{0xff, 0xd8}, exif...)))
		if len(survey.exif) > maxNotes || survey.scans > maxScans+1 || survey.segments > maxSegments+1 {
			t.Errorf("%d bytes of Exif, %d scans, %d segments", len(survey.exif), survey.scans, survey.segments)
		}
	})
}

// FuzzSeamlessClone blends pictures of any sizes and weights: outside the source's place nothing changes, and what lies
// beyond the destination is an error.
func FuzzSeamlessClone(f *testing.F) {
	f.Add(uint8(40), uint8(30), uint8(20), uint8(16), 5, 6, uint8(0), []byte{255, 3, 255, 255})
	f.Add(uint8(9), uint8(1), uint8(1), uint8(9), -1, 1<<40, uint8(2), []byte{1})
	f.Add(uint8(20), uint8(90), uint8(18), uint8(90), 1, 0, uint8(1), []byte{128})
	f.Fuzz(func(t *testing.T, w, h, sw, sh uint8, x, y int, g uint8, data []byte) {
		if min(w, h, sw, sh) == 0 || len(data) == 0 {
			return
		}
		fill := func(pix []byte) {
			for i := range pix {
				pix[i] = data[i%len(data)] * byte(1+i/len(data)%3)
			}
		}
		destination, source := image.NewRGBA(image.Rect(0, 0, int(w), int(h))), image.NewRGBA(image.Rect(0, 0, int(sw), int(sh)))
		weights := image.NewGray(source.Rect)
		fill(destination.Pix)
		fill(source.Pix[len(source.Pix)/3:])
		fill(weights.Pix)
		got, err := SeamlessClone(destination, source, weights, image.Pt(x, y), Gradients(g))
		if err != nil {
			return
		}
		place := source.Rect.Add(image.Pt(x, y)).Inset(1)
		for i := range int(w) * int(h) {
			at := image.Pt(i%int(w), i/int(w))
			if !at.In(place) && got.RGBAAt(at.X, at.Y) != destination.RGBAAt(at.X, at.Y) {
				t.Fatalf("pixel %v, outside %v, has changed", at, place)
			}
		}
	})
}
