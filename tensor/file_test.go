package tensor

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	gt "gorgonia.org/tensor"
)

// every is a file with every dtype the format and the library know, a scalar,
// and a tensor without numbers. pad spaces after the header move the data.
func every(pad int) []byte {
	header := `{"__metadata__":{"format":"pt"},` +
		`"f32":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},` +
		`"f64":{"dtype":"F64","shape":[1],"data_offsets":[8,16]},` +
		`"i64":{"dtype":"I64","shape":[1],"data_offsets":[16,24]},` +
		`"scalar":{"dtype":"F32","shape":[],"data_offsets":[24,28]},` +
		`"f16":{"dtype":"F16","shape":[2],"data_offsets":[28,32]},` +
		`"bf16":{"dtype":"BF16","shape":[1,2],"data_offsets":[32,36]},` +
		`"bool":{"dtype":"BOOL","shape":[1],"data_offsets":[36,37]},` +
		`"none":{"dtype":"F32","shape":[3,0],"data_offsets":[37,37]}}`
	header += strings.Repeat(" ", (8-len(header)%8)%8+pad)
	b := file(header, 0)
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(1.5))
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(-2))
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(0.1))
	b = binary.LittleEndian.AppendUint64(b, 7)
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(3))
	b = append(b, 0x00, 0x3c, 0x00, 0xc0) // 1, -2
	b = append(b, 0x80, 0x3f, 0x00, 0xc0) // 1, -2
	return append(b, 1)
}

func write(t *testing.T, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, path string) *File {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// TestGet reads every dtype at every alignment the data can have.
func TestGet(t *testing.T) {
	for pad := range 8 {
		f := open(t, write(t, t.TempDir(), "m.safetensors", every(pad)))
		for name, want := range map[string]struct {
			dtype gt.Dtype
			shape gt.Shape
			v     []float32
		}{
			"f32":    {gt.Float32, gt.Shape{2, 1}, []float32{1.5, -2}},
			"f64":    {gt.Float32, gt.Shape{1}, []float32{0.1}},
			"scalar": {gt.Float32, gt.Shape{}, []float32{3}},
			"f16":    {Float16, gt.Shape{2}, []float32{1, -2}},
			"bf16":   {BFloat16, gt.Shape{1, 2}, []float32{1, -2}},
		} {
			t.Run(fmt.Sprintf("%s+%d", name, pad), func(t *testing.T) {
				d, err := f.Get(name)
				if err != nil {
					t.Fatal(err)
				}
				if d.Dtype() != want.dtype {
					t.Errorf("dtype %v, want %v", d.Dtype(), want.dtype)
				}
				if diff := cmp.Diff(want.shape, d.Shape()); diff != "" {
					t.Errorf("shape (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(want.v, Float32s(d)); diff != "" {
					t.Errorf("numbers (-want +got):\n%s", diff)
				}
				copied := d.Uintptr() < start(f) || d.Uintptr() >= start(f)+uintptr(len(f.mapping))
				fits := pad%int(d.Dtype().Size()) == 0 && name != "f64"
				if copied == fits {
					t.Errorf("copied is %v with the data moved by %d bytes", copied, pad)
				}
			})
		}
	}
}

func start(f *File) uintptr { return uintptr(unsafe.Pointer(&f.mapping[0])) }

func TestGetRefuses(t *testing.T) {
	f := open(t, write(t, t.TempDir(), "m.safetensors", every(0)))
	for name, want := range map[string]string{
		"i64":  `tensor "i64": dtype I64 is not read; convert to F16 (or to F32, BF16 or F64)`,
		"bool": `tensor "bool": dtype BOOL is not read; convert to F16`,
		"none": `tensor "none": shape [3 0] holds no numbers`,
		"F32":  `no tensor "F32"`,
	} {
		_, err := f.Get(name)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), f.path) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

func TestFileDescribesItself(t *testing.T) {
	f := open(t, write(t, t.TempDir(), "m.safetensors", every(0)))
	if diff := cmp.Diff([]string{"bf16", "bool", "f16", "f32", "f64", "i64", "none", "scalar"}, f.Names()); diff != "" {
		t.Errorf("Names (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"format": "pt"}, f.Metadata()); diff != "" {
		t.Errorf("Metadata (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{f.path}, f.Paths()); diff != "" {
		t.Errorf("Paths (-want +got):\n%s", diff)
	}
	for name, want := range map[string]Info{
		"i64":    {"I64", []int{1}, 8},
		"bf16":   {"BF16", []int{1, 2}, 4},
		"scalar": {"F32", []int{}, 4},
		"none":   {"F32", []int{3, 0}, 0},
	} {
		got, ok := f.Info(name)
		if diff := cmp.Diff(want, got); diff != "" || !ok {
			t.Errorf("%s: %v (-want +got):\n%s", name, ok, diff)
		}
	}
	if info, ok := f.Info("other"); ok || info.Dtype != "" {
		t.Errorf("there is information on a tensor that does not exist: %v", info)
	}
}

func TestClosedFile(t *testing.T) {
	f := open(t, write(t, t.TempDir(), "m.safetensors", every(0)))
	for range 2 {
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Get("f32"); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("Get after Close: %v", err)
	}
	if err := os.Remove(f.path); err != nil { // Windows would refuse while it is mapped
		t.Error(err)
	}
}

// TestDtypesThatAreNotRead opens files of every dtype that the format has, and
// says of each tensor what would be right.
func TestDtypesThatAreNotRead(t *testing.T) {
	for dtype, bits := range bitsOf {
		if read[dtype] {
			continue
		}
		header := fmt.Sprintf(`{"a":{"dtype":%q,"shape":[2,4],"data_offsets":[0,%d]}}`, dtype, bits)
		f := open(t, write(t, t.TempDir(), "m.safetensors", file(header, int(bits))))
		if info, ok := f.Info("a"); !ok || info.Dtype != dtype || info.Bytes != int(bits) {
			t.Errorf("%s: Info is %v, %v", dtype, info, ok)
		}
		_, err := f.Get("a")
		wantError(t, err, f.path, `tensor "a": dtype `+dtype+" is not read; convert to F16")
	}
}
