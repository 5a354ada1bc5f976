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
	f, err := openParts(t, []Part{
		{Name: "even", Dtype: "BF16", Shape: []int{2, 1}, Offset: 2}, {Name: "odd", Dtype: "BF16", Shape: []int{2}, Offset: 3},
		{Name: "bytes", Dtype: "U8", Offset: 15},
		{Name: "turned", Dtype: "BF16", Shape: []int{2, 1, 3}, Steps: []int{1, 9, 2}, Offset: 4},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	bits := func(v ...uint16) (all []float32) {
		for _, b := range v {
			all = append(all, BF16(b).Float32())
		}
		return all
	}
	for name, want := range map[string][]float32{"even": bits(0x0302, 0x0504), "odd": bits(0x0403, 0x0605), "turned": bits(0x0504, 0x0908, 0x0d0c, 0x0706, 0x0b0a, 0x0f0e)} {
		d, err := f.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := Float32s(d); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	f.Forget("even")
	f.Forget("turned")
	if i, _ := f.Info("turned"); i.Bytes != 12 {
		t.Errorf("%+v", i)
	}
	if i, ok := f.Info("bytes"); !ok || i.Bytes != 1 || len(f.Names()) != 4 || f.Metadata() != nil {
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
		`tensor "a": 16 bytes at 1 reach beyond the file's 16`:            {{"a", "F32", []int{4}, nil, 1}},
		`tensor "a": 1 bytes at -1 reach`:                                 {{"a", "U8", nil, nil, -1}},
		`tensor "a": 0 bytes at 17 reach`:                                 {{"a", "U8", []int{0}, nil, 17}},
		`tensor "a": shape [-1], want no dimension below 0`:               {{"a", "U8", []int{-1}, nil, 0}},
		`is larger than memory can be`:                                    {{"a", "F64", []int{1 << 40, 1 << 40}, nil, 0}},
		`dtype "complex" is not one of the format`:                        {{"a", "complex", nil, nil, 0}},
		`tensor "a": 1 steps for shape [1 1]`:                             {{"a", "U8", []int{1, 1}, []int{1}, 0}},
		`tensor "a": steps [-1], want none below 0`:                       {{"a", "U8", []int{2}, []int{-1}, 0}},
		`steps [4611686018427387904 1], want none`:                        {{"a", "U8", []int{3, 1}, []int{1 << 62, 1}, 0}},
		`tensor "a": 17 bytes at 0 reach beyond the file's 16`:            {{"a", "U8", []int{2}, []int{16}, 0}},
		`tensor "a": 100 bytes at 0 reach beyond`:                         {{"a", "U8", []int{10, 10}, []int{0, 0}, 0}},
		`it has two tensors "a"`:                                          {{"a", "U8", nil, nil, 0}, {"a", "U8", nil, nil, 1}},
		fmt.Sprintf("it has more than %d tensors", maxTensors):            many,
		`and 65 dimensions are over the limits`:                           {{"a", "U8", make([]int, maxDims+1), nil, 0}},
		fmt.Sprintf("a name of %d bytes and 0 dimensions are", maxName+1): {{strings.Repeat("a", maxName+1), "U8", nil, nil, 0}},
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
