package images

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sdgraph/sdgraph/tensor"
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
		err = tensor.WriteFile(path, file)
	}
	if err != nil {
		return fmt.Errorf("picture %s: %w", path, err)
	}
	return nil
}

// EncodePNG returns what WritePNGText writes.
func EncodePNG(picture image.Image, texts []Text) ([]byte, error) {
	if Bounds(picture).Empty() {
		return nil, errors.New("there is no picture")
	}
	if p, ok := picture.(*image.RGBA); ok {
		if err := Check(p); err != nil {
			return nil, err
		}
	}
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
	case err != nil || len(key) < 1 || len(key) > maxKey || strings.TrimSpace(t.Key) != t.Key || strings.ContainsAny(t.Key, "\x00\n"):
		return fmt.Errorf("a PNG text cannot be called %q: want 1 to 79 characters of Latin-1 in one line", t.Key)
	case !utf8.ValidString(t.Value):
		return fmt.Errorf("the PNG text %q is not valid UTF-8", t.Key)
	case strings.Contains(t.Value, "\x00"):
		return fmt.Errorf("the PNG text %q has a NUL character, which ends a text", t.Key)
	}
	return nil
}

const (
	pngHeader = len(pngSignature) + 12 + 13 // bytes of the signature and the chunk IHDR
	maxKey    = 79                          // bytes of a text's key
)

// insertTexts puts texts behind the header of a PNG file.
func insertTexts(file []byte, texts []Text) []byte {
	var all []pngChunk
	for _, t := range texts {
		all = append(all, t.chunk())
	}
	return insertChunks(file, all...)
}

type pngChunk struct{ kind, data string }

// insertChunks puts chunks behind the header of a PNG file.
func insertChunks(file []byte, all ...pngChunk) []byte {
	out := bytes.Clone(file[:pngHeader])
	for _, c := range all {
		start := len(out) + 4
		out = binary.BigEndian.AppendUint32(out, uint32(len(c.data)))
		out = append(append(out, c.kind...), c.data...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[start:]))
	}
	return append(out, file[pngHeader:]...)
}

// chunk is the one that carries the text.
func (t Text) chunk() pngChunk {
	key, _ := charmap.ISO8859_1.NewEncoder().String(t.Key)
	if value, err := charmap.ISO8859_1.NewEncoder().String(t.Value); err == nil {
		return pngChunk{"tEXt", key + "\x00" + value}
	}
	// Not compressed (two zeros), no language, no translation of the key.
	return pngChunk{"iTXt", key + "\x00" + "\x00\x00" + "\x00" + "\x00" + t.Value}
}

// maxText is the size up to which the texts of a file are read, in bytes of all of them together.
const maxText = 16 << 20

var errTexts = fmt.Errorf("the texts of the file have more than %d bytes", maxText)

// ReadPNGText returns the texts of a PNG file that have one of the keys, or all if no key is given, in their order:
// tEXt, zTXt and iTXt chunks, wherever they stand. Others are passed over without being unpacked. It is an error if
// the file is no PNG file, is cut off, or if a text is damaged or they are larger than 16 MiB together.
func ReadPNGText(ctx context.Context, path string, keys ...string) ([]Text, error) {
	return with(ctx, path, func(file *io.SectionReader) ([]Text, error) { return readTexts(file, keys...) })
}

func readTexts(file *io.SectionReader, keys ...string) (texts []Text, err error) {
	c, err := newChunks(file)
	if err != nil {
		return nil, err
	}
	for left := maxText; ; {
		kind, size, err := c.next()
		switch {
		case err != nil:
			return nil, err
		case kind == "IEND":
			return texts, nil
		case kind != "tEXt" && kind != "zTXt" && kind != "iTXt":
			continue
		}
		text, wanted, err := c.text(kind, size, keys, left)
		if err != nil {
			return nil, fmt.Errorf("%s chunk: %w", kind, err)
		}
		if wanted {
			texts, left = append(texts, text), left-len(text.Value)
		}
	}
}

// text reads the text of the present chunk, if it has one of the keys. Neither the chunk nor the text may have more
// than most bytes.
func (c *chunks) text(kind string, size int64, keys []string, most int) (text Text, wanted bool, err error) {
	start, _ := c.in.Peek(int(min(size, maxKey+1)))
	if key, _, _ := bytes.Cut(start, []byte{0}); len(keys) > 0 && !slices.Contains(keys, latin1(key)) {
		return Text{}, false, nil
	}
	switch {
	case size > maxKey+maxText:
		return Text{}, true, fmt.Errorf("a text of %d bytes, want at most %d", size, maxText)
	case size > maxKey+int64(most):
		return Text{}, true, errTexts
	}
	var data bytes.Buffer
	if n, err := io.CopyN(&data, c, size+4); err != nil {
		return Text{}, true, fmt.Errorf("%d of its %d bytes are there", n, size+4)
	}
	sum := binary.BigEndian.Uint32(data.Bytes()[size:])
	data.Truncate(int(size))
	if crc32.Update(crc32.ChecksumIEEE([]byte(kind)), crc32.IEEETable, data.Bytes()) != sum {
		return Text{}, true, errors.New("its checksum is wrong")
	}
	text, err = parseText(kind, data.Bytes(), most)
	return text, true, err
}

func parseText(kind string, data []byte, most int) (Text, error) {
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
		if rest, err = inflate(rest, most); err != nil {
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

func inflate(data []byte, most int) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(z, int64(most)+1))
	if err == nil && len(out) > most {
		err = errTexts
	}
	return out, err
}

func latin1(b []byte) string {
	s, _ := charmap.ISO8859_1.NewDecoder().String(string(b)) // has a character for each byte
	return s
}
