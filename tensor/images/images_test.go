package images

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// save writes what encode writes to a file and returns its path.
func save(t *testing.T, encode func(w io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "picture")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func savePNG(t *testing.T, p image.Image) string {
	return save(t, func(w io.Writer) error { return png.Encode(w, p) })
}

// filled returns a picture of one colour in any colour model.
func filled(w, h int, c color.Color) *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			p.Set(x, y, c)
		}
	}
	return p
}

func TestReadColourModels(t *testing.T) {
	deep := image.NewNRGBA64(image.Rect(0, 0, 2, 1))
	deep.Set(0, 0, color.NRGBA64{0x80ff, 0x1234, 0xffff, 0xffff})
	deep.Set(1, 0, color.NRGBA64{0xffff, 0, 0, 0x8000})
	deepGrey := image.NewGray16(image.Rect(0, 0, 2, 1))
	deepGrey.Set(0, 0, color.Gray16{0x80ff})
	palette := image.NewPaletted(image.Rect(0, 0, 2, 1), color.Palette{color.RGBA{10, 20, 30, 255}, color.Transparent})
	palette.SetColorIndex(1, 0, 1)
	grey := image.NewGray(image.Rect(0, 0, 16, 16))
	for i := range grey.Pix {
		grey.Pix[i] = 77
	}
	asJPEG := func(p image.Image) string {
		return save(t, func(w io.Writer) error { return jpeg.Encode(w, p, &jpeg.Options{Quality: 100}) })
	}
	for _, c := range []struct {
		name, path string
		x          int
		want       color.RGBA
		within     int
	}{
		{"16 bits", savePNG(t, deep), 0, color.RGBA{0x80, 0x12, 0xff, 255}, 1},
		{"16 bits, half transparent", savePNG(t, deep), 1, color.RGBA{255, 127, 127, 255}, 1},
		{"16 bits grey", savePNG(t, deepGrey), 0, color.RGBA{0x80, 0x80, 0x80, 255}, 1},
		{"palette", savePNG(t, palette), 0, color.RGBA{10, 20, 30, 255}, 0},
		{"palette, transparent", savePNG(t, palette), 1, color.RGBA{255, 255, 255, 255}, 0},
		{"grey PNG", savePNG(t, grey), 3, color.RGBA{77, 77, 77, 255}, 0},
		{"grey JPEG", asJPEG(grey), 3, color.RGBA{77, 77, 77, 255}, 1},
		{"JPEG", asJPEG(filled(16, 16, color.RGBA{200, 100, 50, 255})), 3, color.RGBA{200, 100, 50, 255}, 3},
		{"CMYK JPEG, left", "testdata/cmyk.jpg", 2, color.RGBA{235, 51, 51, 255}, 12},
		{"CMYK JPEG, right", "testdata/cmyk.jpg", 13, color.RGBA{55, 255, 255, 255}, 12},
		{"one pixel", savePNG(t, filled(1, 1, color.RGBA{1, 2, 3, 255})), 0, color.RGBA{1, 2, 3, 255}, 0},
	} {
		p, err := Read(t.Context(), c.path)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got := p.RGBAAt(c.x, 0)
		far := func(a, b uint8) bool { return math.Abs(float64(a)-float64(b)) > float64(c.within) }
		if far(got.R, c.want.R) || far(got.G, c.want.G) || far(got.B, c.want.B) || got.A != 255 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestReadErrors(t *testing.T) {
	content := func(s string) string {
		return save(t, func(w io.Writer) error { _, err := io.WriteString(w, s); return err })
	}
	whole, err := os.ReadFile(savePNG(t, filled(20, 20, color.White)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, says string }{
		{filepath.Join(t.TempDir(), "absent.png"), "absent.png"},
		{t.TempDir(), "directory"},
		{content(""), "this is an empty file; PNG, JPEG, GIF, BMP, TIFF and WebP files are accepted"},
		{content("hello"), "a text file"},
		{content("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n"), "a Git LFS pointer and not the picture, which 'git lfs pull' fetches;"},
		{content("<!DOCTYPE html>\n<title>404</title>"), "a web page"},
		{content("\x00\x01\x02"), "no picture that is known here"},
		{content("\x10\x00\x00\x00\x00\x00\x00\x00{\"a\""), "a safetensors file"},
		{content("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), "this is a HEIC picture; PNG"},
		{content("\x00\x00\x00\x1cftypavif\x00\x00\x00\x00"), "this is an AVIF picture; PNG"},
		{content("\xff\x0a\xfa\x7f"), "this is a JPEG XL picture; PNG"},
		{content("\x00\x00\x00\x0cJXL \r\n\x87\n"), "this is a JPEG XL picture; PNG"},
		{content("\x00\x00\x00\x0cjP  \r\n\x87\n"), "this is a JPEG 2000 picture; PNG"},
		{content("II+\x00\x08\x00\x00\x00"), "this is a BigTIFF picture; PNG"},
		{content("BMW is a company"), "a text file"},
		{content("RIFF\x04\x00\x00\x00WAVE"), "no picture that is known here"},
		{content(string(whole[:20])), "damaged"},
		{content(string(whole[:len(whole)-30])), "the png file is damaged"},
		{content(string(hugePNG(1<<17, 1<<16))), "131072×65536"},
	} {
		if _, err := Read(t.Context(), c.path); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %v, want one that says %s", err, c.says)
		}
	}
}

// hugePNG is the head of a PNG file that claims a size.
func hugePNG(w, h uint32) []byte {
	head := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
	head = binary.BigEndian.AppendUint32(head, w)
	head = binary.BigEndian.AppendUint32(head, h)
	head = append(head, 8, 2, 0, 0, 0)
	return binary.BigEndian.AppendUint32(head, crc32.ChecksumIEEE(head[12:]))
}

// TestStretchTo changes the shape of a picture and keeps its halves.
func TestStretchTo(t *testing.T) {
	p := filled(40, 10, color.Black)
	draw.Draw(p, image.Rect(20, 0, 40, 10), image.White, image.Point{}, draw.Src)
	got, err := StretchTo(image.Pt(40, 10), image.Pt(12, 30)).Picture(p)
	if err != nil {
		t.Fatal(err)
	}
	if got.Bounds() != image.Rect(0, 0, 12, 30) || got.RGBAAt(2, 29).R > 10 || got.RGBAAt(9, 0).R < 245 {
		t.Errorf("%v, with %v on the left and %v on the right", got.Bounds(), got.RGBAAt(2, 29), got.RGBAAt(9, 0))
	}
	for _, to := range []image.Point{{}, {X: -1, Y: 4}, {X: 1 << 40, Y: 1 << 40}} {
		if _, err := StretchTo(image.Pt(40, 10), to).Picture(p); err == nil {
			t.Errorf("to %v: no error", to)
		}
	}
}

func TestFitTo(t *testing.T) {
	for _, c := range []struct {
		w, h, size, multiple int
		want                 string
	}{
		{512, 512, 512, 64, "512×512 as it is"},
		{1200, 800, 512, 64, "1200×800 scaled to 768×512"},
		{800, 1200, 512, 64, "800×1200 scaled to 512×768"},
		{1000, 700, 512, 64, "1000×700 scaled to 731×512, centre 704×512 kept"},
		{1000, 700, 0, 64, "1000×700, centre 960×640 kept"},
		{1, 1, 512, 64, "1×1 scaled to 512×512"},
		{1024, 128, 512, 64, "1024×128 scaled to 4096×512"},
		{64, 513, 0, 64, "64×513, centre 64×512 kept"},
		{100, 90, 100, 64, "100×90 scaled to 111×100, centre 64×64 kept"},
	} {
		f, err := FitTo(image.Pt(c.w, c.h), c.size, c.multiple)
		if err != nil {
			t.Errorf("%d×%d: %v", c.w, c.h, err)
			continue
		}
		if f.String() != c.want {
			t.Errorf("%d×%d: %s, want %s", c.w, c.h, f, c.want)
		}
		if s := f.Size(); s.X%c.multiple != 0 || s.Y%c.multiple != 0 || !f.Crop.In(image.Rectangle{Max: f.Scaled}) {
			t.Errorf("%d×%d: crop %v of %v", c.w, c.h, f.Crop, f.Scaled)
		}
	}
	for _, c := range []struct {
		w, h, size, multiple int
		says                 string
	}{
		{10000, 1, 512, 64, "10000×1: its longer side may be at most 8 times the shorter one; crop it first"},
		{1, 3000, 64, 64, "1×3000: its longer side may be at most 8 times"},
		{1025, 128, 512, 64, "1025×128: its longer side may be at most 8 times"},
		{127, 1000, 0, 64, "would be cropped to 64×960, and its longer side may be at most 8 times"},
		{600, 400, 100000, 64, "600×400: with its shorter side scaled to 100000 the longer one would be 150000, want at most 67 million pixels; choose a smaller size"},
		{600, 400, math.MaxInt, 64, "choose a smaller size"},
		{100000, 100000, 0, 64, "a picture of 100000×100000: want at least 1×1 and at most 67 million pixels"},
		{500, 30, 0, 64, "both sides must be at least 64"},
		{100, 100, 50, 64, "both sides must be at least 64"},
		{0, 5, 50, 64, "0×5"},
		{5, 5, -1, 64, "size -1"},
	} {
		if f, err := FitTo(image.Pt(c.w, c.h), c.size, c.multiple); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%d×%d: %v, error %v; want one that says %s", c.w, c.h, f, err, c.says)
		}
	}
}

func TestFitLikePillow(t *testing.T) {
	type pixels struct {
		W, H   int
		Pixels []int // not bytes, which JSON writes as base64
	}
	var golden struct {
		pixels
		Resized []pixels
	}
	data, err := os.ReadFile("testdata/lanczos.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	source := image.NewRGBA(image.Rect(0, 0, golden.W, golden.H))
	for i := range golden.W * golden.H {
		p := golden.Pixels[3*i:]
		source.Set(i%golden.W, i/golden.W, color.RGBA{uint8(p[0]), uint8(p[1]), uint8(p[2]), 255})
	}
	for _, want := range golden.Resized {
		f, err := FitTo(image.Pt(golden.W, golden.H), want.H, 1)
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.Picture(source)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range want.Pixels {
			if g := int(got.Pix[4*(i/3)+i%3]); g-v > 1 || v-g > 1 {
				t.Fatalf("%d×%d: channel %d of pixel %d is %d, Pillow's is %d", want.W, want.H, i%3, i/3, g, v)
			}
		}
	}
}

// What a crop keeps is the same with scaling as without.
func TestFitCrops(t *testing.T) {
	source := image.NewRGBA(image.Rect(0, 0, 10, 4))
	for x := range 10 {
		for y := range 4 {
			source.Set(x, y, color.RGBA{uint8(20 * x), uint8(50 * y), 0, 255})
		}
	}
	for _, c := range []struct{ size, multiple int }{{0, 4}, {8, 8}} {
		f, err := FitTo(image.Pt(10, 4), c.size, c.multiple)
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.Nearest(source)
		if err != nil {
			t.Fatal(err)
		}
		scale := f.Scaled.X / 10
		for y := range f.Size().Y {
			for x := range f.Size().X {
				want := source.RGBAAt((x+f.Crop.Min.X)/scale, (y+f.Crop.Min.Y)/scale)
				if got.RGBAAt(x, y) != want {
					t.Fatalf("size %d: pixel %d,%d is %v, want %v", c.size, x, y, got.RGBAAt(x, y), want)
				}
			}
		}
	}
	f, err := FitTo(image.Pt(10, 4), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := Fitted(source, 0, 4); err != nil || p.Rect != image.Rect(0, 0, 8, 4) || p.RGBAAt(0, 3) != source.RGBAAt(1, 3) {
		t.Errorf("fitted to multiples of 4: %v, error %v", p, err)
	}
	if p, err := Fitted(source, 2, 4); err == nil || !strings.Contains(err.Error(), "both sides must be at least 4") {
		t.Errorf("fitted to less than the least size: %v, error %v", p, err)
	}
	if _, err := f.Nearest(filled(9, 4, color.White)); err == nil || !strings.Contains(err.Error(), "9×4") {
		t.Errorf("mask of another size: error %v", err)
	}
}

func TestTensorRoundTrip(t *testing.T) {
	p := image.NewRGBA(image.Rect(0, 0, 3, 2))
	for i := range p.Pix {
		p.Pix[i] = uint8(10 * i)
		if i%4 == 3 {
			p.Pix[i] = 255
		}
	}
	for _, layout := range []Layout{ChannelsFirst, ChannelsLast} {
		for _, r := range []Range{Signed, Unit} {
			got, err := FromTensor(ToTensor(p, layout, r), 2, 3, layout, r)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(p, got); diff != "" {
				t.Errorf("%v %v: %s", layout, r, diff)
			}
		}
	}
	q := image.NewRGBA(image.Rect(0, 0, 2, 1))
	copy(q.Pix, []uint8{0, 51, 102, 255, 153, 204, 255, 255})
	if diff := cmp.Diff([]float32{0, 0.6, 0.2, 0.8, 0.4, 1}, ToTensor(q, ChannelsFirst, Unit)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float32{-1, -0.6, -0.2}, ToTensor(q, ChannelsLast, Signed)[:3], approx); diff != "" {
		t.Error(diff)
	}
}

var approx = cmp.Comparer(func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-6 })

func TestFromTensorClampsAndRefuses(t *testing.T) {
	p, err := FromTensor([]float32{-5, 0, float32(math.Inf(1))}, 1, 1, ChannelsFirst, Signed)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.RGBAAt(0, 0); got != (color.RGBA{0, 128, 255, 255}) {
		t.Errorf("got %v", got)
	}
	nan := float32(math.NaN())
	if _, err := FromTensor([]float32{0, nan, 0}, 1, 1, ChannelsLast, Unit); err == nil {
		t.Error("not a number: no error")
	}
	if _, err := FromTensor(make([]float32, 4), 1, 1, ChannelsLast, Unit); err == nil {
		t.Error("wrong length: no error")
	}
	if _, err := FromMap([]float32{nan}, 1, 1); err == nil {
		t.Error("map that is not a number: no error")
	}
	if _, err := FromMap(nil, 0, 0); err == nil {
		t.Error("empty map: no error")
	}
	grey, err := FromMap([]float32{0, 0.2, 2}, 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]uint8{0, 51, 255}, grey.Pix); diff != "" {
		t.Error(diff)
	}
}

func TestMask(t *testing.T) {
	p := image.NewNRGBA(image.Rect(0, 0, 6, 1))
	for x, c := range []color.NRGBA{{255, 255, 255, 255}, {128, 128, 128, 255}, {127, 127, 127, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 255, 0}} {
		p.Set(x, 0, c)
	}
	mask, err := ReadMask(t.Context(), savePNG(t, p))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float32{1, 1, 0, 1, 0, 0}, Binary(mask)); diff != "" {
		t.Error(diff)
	}
}

func TestHeatMap(t *testing.T) {
	picture := filled(9, 1, color.RGBA{100, 100, 100, 255})
	values := make([]float32, 9)
	for i := range values {
		values[i] = float32(i) / 8
	}
	p, err := HeatMap(picture, values)
	if err != nil {
		t.Fatal(err)
	}
	before := -1.0
	for x := range 9 {
		c := p.RGBAAt(x, 0)
		light := 0.2126*float64(c.R) + 0.7152*float64(c.G) + 0.0722*float64(c.B)
		if light <= before {
			t.Errorf("value %g is not lighter than the one before", values[x])
		}
		before = light
	}
	if got, want := p.RGBAAt(8, 0), (color.RGBA{176, 178, 132, 255}); got != want { // half of fcffa4 and of 100
		t.Errorf("value 1: %v, want %v", got, want)
	}
	if _, err := HeatMap(picture, values[:8]); err == nil {
		t.Error("map of another size: no error")
	}
}

func TestWritePNG(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.png")
	for _, c := range []color.RGBA{{1, 2, 3, 255}, {4, 5, 6, 255}} { // the second time over the first
		if err := WritePNG(path, filled(2, 2, c)); err != nil {
			t.Fatal(err)
		}
		p, err := Read(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if p.RGBAAt(1, 1) != c {
			t.Errorf("read %v, want %v", p.RGBAAt(1, 1), c)
		}
	}
	if err := WritePNG(path, image.NewRGBA(image.Rectangle{})); err == nil {
		t.Error("empty picture: no error")
	}
	if _, err := Read(t.Context(), path); err != nil {
		t.Errorf("after a failed write the file before is gone: %v", err)
	}
	if err := WritePNG(filepath.Join(dir, "absent", "out.png"), filled(1, 1, color.White)); err == nil {
		t.Error("no directory: no error")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("files left: %v %v", left, err)
	}
}
