package tensor

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// openParts opens a file of numbers 0 to 15 as the given parts.
func openParts(t *testing.T, parts []Part, err error) (*File, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "numbers")
	data := make([]byte, 16)
	for i := range data {
		data[i] = byte(i)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return OpenParts(path, func(file io.ReaderAt, size int64) ([]Part, error) {
		if size != 16 {
			t.Errorf("a file of %d bytes", size)
		}
		return parts, err
	})
}

// TestOpenParts reads parts that lie over each other, at even and at odd places.
func TestOpenParts(t *testing.T) {
	f, err := openParts(t, []Part{{"even", "BF16", []int{2, 1}, 2}, {"odd", "BF16", []int{2}, 3}, {"bytes", "U8", nil, 15}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	bits := func(v ...uint16) (all []float32) {
		for _, b := range v {
			all = append(all, BF16(b).Float32())
		}
		return all
	}
	for name, want := range map[string][]float32{"even": bits(0x0302, 0x0504), "odd": bits(0x0403, 0x0605)} {
		d, err := f.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := Float32s(d); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	f.Forget("even")
	if i, ok := f.Info("bytes"); !ok || i.Bytes != 1 || len(f.Names()) != 3 || f.Metadata() != nil {
		t.Errorf("%+v of %q", i, f.Names())
	}
	hashes, err := f.Hashes(t.Context())
	if err := errors.Join(err, f.Changed(), f.Replaced(), f.Close(), f.Close()); err != nil || len(hashes) != 1 {
		t.Error(hashes, err)
	}
}

// TestOpenPartsRefuses what a file does not hold.
func TestOpenPartsRefuses(t *testing.T) {
	many := make([]Part, maxTensors+1)
	for want, parts := range map[string][]Part{
		`tensor "a": 16 bytes at 1 reach beyond the file's 16`:            {{"a", "F32", []int{4}, 1}},
		`tensor "a": 1 bytes at -1 reach`:                                 {{"a", "U8", nil, -1}},
		`tensor "a": 0 bytes at 17 reach`:                                 {{"a", "U8", []int{0}, 17}},
		`tensor "a": shape [-1], want no dimension below 0`:               {{"a", "U8", []int{-1}, 0}},
		`is larger than memory can be`:                                    {{"a", "F64", []int{1 << 40, 1 << 40}, 0}},
		`dtype "complex" is not one of the format`:                        {{"a", "complex", nil, 0}},
		`it has two tensors "a"`:                                          {{"a", "U8", nil, 0}, {"a", "U8", nil, 1}},
		fmt.Sprintf("it has more than %d tensors", maxTensors):            many,
		`and 65 dimensions are over the limits`:                           {{"a", "U8", make([]int, maxDims+1), 0}},
		fmt.Sprintf("a name of %d bytes and 0 dimensions are", maxName+1): {{strings.Repeat("a", maxName+1), "U8", nil, 0}},
	} {
		if _, err := openParts(t, parts, nil); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	mine := errors.New("no such format")
	if _, err := openParts(t, nil, mine); !errors.Is(err, mine) || !strings.Contains(err.Error(), "numbers: no such format") {
		t.Errorf("error %v, want that of the function", err)
	}
}
