package files

import (
	"fmt"
	"io"
)

// BoundedJSON passes a JSON text on and ends with an error where the text is
// nested deeper than depth, or where more than item bytes lie between two commas
// of its two outermost levels, or than whole in all. So a list of any length can
// be decoded entry by entry, and costs no more memory than its reader keeps.
type BoundedJSON struct {
	r                  io.Reader
	depth, item, whole int

	nested, since, read int
	quoted, escaped     bool
}

// NewBoundedJSON bounds the text that r has.
func NewBoundedJSON(r io.Reader, depth, item, whole int) *BoundedJSON {
	return &BoundedJSON{r: r, depth: depth, item: item, whole: whole}
}

// Read reads the next part of the text.
func (b *BoundedJSON) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	for i, c := range p[:n] {
		if err := b.see(c); err != nil {
			return i, err
		}
	}
	return n, err
}

// see counts a byte.
func (b *BoundedJSON) see(c byte) error {
	b.read++
	b.since++
	switch {
	case b.escaped:
		b.escaped = false
	case b.quoted:
		b.escaped, b.quoted = c == '\\', c != '"'
	case c == '"':
		b.quoted = true
	case c == '{' || c == '[':
		b.nested++
	case c == '}' || c == ']':
		b.nested--
	case c == ',' && b.nested <= 2:
		b.since = 0
	}
	switch {
	case b.nested > b.depth:
		return fmt.Errorf("byte %d: nested deeper than %d", b.read, b.depth)
	case b.since > b.item:
		return fmt.Errorf("byte %d: an entry of more than %d bytes", b.read, b.item)
	case b.read > b.whole:
		return fmt.Errorf("more than %d bytes", b.whole)
	}
	return nil
}
