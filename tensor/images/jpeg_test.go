package images

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"image/jpeg"
	"os"
	"strings"
	"testing"
)

// TestPixelsLikePillow compares pictures of each relation of chroma to luma with Pillow's. What is left are the
// roundings of two inverse cosine transforms; repeated chroma would be ten times as far away.
func TestPixelsLikePillow(t *testing.T) {
	var golden []struct{ Name, JPEG, RGB string }
	data, err := os.ReadFile("testdata/pixels.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	for _, g := range golden {
		file, err1 := base64.StdEncoding.DecodeString(g.JPEG)
		want, err2 := hex.DecodeString(g.RGB)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		got, err := readPicture(section(file))
		if err != nil {
			t.Errorf("%s: %v", g.Name, err)
			continue
		}
		if n := got.Rect.Dx() * got.Rect.Dy(); len(want) != 3*n {
			t.Errorf("%s: a picture of %v, want %d pixels", g.Name, got.Rect.Size(), len(want)/3)
			continue
		}
		sum, most := 0, 0
		for i, v := range want {
			d := int(got.Pix[4*(i/3)+i%3]) - int(v)
			sum += max(d, -d)
			most = max(most, d, -d)
		}
		if mean := float64(sum) / float64(len(want)); mean > 0.2 || most > 3 {
			t.Errorf("%s: %.3f shades from Pillow on average, at most %d; want 0.2 and 3", g.Name, mean, most)
		}
	}
}

// frameAt is where the frame header's marker stands in a JPEG file.
func frameAt(file []byte) int { return bytes.Index(file, []byte{0xff, 0xc0}) }

// edited is a file with some bytes of its frame header replaced, counted from the marker.
func edited(file []byte, changes map[int]byte) []byte {
	out := bytes.Clone(file)
	for i, v := range changes {
		out[frameAt(file)+i] = v
	}
	return out
}

// TestUnsupportedJPEG calls what is in order, and not read, not damaged.
func TestUnsupportedJPEG(t *testing.T) {
	whole := jpegWith(t, quarters())
	cmyk, err := os.ReadFile("testdata/cmyk.jpg")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"odd sampling":   {edited(whole, map[int]byte{11: 0x22, 14: 0x11, 17: 0x12}), "luma/chroma subsampling ratio"},
		"threefold":      {edited(whole, map[int]byte{11: 0x31}), "luma/chroma subsampling ratio"},
		"arithmetic":     {edited(whole, map[int]byte{1: 0xc9}), "arithmetic coding"},
		"arithmetic, p.": {edited(whole, map[int]byte{1: 0xca}), "arithmetic coding"},
		"lossless":       {edited(whole, map[int]byte{1: 0xc3}), "lossless coding"},
		"lossless, a.":   {edited(whole, map[int]byte{1: 0xcb}), "lossless coding"},
		"hierarchical":   {edited(whole, map[int]byte{1: 0xc5}), "hierarchical coding"},
		"12 bits":        {edited(whole, map[int]byte{1: 0xc1, 4: 12}), "12 bits a sample"},
		"2 channels":     {edited(whole, map[int]byte{9: 2}), "2 channels"},
		"CMYK":           {bytes.Replace(cmyk, []byte("Adobe"), []byte("adobe"), 1), "Adobe"},
	} {
		_, err := Read(t.Context(), saveBytes(t, c.file))
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "not supported") ||
			!strings.Contains(err.Error(), "save it as PNG") || strings.Contains(err.Error(), "damaged") {
			t.Errorf("%s: error %v, want one that says not supported, and %s", name, err, c.says)
		}
		if err != nil && strings.Contains(err.Error(), "unsupported") {
			t.Errorf("%s: error %v says twice that it is not supported", name, err)
		}
		if kind := jpeg.UnsupportedError(""); !errors.As(err, &kind) {
			t.Errorf("%s: error %v is no jpeg.UnsupportedError", name, err)
		}
	}
	// Cut off, or with a marker in the pixels, it is damaged.
	pixels := bytes.Index(whole, []byte{0xff, 0xda}) + 20
	spoilt := bytes.Clone(whole)
	copy(spoilt[pixels:], []byte{0xff, 0xc9, 0, 3, 0})
	for name, file := range map[string][]byte{"cut off": whole[:pixels], "spoilt": spoilt, "head": whole[:frameAt(whole)+3]} {
		if _, err := Read(t.Context(), saveBytes(t, file)); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%s: error %v, want that the file is damaged", name, err)
		}
	}
}

// scansOf is a JPEG file whose pixels come several times.
func scansOf(file []byte, n int) []byte {
	start, end := bytes.Index(file, []byte{0xff, 0xda}), len(file)-2
	return bytes.Join([][]byte{file[:start], bytes.Repeat(file[start:end], n), file[end:]}, nil)
}

// TestManyScans refuses files that go through their pixels again and again, before they do.
func TestManyScans(t *testing.T) {
	whole := jpegWith(t, quarters())
	large := edited(scansOf(whole, 17), map[int]byte{5: 0x20, 6: 0, 7: 0x20, 8: 0}) // 8192×8192
	segments := bytes.Repeat([]byte{0xff, 0xfe, 0, 2}, maxSegments+1)
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"scans":    {scansOf(whole, 5000), "more than 100 scans"},
		"work":     {large, "17 scans of 8192×8192, in all 1140850688 pixels, want at most 1073741824"},
		"segments": {jpegWith(t, quarters(), segments), "more than 10000 segments"},
	} {
		if _, err := Read(t.Context(), saveBytes(t, c.file)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %s", name, err, c.says)
		}
	}
	// Zeros without an end, before the header and among the pixels, which image/jpeg passes over byte by byte.
	zeros := make([]byte, 1<<20)
	early := bytes.Join([][]byte{whole[:2], zeros, whole[2:]}, nil)
	late := bytes.Join([][]byte{whole[:len(whole)-2], zeros, whole[len(whole)-2:]}, nil)
	for says, file := range map[string][]byte{"no frame header": early, "bytes of pixels, want at most": late} {
		if _, err := readPicture(section(file)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("zeros: error %v, want one that says %s", err, says)
		}
	}
	// Neither the scans of a thumbnail nor those of a second picture in the file are the picture's.
	thumbnail := segment(string(scansOf(whole, 200)))
	behind := bytes.Repeat([]byte{0xff, 0xda, 0, 2}, 200)
	p, err := Read(t.Context(), saveBytes(t, append(jpegWith(t, quarters(), thumbnail), behind...)))
	if err != nil || corners(p) != "rgbw" {
		t.Errorf("thumbnail and second picture: %v, error %v", p, err)
	}
}

// TestHugeClaims refuses files that cannot hold a picture of the size that they claim, before memory is taken.
func TestHugeClaims(t *testing.T) {
	jpegFile := edited(jpegWith(t, quarters()), map[int]byte{5: 0x20, 6: 0, 7: 0x20, 8: 0})
	pngFile := append(hugePNG(8192, 8192), chunk("IDAT", deflated(strings.Repeat("\x00", 1<<20)))...)
	pngFile = append(pngFile, chunk("IEND", "")...)
	for name, file := range map[string][]byte{"jpeg": jpegFile, "png": pngFile} {
		_, err := Read(t.Context(), saveBytes(t, file))
		if err == nil || !strings.Contains(err.Error(), "the "+name+" file is damaged: its") || !strings.Contains(err.Error(), "cannot hold a picture of 8192×8192") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	chunks := append(hugePNG(4, 4), bytes.Repeat(chunk("teSt", ""), maxChunks)...)
	if _, err := readPicture(section(chunks)); err == nil || !strings.Contains(err.Error(), "more than 131072 chunks") {
		t.Errorf("chunks: error %v", err)
	}
}
