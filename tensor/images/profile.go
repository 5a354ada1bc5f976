package images

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Profile is an ICC profile (ICC.1:2022), which says what the numbers of a picture are as colours. It is passed on as
// it came, and nothing is computed with it: pictures that are made in the numbers of a photograph are written with
// the photograph's. Nil is none.
type Profile []byte

// MaxProfile is the size up to which profiles are kept, in bytes. Those of cameras and displays have a few kilobytes,
// those of printers a megabyte or two.
const MaxProfile = 4 << 20

const (
	profileHead    = 128 // bytes in front of the table of tags
	profileTag     = 12  // bytes of an entry there: a signature, where it is, its size
	maxProfileTags = 1000
)

// errProfileSize is about profiles that are not even read.
var errProfileSize = fmt.Errorf("it has more than %d bytes", MaxProfile)

// ParseProfile returns data as a profile. It is an error if they are none: of more than MaxProfile bytes, of another
// size than they say, without the signature of profiles, not of a display, a scanner, a printer or a space of colours,
// of other colours than grey or RGB, or with tags that lie outside.
func ParseProfile(data []byte) (Profile, error) {
	if len(data) > MaxProfile {
		return nil, errProfileSize
	}
	if len(data) < profileHead+4 {
		return nil, fmt.Errorf("it has %d bytes, too few for its head", len(data))
	}
	size := int64(binary.BigEndian.Uint32(data))
	if n := int64(len(data)); size > n || size < profileHead+4 || n-size > 3 { // some pad it to four bytes
		return nil, fmt.Errorf("it has %d bytes and says %d", len(data), size)
	}
	p := Profile(bytes.Clone(data[:size]))
	switch class := string(p[12:16]); {
	case string(p[36:40]) != "acsp":
		return nil, errors.New("it has not the signature of ICC profiles, acsp")
	case !slices.Contains([]string{"scnr", "mntr", "prtr", "spac"}, class):
		return nil, fmt.Errorf("it is of the class %.8q, and not of a device or a space of colours", class)
	case p.space() != spaceGrey && p.space() != spaceRGB:
		return nil, fmt.Errorf("it is about the colours %.8q, and not about grey or RGB", p.space())
	}
	if err := p.checkTags(); err != nil {
		return nil, err
	}
	return p, nil
}

const spaceGrey, spaceRGB = "GRAY", "RGB "

// space is what colours the profile is about.
func (p Profile) space() string { return string(p[16:20]) }

// Grey reports whether the profile is about shades of grey; else it is about red, green and blue.
func (p Profile) Grey() bool { return len(p) >= profileHead && p.space() == spaceGrey }

// checkTags wants every tag inside.
func (p Profile) checkTags() error {
	n := int64(binary.BigEndian.Uint32(p[profileHead:]))
	if n > maxProfileTags || profileHead+4+n*profileTag > int64(len(p)) {
		return fmt.Errorf("it has not room for the %d tags that it says it has", n)
	}
	for i := range n {
		entry := p[profileHead+4+i*profileTag:]
		if at, size := int64(binary.BigEndian.Uint32(entry[4:])), int64(binary.BigEndian.Uint32(entry[8:])); at+size > int64(len(p)) {
			return fmt.Errorf("its tag %.8q lies at %d to %d of %d bytes", entry[:4], at, at+size, len(p))
		}
	}
	return nil
}

// tag returns the data of a tag; none where it is not there.
func (p Profile) tag(signature string) []byte {
	if len(p) < profileHead+4 || p.checkTags() != nil {
		return nil
	}
	for i := range binary.BigEndian.Uint32(p[profileHead:]) {
		entry := p[profileHead+4+i*profileTag:]
		if string(entry[:4]) == signature {
			at := binary.BigEndian.Uint32(entry[4:])
			return p[at:][:binary.BigEndian.Uint32(entry[8:])]
		}
	}
	return nil
}

// maxProfileName is how much of a profile's name is shown, in characters.
const maxProfileName = 60

// Name returns what the profile calls itself, such as "Adobe RGB (1998)": up to 60 printable characters, since it comes
// from a file; "unnamed" where it says nothing.
func (p Profile) Name() string {
	var name []rune
	for _, r := range p.description() {
		if r == 0 || len(name) == maxProfileName {
			break
		}
		if unicode.IsPrint(r) {
			name = append(name, r)
		}
	}
	if text := strings.TrimSpace(string(name)); text != "" {
		return text
	}
	return "unnamed"
}

// description is the tag desc: a text of ASCII (ICC.1:2001, section 6.5.17), or in several languages, of which the
// first is taken, of UTF-16 (ICC.1:2022, section 10.15).
func (p Profile) description() string {
	data := p.tag("desc")
	switch {
	case len(data) >= 12 && string(data[:4]) == "desc":
		n := min(int64(binary.BigEndian.Uint32(data[8:])), int64(len(data)-12))
		return latin1(data[12:][:n])
	case len(data) >= 28 && string(data[:4]) == "mluc":
		n, at := int64(binary.BigEndian.Uint32(data[20:])), int64(binary.BigEndian.Uint32(data[24:]))
		if at+n > int64(len(data)) {
			return ""
		}
		var units []uint16
		for text := data[at:][:min(n, 4*maxProfileName)]; len(text) >= 2; text = text[2:] {
			units = append(units, binary.BigEndian.Uint16(text))
		}
		return string(utf16.Decode(units))
	}
	return ""
}

// insertProfile puts a profile behind the header of a PNG file (PNG specification, third edition, section 11.3.2.3).
func insertProfile(file []byte, p Profile) ([]byte, error) {
	if _, err := ParseProfile(p); err != nil {
		return nil, fmt.Errorf("the colour profile: %w", err)
	}
	var data bytes.Buffer
	data.WriteString("ICC profile\x00\x00") // a name of the chunk's own, and the method of compression
	z := zlib.NewWriter(&data)
	if _, err := z.Write(p); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return insertChunks(file, pngChunk{"iCCP", data.String()}), nil
}

// noted is a profile as a picture's file has it, and whether the file has shades of grey alone.
type noted struct {
	data []byte
	grey bool
	err  error // why it could not be read
}

// parse returns the profile, nil where there is none.
func (n noted) parse() (Profile, error) {
	if n.err != nil || n.data == nil {
		return nil, n.err
	}
	p, err := ParseProfile(n.data)
	if err == nil && p.Grey() != n.grey {
		return nil, fmt.Errorf("it is about the colours %q, and the pixels are not", p.space())
	}
	return p, err
}
