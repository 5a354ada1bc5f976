package tensor

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// A safetensors file is a little-endian 64-bit length, a JSON header of that
// length, and the tensors' bytes end to end:
// https://github.com/huggingface/safetensors#format. What follows reads the
// JSON and checks that it describes the file it stands in, because the memory
// behind a wrong offset is not there to be read.

const (
	lengthSize = 8 // bytes of the header's length

	// What a header may take. Stable Diffusion XL in one file has 2,600 tensors and
	// a header of 300 KB; the largest language models have some thousand in each
	// of their files. The format's own limit of 100 MB would let a header without
	// any weights take a gigabyte of memory.
	maxHeader  = 4 << 20 // bytes
	maxTensors = 20_000
	maxName    = 1000 // bytes of a tensor's name
	maxDims    = 64   // of a tensor, as in torch
)

// entry is one tensor of a header: its bytes are data[start:end].
type entry struct {
	name       string
	dtype      string
	shape      []int
	steps      []int // of a Part that does not lie in one piece, else nil
	start, end uint64
}

// header is what a file says about itself.
type header struct {
	tensors  map[string]entry
	metadata map[string]string
	size     int // bytes before the data
}

// mostBegin is how many bytes of a file parseHeader may need.
const mostBegin = lengthSize + maxHeader

// parseHeader reads and checks the header of a file of the given size. begin
// are its first bytes: all, or mostBegin of them.
func parseHeader(begin []byte, fileSize int64) (header, error) {
	text, err := headerText(begin, uint64(fileSize))
	if err != nil {
		return header{}, damaged(err)
	}
	size := lengthSize + len(text)
	r := headerReader{newJSONReader(text), uint64(fileSize) - uint64(size)}
	entries, metadata, err := r.read()
	if err != nil {
		return header{}, damaged(fmt.Errorf("header: %w", err))
	}
	tensors, err := layout(entries, r.size)
	if err != nil {
		return header{}, damaged(err)
	}
	return header{tensors, metadata, size}, nil
}

// headerText cuts the JSON out of the beginning of a file.
func headerText(begin []byte, fileSize uint64) ([]byte, error) {
	if len(begin) < lengthSize {
		return nil, cmp.Or(notWeights(begin), fmt.Errorf("%d bytes are too short for a safetensors file, which starts with an 8-byte header length", len(begin)))
	}
	n, rest := binary.LittleEndian.Uint64(begin), fileSize-lengthSize
	if n == 0 || n > maxHeader {
		if err := notWeights(begin); err != nil {
			return nil, err
		}
	}
	switch {
	case n > rest && n > maxHeader:
		return nil, fmt.Errorf("header length %d reaches beyond the %d bytes that follow it: no safetensors file begins with %.24q", n, rest, begin)
	case n > rest:
		return nil, fmt.Errorf("header length %d reaches beyond the %d bytes that follow it; the file is truncated: its download was not finished", n, rest)
	case n > maxHeader:
		return nil, fmt.Errorf("header length %d is over the limit of %d bytes", n, maxHeader)
	}
	return begin[lengthSize : lengthSize+n], nil
}

// notWeights is an error that says what a file is in the place of weights, nil
// if its first bytes do not tell.
func notWeights(file []byte) error {
	what := foreign(file)
	if what == "" && len(file) > 0 && (file[0] == '{' || file[0] == '[') {
		what = "JSON, such as a server's answer or another file of the model"
	}
	if what == "" {
		return nil
	}
	return fmt.Errorf("the file is %s; want a .safetensors file", what)
}

// headerReader reads a header's JSON.
type headerReader struct {
	jsonReader
	size uint64 // bytes of data behind the header
}

// read returns what the header has, in its order.
func (r headerReader) read() (entries []entry, metadata map[string]string, err error) {
	err = r.object(func(name string) (err error) {
		if name == metadataName {
			if metadata, err = r.texts(); err != nil {
				err = fmt.Errorf("%s: %w", metadataName, err)
			}
			return err
		}
		if len(entries) == maxTensors {
			return fmt.Errorf("it names more than %d tensors", maxTensors)
		}
		if len(name) > maxName {
			return fmt.Errorf("tensor %.60q…: a name of %d bytes is over the limit of %d", name, len(name), maxName)
		}
		e, err := r.entry(name)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		entries = append(entries, e)
		return nil
	})
	if err == nil {
		err = r.end()
	}
	return entries, metadata, err
}

// metadataName is what the format keeps for text of any kind.
const metadataName = "__metadata__"

// entry reads one tensor's description and checks it by itself.
func (r headerReader) entry(name string) (entry, error) {
	e := entry{name: name}
	var shape, offsets []uint64
	err := r.object(func(key string) (err error) {
		switch key {
		case "dtype":
			e.dtype, err = r.text()
		case "shape":
			shape, err = r.naturals(maxDims)
		case "data_offsets":
			offsets, err = r.naturals(2)
		default:
			err = errors.New(`is not known; want "dtype", "shape" and "data_offsets"`)
		}
		if err != nil {
			err = fmt.Errorf("%.60q %w", key, err)
		}
		return err
	})
	if err != nil {
		return e, err
	}
	switch {
	case e.dtype == "":
		return e, errors.New(`"dtype" is missing`)
	case shape == nil:
		return e, errors.New(`"shape" is missing`)
	case offsets == nil:
		return e, errors.New(`"data_offsets" is missing`)
	case len(offsets) != 2:
		return e, fmt.Errorf(`"data_offsets" are %v, want 2 numbers`, offsets)
	}
	e.start, e.end = offsets[0], offsets[1]
	return e, e.check(shape, r.size)
}

// check checks a tensor, whose shape it sets, against size bytes of data.
func (e *entry) check(shape []uint64, size uint64) error {
	if e.end < e.start {
		return fmt.Errorf("data_offsets [%d, %d] run backwards", e.start, e.end)
	}
	if e.end > size {
		return fmt.Errorf("data_offsets [%d, %d] reach beyond the file's %d bytes of data; the file is truncated or its header wrong", e.start, e.end, size)
	}
	want, err := byteCount(shape, e.dtype)
	if err != nil {
		return err
	}
	if got := e.end - e.start; got != want {
		return fmt.Errorf("shape %v of %s takes %d bytes, but data_offsets [%d, %d] hold %d", shape, e.dtype, want, e.start, e.end, got)
	}
	e.shape = make([]int, len(shape))
	for i, n := range shape {
		e.shape[i] = int(n)
	}
	return nil
}

// byteCount returns the size of a tensor, or an error where a dimension or the
// size is beyond what this machine can count.
func byteCount(shape []uint64, dtype string) (uint64, error) {
	n, ok := bitsOf[dtype]
	if !ok {
		return 0, fmt.Errorf("dtype %.60q is not one of the format; convert to F16", dtype)
	}
	for _, dim := range shape {
		over, product := bits.Mul64(n, dim)
		if over != 0 || product > math.MaxInt || dim > math.MaxInt {
			return 0, fmt.Errorf("shape %v of %s is larger than memory can be", shape, dtype)
		}
		n = product
	}
	if n%8 != 0 {
		return 0, fmt.Errorf("shape %v of %s does not fill its last byte", shape, dtype)
	}
	return n / 8, nil
}

// layout checks that the tensors fill size bytes of data from end to end, as
// the format demands: no overlap, no hole, nothing beyond the file.
func layout(tensors []entry, size uint64) (map[string]entry, error) {
	slices.SortFunc(tensors, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), cmp.Compare(a.name, b.name))
	})
	entries := make(map[string]entry, len(tensors))
	last := entry{}
	for _, e := range tensors {
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
