package tensor

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"slices"

	"github.com/nlpodyssey/safetensors"
)

// A safetensors file is a little-endian 64-bit length, a JSON header of that
// length, and the tensors' bytes end to end:
// https://github.com/huggingface/safetensors#format. The library reads the
// JSON; what follows checks that it describes the file it stands in, because
// the memory behind a wrong offset is not there to be read.

const (
	lengthSize = 8           // bytes of the header's length
	maxHeader  = 100_000_000 // the format's own limit
)

// entry is one tensor of a header: its bytes are data[start:end].
type entry struct {
	name       string
	dtype      safetensors.DType
	shape      []int
	start, end uint64
}

// header is what a file says about itself.
type header struct {
	tensors  map[string]entry
	metadata map[string]string
	size     int // bytes before the data
}

// parseHeader reads and checks the header of a whole file.
func parseHeader(file []byte) (header, error) {
	text, err := headerText(file)
	if err != nil {
		return header{}, err
	}
	var parsed safetensors.Metadata
	if err := json.Unmarshal(text, &parsed); err != nil {
		return header{}, fmt.Errorf("header: %w", err)
	}
	if key, ok := duplicateKey(text); ok {
		return header{}, fmt.Errorf("header: %q appears twice; every name must be unique", key)
	}
	size := lengthSize + len(text)
	entries, err := layout(parsed.Tensors(), uint64(len(file)-size))
	if err != nil {
		return header{}, err
	}
	return header{entries, parsed.Metadata(), size}, nil
}

// headerText cuts the JSON out of a file.
func headerText(file []byte) ([]byte, error) {
	if len(file) < lengthSize {
		return nil, fmt.Errorf("%d bytes are too short for a safetensors file, which starts with an 8-byte header length", len(file))
	}
	n := binary.LittleEndian.Uint64(file)
	switch rest := uint64(len(file) - lengthSize); {
	case n > rest:
		return nil, fmt.Errorf("header length %d reaches beyond the %d bytes that follow it; the file is truncated or no safetensors file", n, rest)
	case n > maxHeader:
		return nil, fmt.Errorf("header length %d is over the format's limit of %d", n, maxHeader)
	}
	return file[lengthSize : lengthSize+n], nil
}

// layout checks that the tensors fill size bytes of data from end to end, as
// the format demands: no overlap, no hole, nothing beyond the file.
func layout(tensors map[string]*safetensors.TensorInfo, size uint64) (map[string]entry, error) {
	sorted := make([]entry, 0, len(tensors))
	for _, name := range slices.Sorted(maps.Keys(tensors)) { // so that a file has one error
		e, err := checkEntry(name, tensors[name], size)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		sorted = append(sorted, e)
	}
	slices.SortFunc(sorted, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), cmp.Compare(a.name, b.name))
	})
	entries := make(map[string]entry, len(sorted))
	last := entry{}
	for _, e := range sorted {
		switch {
		case e.start < last.end:
			return nil, fmt.Errorf("tensor %q: data_offsets [%d, %d] overlap those of %q, [%d, %d]", e.name, e.start, e.end, last.name, last.start, last.end)
		case e.start > last.end:
			return nil, fmt.Errorf("tensor %q: data_offsets [%d, %d] leave a hole: the data before ends at %d", e.name, e.start, e.end, last.end)
		}
		entries[e.name], last = e, e
	}
	if last.end != size {
		return nil, fmt.Errorf("the header describes %d bytes of data, the file holds %d", last.end, size)
	}
	return entries, nil
}

// checkEntry checks one tensor by itself against size bytes of data.
func checkEntry(name string, t *safetensors.TensorInfo, size uint64) (entry, error) {
	e := entry{name: name, dtype: t.DType, start: t.DataOffsets[0], end: t.DataOffsets[1]}
	if e.end < e.start {
		return e, fmt.Errorf("data_offsets [%d, %d] run backwards", e.start, e.end)
	}
	if e.end > size {
		return e, fmt.Errorf("data_offsets [%d, %d] reach beyond the file's %d bytes of data; the file is truncated or its header wrong", e.start, e.end, size)
	}
	want, err := byteCount(t.Shape, t.DType)
	if err != nil {
		return e, err
	}
	if got := e.end - e.start; got != want {
		return e, fmt.Errorf("shape %v of %v takes %d bytes, but data_offsets [%d, %d] hold %d", t.Shape, t.DType, want, e.start, e.end, got)
	}
	e.shape = make([]int, len(t.Shape))
	for i, n := range t.Shape {
		e.shape[i] = int(n)
	}
	return e, nil
}

// byteCount returns the size of a tensor, or an error where a dimension or the
// size is beyond what this machine can count.
func byteCount(shape []uint64, dtype safetensors.DType) (uint64, error) {
	n := dtype.Size()
	for _, dim := range shape {
		over, product := bits.Mul64(n, dim)
		if over != 0 || product > math.MaxInt || dim > math.MaxInt {
			return 0, fmt.Errorf("shape %v of %v is larger than memory can be", shape, dtype)
		}
		n = product
	}
	return n, nil
}

// duplicateKey returns a key that some object of a valid JSON text holds
// twice. encoding/json would keep the last one without a word.
func duplicateKey(text []byte) (key string, found bool) {
	dec := json.NewDecoder(bytes.NewReader(text))
	err := walkJSON(dec, func(seen map[string]bool, k string) error {
		if seen[k] {
			key = k
			return errDuplicate
		}
		seen[k] = true
		return nil
	})
	return key, err == errDuplicate
}

var errDuplicate = errors.New("duplicate key")

// walkJSON reads one value and calls visit for every key of every object in
// it, with a set that belongs to that object.
func walkJSON(dec *json.Decoder, visit func(seen map[string]bool, key string) error) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	open, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for dec.More() {
		if open == '{' {
			key, err := dec.Token()
			if err != nil {
				return err
			}
			if err := visit(seen, key.(string)); err != nil {
				return err
			}
		}
		if err := walkJSON(dec, visit); err != nil {
			return err
		}
	}
	_, err = dec.Token() // the closing bracket
	return err
}
