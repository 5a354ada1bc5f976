package images

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"image/png"
	"io"
	"strings"
)

const (
	pngSignature = "\x89PNG\r\n\x1a\n"
	maxChunks    = 1 << 17 // of a PNG file: 512 MiB in chunks of 4 KiB
	maxDeflation = 1032    // how many bytes deflate makes of one at most: a match of 258 in two bits
)

// chunks goes through the chunks of a PNG file (PNG specification, third edition, section 5.3). Reading from it gives
// the data of the present one, and its checksum.
type chunks struct {
	file  *io.SectionReader
	in    *bufio.Reader
	left  int64 // what of the present chunk was not read
	count int   // how many there were
}

// newChunks starts behind the signature.
func newChunks(file *io.SectionReader) (*chunks, error) {
	c := &chunks{file: file, in: bufio.NewReader(from(file))}
	if head, _ := c.in.Peek(len(pngSignature)); string(head) != pngSignature {
		return nil, errors.New("this is no PNG file, which alone carries texts")
	}
	_, err := c.in.Discard(len(pngSignature))
	return c, err
}

// next goes to the next chunk and returns its type and how many bytes of data it has.
func (c *chunks) next() (kind string, size int64, err error) {
	if c.count++; c.count > maxChunks {
		return "", 0, fmt.Errorf("the PNG file has more than %d chunks", maxChunks)
	}
	if err := c.skip(); err != nil {
		return "", 0, err
	}
	var head [8]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return "", 0, errors.New("the PNG file is cut off: it has no IEND chunk")
	}
	size = int64(binary.BigEndian.Uint32(head[:]))
	c.left = size + 4
	return string(head[4:]), size, nil
}

// skip passes over the rest of a chunk without reading it, if it is large.
func (c *chunks) skip() error {
	left, buffered := c.left, int64(c.in.Buffered())
	c.left = 0
	if left <= buffered {
		_, err := c.in.Discard(int(left))
		return err
	}
	_, err := c.file.Seek(left-buffered, io.SeekCurrent)
	c.in.Reset(c.file)
	return err
}

func (c *chunks) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	n, err := c.in.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}

// pngFile is what the chunks of a PNG file say, before anything is decoded.
type pngFile struct {
	depth           int64 // bits of a pixel
	grey            bool  // a pixel has no colours
	data            int64 // bytes of compressed pixels
	complete        bool  // it has an end
	exif, text, xmp []byte
	profile         noted
}

// surveyPNG goes through a PNG file to its end, or to where it makes no sense: what is wrong there, decoding says.
// The error is about too many chunks.
func surveyPNG(file *io.SectionReader) (f pngFile, err error) {
	c, err := newChunks(file)
	if err != nil {
		return f, err
	}
	for left := maxNotes; ; {
		kind, size, err := c.next()
		switch {
		case c.count > maxChunks:
			return f, err
		case err != nil || kind == "IEND":
			f.complete = err == nil
			return f, nil
		case kind == "IHDR":
			f.depth, f.grey = pixelDepth(c)
		case kind == "IDAT":
			f.data += size
		case kind == "eXIf":
			f.exif = c.note(size)
		case kind == "iCCP":
			f.profile.data, f.profile.err = c.profile(size)
		case kind == "tEXt" || kind == "zTXt" || kind == "iTXt":
			text, _, err := c.text(kind, size, []string{xmpKey, profileKey}, left)
			if left -= len(text.Value); err != nil {
				left = 0 // nothing more is unpacked of such a file
			}
			f.addText(text)
		}
	}
}

// The texts that may say how a picture is to be turned.
const (
	xmpKey     = "XML:com.adobe.xmp"
	profileKey = "Raw profile type exif" // as ImageMagick wrote it before PNG had a chunk for Exif data
)

// addText keeps what a text says of the picture's orientation; a chunk of Exif data comes before one in a text.
func (f *pngFile) addText(text Text) {
	switch text.Key {
	case xmpKey:
		f.xmp = []byte(text.Value)
	case profileKey:
		f.text = rawProfile(text.Value)
	}
}

// pixelDepth returns how many bits a pixel has, 0 where the header makes no sense, and whether it is grey.
func pixelDepth(header io.Reader) (depth int64, grey bool) {
	var b [13]byte
	if _, err := io.ReadFull(header, b[:]); err != nil {
		return 0, false
	}
	channels := map[byte]int64{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
	return channels[b[9]] * int64(b[8]), b[9] == 0 || b[9] == 4
}

// note returns the data of a chunk, nil where they are cut off or too many.
func (c *chunks) note(size int64) []byte {
	if size > maxNotes {
		return nil
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(c, data); err != nil {
		return nil
	}
	return data
}

// profile returns the data of a chunk iCCP: a name, the method of compression, of which there is one, and the
// compressed profile.
func (c *chunks) profile(size int64) ([]byte, error) {
	if size > MaxProfile {
		return nil, errProfileSize
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(c, data); err != nil {
		return nil, errors.New("it is cut off")
	}
	_, packed, found := bytes.Cut(data, []byte{0})
	if !found || len(packed) == 0 {
		return nil, errors.New("it ends before it begins")
	}
	profile, err := inflate(packed[1:], MaxProfile)
	if errors.Is(err, errTexts) {
		err = errProfileSize
	}
	return profile, err
}

// rawProfile returns the data of a profile's text: an empty line, its name, its length, and lines of hexadecimal
// digits.
func rawProfile(text string) []byte {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 {
		return nil
	}
	data, err := hex.DecodeString(strings.Join(lines[3:], ""))
	if err != nil {
		return nil
	}
	return data
}

// decodePNG reads a picture.
func decodePNG(file *io.SectionReader) (*stored, error) {
	survey, err := surveyPNG(file)
	if err != nil {
		return nil, err
	}
	config, err := png.DecodeConfig(from(file))
	if err != nil {
		return nil, badPNG(err)
	}
	if err := CheckSize(config.Width, config.Height); err != nil {
		return nil, err
	}
	if pixels := int64(config.Width) * int64(config.Height) * survey.depth / 8; pixels > maxDeflation*survey.data {
		return nil, fmt.Errorf("the png file is damaged: its %d bytes of pixels cannot hold a picture of %d×%d", survey.data, config.Width, config.Height)
	}
	if !survey.complete {
		return nil, errors.New("the png file is damaged: it is cut off, and has no IEND chunk")
	}
	picture, err := png.Decode(bufio.NewReader(from(file)))
	if err != nil {
		return nil, badPNG(err)
	}
	if survey.exif == nil {
		survey.exif = survey.text
	}
	survey.profile.grey = survey.grey
	return &stored{picture, picture.Bounds(), orientationOf(survey.exif, survey.xmp), survey.profile}, nil
}

// badPNG tells files that are in order, but of a kind that is not read, from damaged ones.
func badPNG(err error) error {
	if kind := png.UnsupportedError(""); errors.As(err, &kind) {
		return &unsupportedKind{"png", string(kind), "save it again as PNG", err}
	}
	return fmt.Errorf("the png file is damaged: %w", err)
}

// from is a file from its start.
func from(file *io.SectionReader) *io.SectionReader {
	file.Seek(0, io.SeekStart) // which cannot fail
	return file
}
