package tensor

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"sync"
)

// Texts notes which files of text, such as configurations and vocabularies, were
// read from directories (Dir.Noting). Its methods may be called by several
// goroutines.
type Texts struct {
	mu     sync.Mutex
	hashes map[string]string
}

// Noting returns d as a directory for which t notes each text that is read from it,
// and from its Subs.
func (d Dir) Noting(t *Texts) Dir {
	d.texts = t
	return d
}

// Hashes returns the SHA-256 of each text as it was read last, in hexadecimal, by
// its path.
func (t *Texts) Hashes() map[string]string {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.hashes)
}

// note notes a text; where there is no t, nothing.
func (t *Texts) note(path string, text []byte) {
	if t == nil {
		return
	}
	sum := sha256.Sum256(text)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.hashes == nil {
		t.hashes = map[string]string{}
	}
	t.hashes[path] = hex.EncodeToString(sum[:])
}
