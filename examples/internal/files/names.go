package files

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// LongestName is the length of what Name returns at most, in bytes.
const LongestName = 60

// Name makes a text a part of a file's name: its letters, marks and digits, of
// any script and in lower case, with a hyphen for what is between them. Where
// this loses something that tells two texts apart, because the text is too long
// or has other characters, a hash of the text follows: of two texts that differ
// in more than case, spaces and hyphens, each has a name of its own, also on a
// disk that does not tell case and composition apart (Unicode Standard Annex 15).
// No system keeps such a name for itself. An empty text has an empty name.
func Name(text string) string {
	text = norm.NFC.String(strings.TrimSpace(text))
	lower := strings.ToLower(text)
	name := norm.NFC.String(cases.Fold().String(lower))
	lost := name != lower || !utf8.ValidString(text)
	name, dropped := hyphenated(name)
	lost = lost || dropped || reserved(name)
	if !lost && len(name) <= LongestName {
		return name
	}
	sum := sha256.Sum256([]byte(text))
	hash := hex.EncodeToString(sum[:4])
	return strings.TrimPrefix(cut(name, LongestName-1-len(hash))+"-"+hash, "-")
}

// hyphenated keeps what may be in a name, and reports whether more was dropped than
// spaces and single hyphens between words.
func hyphenated(text string) (name string, dropped bool) {
	var b strings.Builder
	end := 0 // of what was kept last
	for at, r := range text {
		if !unicode.In(r, unicode.Letter, unicode.Mark, unicode.Nd) {
			continue
		}
		if between := text[end:at]; between != "" {
			if b.Len() > 0 {
				b.WriteByte('-')
			}
			dropped = dropped || strings.TrimSpace(between) != "" && (between != "-" || b.Len() == 0)
		}
		b.WriteRune(r)
		end = at + utf8.RuneLen(r)
	}
	return b.String(), dropped || strings.TrimSpace(text[end:]) != ""
}

// cut shortens a name to at most so many bytes, between two runes.
func cut(name string, most int) string {
	if len(name) <= most {
		return name
	}
	for !utf8.RuneStart(name[most]) {
		most--
	}
	return strings.TrimRight(name[:most], "-")
}

// reserved reports whether Windows takes a name for a device, whatever follows its
// first point.
func reserved(name string) bool {
	switch name {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(name) == 4 && (name[:3] == "com" || name[:3] == "lpt") && name[3] >= '0' && name[3] <= '9'
}

// CheckPlain refuses what is not the plain name of a file in one directory on
// every system: names with separators or a colon, hidden ones, "..", and names
// of unprintable characters. What others have written may name any file.
func CheckPlain(name string) error {
	switch {
	case name == "":
		return errors.New("it names no file")
	case len(name) > 255:
		return fmt.Errorf("it is a name of %d bytes, want at most 255", len(name))
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("it is %q, want a name of printable characters", name)
	case name[0] == '.' || strings.ContainsAny(name, `/\:`) || !filepath.IsLocal(name):
		return fmt.Errorf("it is %q, want the plain name of a file in the same folder", name)
	}
	return nil
}
