package images

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPNGTexts(t *testing.T) {
	picture := filled(3, 2, color.RGBA{10, 20, 30, 255})
	for name, c := range map[string]struct {
		texts []Text
		kinds []string // the chunks that the file has
	}{
		"none": {nil, []string{"IHDR", "IDAT", "IEND"}},
		"two": {[]Text{{"parameters", "a cat\nSteps: 20, Size: 512x512"}, {"Comment", ""}},
			[]string{"IHDR", "tEXt", "tEXt", "IDAT", "IEND"}},
		"Latin-1 and others": {[]Text{{"Größe", "3½ µm, naïve"}, {"parameters", "кот, 猫, 🐈"}},
			[]string{"IHDR", "tEXt", "iTXt", "IDAT", "IEND"}},
		"same key": {[]Text{{"k", "1"}, {"k", "2"}}, []string{"IHDR", "tEXt", "tEXt", "IDAT", "IEND"}},
		"long":     {[]Text{{strings.Repeat("k", 79), strings.Repeat("long ", 1e5)}}, []string{"IHDR", "tEXt", "IDAT", "IEND"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.png")
			if err := WritePNGText(path, picture, c.texts); err != nil {
				t.Fatal(err)
			}
			got, err := ReadPNGText(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.texts, got); diff != "" {
				t.Errorf("texts (-written +read):\n%s", diff)
			}
			if diff := cmp.Diff(c.kinds, chunksOf(t, path)); diff != "" {
				t.Errorf("chunks (-want +got):\n%s", diff)
			}
			back, err := Read(t.Context(), path)
			if err != nil || !bytes.Equal(back.Pix, picture.Pix) {
				t.Errorf("the picture is %v, error %v", back, err)
			}
		})
	}
}

// chunksOf returns the types of a PNG file's chunks, and checks their sums.
func chunksOf(t *testing.T, path string) (kinds []string) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for rest := file[8:]; len(rest) > 0; {
		n := binary.BigEndian.Uint32(rest)
		kinds = append(kinds, string(rest[4:8]))
		if crc32.ChecksumIEEE(rest[4:8+n]) != binary.BigEndian.Uint32(rest[8+n:]) {
			t.Errorf("chunk %s: the checksum is wrong", rest[4:8])
		}
		rest = rest[12+n:]
	}
	return kinds
}

func TestWritePNGTextRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		text Text
		says string
	}{
		"no key":    {Text{"", "v"}, "want 1 to 79 characters"},
		"long key":  {Text{strings.Repeat("k", 80), "v"}, "want 1 to 79 characters"},
		"wide key":  {Text{"猫", "v"}, "Latin-1"},
		"space":     {Text{"k ", "v"}, `"k "`},
		"two lines": {Text{"a\nb", "v"}, "in one line"},
		"NUL key":   {Text{"a\x00b", "v"}, "in one line"},
		"NUL":       {Text{"k", "a\x00b"}, `"k" has a NUL`},
		"bytes":     {Text{"k", "a\xffb"}, `"k" is not valid UTF-8`},
	} {
		path := filepath.Join(t.TempDir(), "a.png")
		err := WritePNGText(path, image.NewGray(image.Rect(0, 0, 1, 1)), []Text{c.text})
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "a.png") {
			t.Errorf("%s: error %v, want one that says %s", name, err, c.says)
		}
		if left, _ := os.ReadDir(filepath.Dir(path)); len(left) > 0 {
			t.Errorf("%s: %s was left", name, left[0].Name())
		}
	}
}

// chunk is a chunk of a PNG file.
func chunk(kind, data string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func deflated(s string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write([]byte(s))
	z.Close()
	return b.String()
}

// section is a file in memory.
func section(file []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(file), 0, int64(len(file)))
}

// pngOf is a file of these chunks and no picture.
func pngOf(chunks ...[]byte) []byte {
	return append([]byte(pngSignature), bytes.Join(chunks, nil)...)
}

// Texts as other programs write them: compressed, with a language, behind the picture.
func TestReadTextsOfOthers(t *testing.T) {
	file := pngOf(chunk("IHDR", strings.Repeat("\x00", 13)),
		chunk("zTXt", "a\x00\x00"+deflated("caf\xe9")),
		chunk("IDAT", "picture"),
		chunk("iTXt", "b\x00\x01\x00de\x00Schl\xc3\xbcssel\x00"+deflated("猫")),
		chunk("iTXt", "c\x00\x00\x00\x00\x00plain"),
		chunk("IEND", ""))
	got, err := readTexts(section(file))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Text{{"a", "café"}, {"b", "猫"}, {"c", "plain"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadTextErrors(t *testing.T) {
	broken := chunk("tEXt", "k\x00value")
	broken[len(broken)-1]++
	end := chunk("IEND", "")
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"empty":          {nil, "no PNG file"},
		"other file":     {[]byte("GIF89a, and more"), "no PNG file"},
		"cut off":        {pngOf(), "no IEND"},
		"cut in picture": {pngOf(chunk("IDAT", "picture")[:10]), "no IEND"},
		"cut in text":    {pngOf(chunk("tEXt", "k\x00value")[:12]), "tEXt chunk: 4 of its 11 bytes"},
		"checksum":       {pngOf(broken, end), "tEXt chunk: its checksum is wrong"},
		"huge":           {pngOf([]byte("\xff\xff\xff\xfftEXt")), "a text of 4294967295 bytes, want at most"},
		"no value":       {pngOf(chunk("tEXt", "key"), end), "its key has no end"},
		"short iTXt":     {pngOf(chunk("iTXt", "k\x00\x00"), end), "iTXt chunk: it ends behind its key"},
		"no text":        {pngOf(chunk("iTXt", "k\x00\x00\x00de\x00"), end), "it ends before its text"},
		"not UTF-8":      {pngOf(chunk("iTXt", "k\x00\x00\x00\x00\x00\xff"), end), "not valid UTF-8"},
		"no zlib":        {pngOf(chunk("zTXt", "k\x00\x00plain"), end), "zlib"},
		"bomb":           {pngOf(chunk("zTXt", "k\x00\x00"+deflated(strings.Repeat("a", maxText+1))), end), "more than 16777216 bytes"},
	} {
		if got, err := readTexts(section(c.file)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: texts %q, error %v, want one that says %s", name, got, err, c.says)
		}
	}
	if _, err := ReadPNGText(t.Context(), "nowhere.png"); err == nil || !strings.Contains(err.Error(), "nowhere.png") {
		t.Errorf("absent file: error %v", err)
	}
}

// TestReadTextsOfKeys unpacks no texts but those of the keys, and no more of these than 16 MiB.
func TestReadTextsOfKeys(t *testing.T) {
	end := chunk("IEND", "")
	large := deflated(strings.Repeat("a", 9<<20))
	others := pngOf(chunk("zTXt", "other\x00\x00no zlib"), chunk("iTXt", "wan\x00\x00\x00\x00\x00\xff"), chunk("tEXt", strings.Repeat("k", 100)),
		chunk("zTXt", "wanted\x00\x00"+deflated("text")), []byte("\x7f\xff\xff\xfftEXtother\x00"))
	if _, err := readTexts(section(others), "wanted"); err == nil || !strings.Contains(err.Error(), "no IEND") {
		t.Errorf("a large text of another key: error %v, want one only about the end", err)
	}
	others = append(others[:len(others)-14], end...)
	got, err := readTexts(section(others), "absent", "wanted")
	if diff := cmp.Diff([]Text{{"wanted", "text"}}, got); err != nil || diff != "" {
		t.Errorf("error %v; (-want +got):\n%s", err, diff)
	}
	twice := pngOf(chunk("zTXt", "a\x00\x00"+large), chunk("zTXt", "b\x00\x00"+large), end)
	if got, err := readTexts(section(twice), "b"); err != nil || len(got) != 1 || len(got[0].Value) != 9<<20 {
		t.Errorf("one text of 9 MiB: %d texts, error %v", len(got), err)
	}
	if _, err := readTexts(section(twice)); err == nil || !strings.Contains(err.Error(), "more than 16777216 bytes") {
		t.Errorf("two of 9 MiB: error %v", err)
	}
	plain := pngOf(chunk("tEXt", "a\x00"+strings.Repeat("a", 9<<20)), chunk("iTXt", "b\x00\x00\x00\x00\x00"+strings.Repeat("a", 9<<20)), end)
	if _, err := readTexts(section(plain)); err == nil || !strings.Contains(err.Error(), "more than 16777216 bytes") {
		t.Errorf("two of 9 MiB, not packed: error %v", err)
	}
}

// What can be read can be written and is then the same.
func FuzzReadTexts(f *testing.F) {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		f.Fatal(err)
	}
	f.Add(insertTexts(picture.Bytes(), []Text{{"parameters", "a cat"}, {"k", "猫"}}))
	f.Add(pngOf(chunk("zTXt", "a\x00\x00"+deflated("text")), chunk("iTXt", "b\x00\x01\x00de\x00b\x00"+deflated("text")), chunk("IEND", "")))
	f.Fuzz(func(t *testing.T, file []byte) {
		texts, err := readTexts(section(file))
		if err != nil {
			return
		}
		for _, text := range texts {
			if text.check() != nil {
				return
			}
		}
		again, err := readTexts(section(insertTexts(picture.Bytes(), texts)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(texts, again); diff != "" {
			t.Errorf("(-read +written and read):\n%s", diff)
		}
	})
}
