package detect

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"image"
	"sync"
)

// Memory holds features of pictures, so that the network looks once at a picture that several detectors of its features
// are shown one after the other, or one that was fitted anew: where detectors are compared, the network is most of the
// work. It tells pictures apart by their pixels. Several goroutines may use it.
type Memory struct {
	most int64 // bytes

	mu       sync.Mutex
	held     int64
	features map[[sha256.Size]byte][]features
}

// NewMemory returns a memory of so many bytes. Once it is full it takes no more, and keeps what it has until Forget: whoever
// goes through the same pictures again and again would find none of them if the oldest had to go.
func NewMemory(bytes int64) *Memory {
	return &Memory{most: bytes, features: map[[sha256.Size]byte][]features{}}
}

// Forget empties the memory: for when other pictures come.
func (m *Memory) Forget() {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = 0
	clear(m.features)
}

// recall returns the features of a picture, nil where they are not there.
func (m *Memory) recall(key [sha256.Size]byte) []features {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.features[key]
}

// keep takes the features of a picture, which nobody changes from then on.
func (m *Memory) keep(key [sha256.Size]byte, layers []features) {
	bytes := int64(0)
	for _, f := range layers {
		bytes += 4 * int64(len(f.values))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.features[key]; there || bytes > m.most-m.held {
		return
	}
	m.held += bytes
	m.features[key] = layers
}

// key tells what an eye sees in a picture from all else that is in its network's memory.
func (e *eye) key(picture *image.RGBA) [sha256.Size]byte {
	return e.network.key(picture, "%s %s %d %q", e.reading, e.rule, e.side, e.layers)
}

// key tells what a network sees in a picture, in a way that is described, from all else.
func (n Network) key(picture *image.RGBA, how string, a ...any) (key [sha256.Size]byte) {
	h := sha256.New()
	size := picture.Rect.Size()
	fmt.Fprintf(h, "%s %s ", n.Name, n.SHA256)
	fmt.Fprintf(h, how+" ", a...)
	h.Write(binary.LittleEndian.AppendUint64(nil, uint64(size.X)))
	for y := range size.Y {
		h.Write(picture.Pix[y*picture.Stride:][:4*size.X])
	}
	h.Sum(key[:0])
	return key
}
