package imageio

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/sdgraph/sdgraph/examples/internal/files"
	"golang.org/x/text/encoding/charmap"
)

// Text is a text that a PNG file carries beside its picture (PNG specification, third edition, section 11.3.3).
type Text struct {
	Key   string // what it is, such as "parameters": 1 to 79 characters of Latin-1
	Value string
}

// WritePNG writes a picture as a PNG file, whole or not at all: into a temporary file beside it, which then
// takes its name.
func WritePNG(path string, picture image.Image) error { return WritePNGText(path, picture, nil) }

// WritePNGText is WritePNG with texts, in front of the picture's data: as tEXt chunks what Latin-1 can say, else
// as iTXt chunks, which are UTF-8. It refuses keys that PNG does not allow, NUL characters and invalid UTF-8.
func WritePNGText(path string, picture image.Image, texts []Text) error {
	file, err := EncodePNG(picture, texts)
	if err == nil {
		err = files.Write(path, file)
	}
	if err != nil {
		return fmt.Errorf("picture %s: %w", path, err)
	}
	return nil
}

// EncodePNG returns what WritePNGText writes.
func EncodePNG(picture image.Image, texts []Text) ([]byte, error) {
	var file bytes.Buffer
	err := png.Encode(&file, picture)
	for _, text := range texts {
		err = errors.Join(err, text.check())
	}
	if err != nil {
		return nil, err
	}
	return insertTexts(file.Bytes(), texts), nil
}

// check tells what PNG does not allow.
func (t Text) check() error {
	key, err := charmap.ISO8859_1.NewEncoder().String(t.Key)
	switch {
	case err != nil || len(key) < 1 || len(key) > 79 || strings.TrimSpace(t.Key) != t.Key || strings.ContainsAny(t.Key, "\x00\n"):
		return fmt.Errorf("a PNG text cannot be called %q: want 1 to 79 characters of Latin-1 in one line", t.Key)
	case !utf8.ValidString(t.Value):
		return fmt.Errorf("the PNG text %q is not valid UTF-8", t.Key)
	case strings.Contains(t.Value, "\x00"):
		return fmt.Errorf("the PNG text %q has a NUL character, which ends a text", t.Key)
	}
	return nil
}

const (
	pngSignature = "\x89PNG\r\n\x1a\n"
	pngHeader    = len(pngSignature) + 12 + 13 // the signature and the chunk IHDR
)

// insertTexts puts texts behind the header of a PNG file.
func insertTexts(file []byte, texts []Text) []byte {
	out := bytes.Clone(file[:pngHeader])
	for _, t := range texts {
		kind, data := t.chunk()
		start := len(out) + 4
		out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
		out = append(append(out, kind...), data...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[start:]))
	}
	return append(out, file[pngHeader:]...)
}

// chunk returns a chunk's type and data.
func (t Text) chunk() (kind, data string) {
	key, _ := charmap.ISO8859_1.NewEncoder().String(t.Key)
	if value, err := charmap.ISO8859_1.NewEncoder().String(t.Value); err == nil {
		return "tEXt", key + "\x00" + value
	}
	// Not compressed (two zeros), no language, no translation of the key.
	return "iTXt", key + "\x00" + "\x00\x00" + "\x00" + "\x00" + t.Value
}

// maxText is the size up to which texts are read, in bytes.
const maxText = 16 << 20

// ReadPNGText returns the texts of a PNG file in their order: tEXt, zTXt and iTXt chunks, wherever they stand.
// It is an error if the file is no PNG file, is cut off, or if a text is damaged or larger than 16 MiB.
func ReadPNGText(path string) ([]Text, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("picture: %w", err)
	}
	defer f.Close()
	texts, err := readTexts(f)
	if err != nil {
		return nil, fmt.Errorf("picture %s: %w", path, err)
	}
	return texts, nil
}

func readTexts(r io.ReadSeeker) (texts []Text, err error) {
	signature := make([]byte, len(pngSignature))
	if _, err := io.ReadFull(r, signature); err != nil || string(signature) != pngSignature {
		return nil, errors.New("this is no PNG file, which alone carries texts")
	}
	for {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return nil, errors.New("the PNG file is cut off: it has no IEND chunk")
		}
		size, kind := int64(binary.BigEndian.Uint32(head[:])), string(head[4:])
		switch kind {
		case "IEND":
			return texts, nil
		case "tEXt", "zTXt", "iTXt":
			text, err := readText(r, kind, size)
			if err != nil {
				return nil, fmt.Errorf("%s chunk: %w", kind, err)
			}
			texts = append(texts, text)
		default:
			if _, err := r.Seek(size+4, io.SeekCurrent); err != nil {
				return nil, err
			}
		}
	}
}

// readText reads what follows a chunk's type.
func readText(r io.Reader, kind string, size int64) (Text, error) {
	if size > maxText {
		return Text{}, fmt.Errorf("a text of %d bytes, want at most %d", size, maxText)
	}
	var chunk bytes.Buffer
	if n, err := io.CopyN(&chunk, r, size+4); err != nil {
		return Text{}, fmt.Errorf("%d of its %d bytes are there", n, size+4)
	}
	data, sum := chunk.Bytes()[:size], chunk.Bytes()[size:]
	if crc32.Update(crc32.ChecksumIEEE([]byte(kind)), crc32.IEEETable, data) != binary.BigEndian.Uint32(sum) {
		return Text{}, errors.New("its checksum is wrong")
	}
	return parseText(kind, data)
}

func parseText(kind string, data []byte) (Text, error) {
	key, rest, found := bytes.Cut(data, []byte{0})
	if !found {
		return Text{}, errors.New("its key has no end")
	}
	compressed := kind == "zTXt"
	if compressed && len(rest) > 0 {
		rest = rest[1:] // the method of compression; there is one
	}
	if kind == "iTXt" {
		if len(rest) < 2 {
			return Text{}, errors.New("it ends behind its key")
		}
		compressed, rest = rest[0] == 1, rest[2:]
		for range 2 { // language, and the key in that language
			if _, rest, found = bytes.Cut(rest, []byte{0}); !found {
				return Text{}, errors.New("it ends before its text")
			}
		}
	}
	if compressed {
		var err error
		if rest, err = inflate(rest); err != nil {
			return Text{}, err
		}
	}
	value := string(rest)
	if kind != "iTXt" {
		value = latin1(rest)
	} else if !utf8.ValidString(value) {
		return Text{}, errors.New("it is not valid UTF-8")
	}
	return Text{latin1(key), value}, nil
}

func inflate(data []byte) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(z, maxText+1))
	if err == nil && len(out) > maxText {
		err = fmt.Errorf("a text of more than %d bytes", maxText)
	}
	return out, err
}

func latin1(b []byte) string {
	s, _ := charmap.ISO8859_1.NewDecoder().String(string(b)) // has a character for each byte
	return s
}
