package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// longestSlug is the length of what slug returns at most, in bytes.
const longestSlug = 40

// slug makes words a part of a file's name: small letters and digits of ASCII, with an underscore
// for what is between them, as MVTec AD names its parts. Where that loses more than case, spaces,
// hyphens and underscores, the beginning of a hash follows, so that other words have another name.
func slug(words string) string {
	words = strings.ToLower(strings.TrimSpace(words))
	other := func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9') }
	name := strings.Join(strings.FieldsFunc(words, other), "_")
	lost := strings.ContainsFunc(words, func(r rune) bool { return other(r) && !strings.ContainsRune(" -_", r) })
	if !lost && len(name) <= longestSlug && !slices.Contains(taken, name) {
		return name
	}
	sum := sha256.Sum256([]byte(words))
	hash := hex.EncodeToString(sum[:4])
	return strings.TrimLeft(strings.TrimRight(name[:min(len(name), longestSlug-1-len(hash))], "_")+"_"+hash, "_")
}

// taken are names that mean something else: an empty one, that of normal pictures, and devices of
// Windows.
var taken = []string{"", "good", "con", "prn", "aux", "nul"}

// classes are the defects of entries, each once, in the order of their names.
type classes struct {
	slugs []string
	words []string // as people write them
}

func classesOf(entries []Entry) (c classes) {
	words := map[string]string{}
	for _, it := range entries {
		if it.Defect == "" {
			continue
		}
		name, said := slug(it.Defect), strings.ToLower(strings.Join(strings.Fields(it.Defect), " "))
		if before, ok := words[name]; !ok || said < before {
			words[name] = said
		}
	}
	for name := range words {
		c.slugs = append(c.slugs, name)
	}
	slices.Sort(c.slugs)
	for _, name := range c.slugs {
		c.words = append(c.words, words[name])
	}
	return c
}

// number is that of a defect, from 0 on.
func (c *classes) number(defect string) int {
	i, _ := slices.BinarySearch(c.slugs, slug(defect))
	return i
}
