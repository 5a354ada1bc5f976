package pth

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/tensor"
)

// TestOpen reads the same state_dict in every form that torch has written.
func TestOpen(t *testing.T) {
	halves := func(n int) (all []float32) {
		for i := range n {
			all = append(all, float32(i)/2)
		}
		return all
	}
	type tensorOf struct {
		Shape  gt.Shape
		Values []float32
	}
	want := map[string]tensorOf{
		"w": {gt.Shape{4, 3}, halves(12)}, "part": {gt.Shape{2, 3}, halves(9)[3:]}, "half": {gt.Shape{5}, halves(5)}, "same": {gt.Shape{5}, halves(5)},
		"bf16": {gt.Shape{2, 2}, halves(4)}, "double": {gt.Shape{3}, halves(3)}, "image": {gt.Shape{4, 3, 1, 1}, halves(12)},
		"turned": {gt.Shape{2, 3}, []float32{0, 1, 2, 0.5, 1.5, 2.5}},
	}
	for _, name := range []string{"new.pth", "framed.pth", "old.pth", "python2.pth"} {
		f, err := Open(filepath.Join("testdata", name))
		if err != nil {
			t.Error(err)
			continue
		}
		got := map[string]tensorOf{}
		for _, n := range f.Names() {
			if n == "count" { // a whole number
				continue
			}
			d, err := f.Get(n)
			if err != nil {
				t.Fatal(err)
			}
			got[n] = tensorOf{d.Shape(), tensor.Float32s(d)}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if info, ok := f.Info("count"); !ok || info.Dtype != "I64" || len(info.Shape) != 0 {
			t.Errorf("%s: the counter is %+v", name, info)
		}
		hashes, err := f.Hashes(t.Context())
		if err := errors.Join(err, f.Changed(), f.Close()); err != nil || len(hashes) != 1 {
			t.Errorf("%s: %d hashes, %v", name, len(hashes), err)
		}
	}
}

// TestRefused says of each file what is wanted in its place.
func TestRefused(t *testing.T) {
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	recent, old := read("new.pth"), read("old.pth")
	replaced := func(data []byte, from, to string) []byte {
		if !bytes.Contains(data, []byte(from)) {
			t.Fatalf("there is no %q", from)
		}
		return bytes.Replace(data, []byte(from), []byte(to), 1)
	}
	for _, c := range []struct {
		what string
		data []byte
		want string
	}{
		{"a module", read("module.pth"), `which no state_dict has: want that, not a whole module`},
		{"a checkpoint", read("checkpoint.pth"), `entry "state_dict" is no tensor: want a state_dict`},
		{"an empty file", nil, "the file is empty"},
		{"another file", []byte("GIF89a"), `the file begins with "GIF8", want what torch.save writes`},
		{"a zip archive", []byte("PK\x03\x04"), "as a zip archive"},
		{"an archive cut short", recent[:len(recent)-30], "as a zip archive"},
		{"numbers in another order", replaced(recent, "little", "big\x00\x00\x00"), "byte order"},
		{"fewer numbers than are wanted", replaced(recent, "q\x08K\x0ct", "q\x08K\xf0t"), "is to hold 240 numbers"},
		{"a call", replaced(old, "torch._utils\n_rebuild_parameter", "posix\nsystemXXXXXXXXXXX"), `it wants "systemXXXXXXXXXXX" of "posix"`},
		{"a pickle of something else", []byte("\x80\x02K\x01."), "not one of torch.save"},
		{"an instruction that makes objects", []byte("\x80\x02(cos\nsystem\no."), `the instruction 0x6f at 14, which no state_dict has`},
		{"a text of 4 GB", []byte("\x80\x02X\xff\xff\xff\xffno"), "the pickle is cut short"},
		{"a frame of all memory", []byte("\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f."), "the pickle is cut short"},
		{"nothing on the stack", []byte("\x80\x02R."), "the stack is empty"},
		{"a list as a key", []byte("\x80\x02ccollections\nOrderedDict\n)R]K\x01s."), "not one of torch.save"},
		{"a number without bytes", []byte("\x80\x02\x8a\x00."), "the pickle makes no sense"},
		{"the old form cut short", old[:len(old)-1], "its download was not finished"},
		{"the old form without its last pickle", old[:bytes.LastIndex(old, []byte("\x80\x02"))], "the pickle is cut short"},
	} {
		path := filepath.Join(t.TempDir(), "model.pth")
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if err == nil {
			err = errors.Join(errors.New("opened"), f.Close())
		}
		if !errors.Is(err, tensor.ErrDamaged) || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want tensor.ErrDamaged with %q", c.what, err, c.want)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none.pth")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestLimits holds pickles to what a network's have.
func TestLimits(t *testing.T) {
	if _, err := scan(append(bytes.Repeat([]byte{'N'}, maxInstructions+1), opStop)); err == nil || !strings.Contains(err.Error(), "larger than any network's") {
		t.Errorf("too many instructions: %v", err)
	}
	long := append([]byte("X\x00\x00\x00\x01"), make([]byte, maxPickle)...)
	if _, err := scan(append(long, 'N', opStop)); err == nil || !strings.Contains(err.Error(), "larger than any network's") {
		t.Errorf("too many bytes: %v", err)
	}
}

// FuzzFind has no file end in a panic, and every tensor that is found lie in the file.
func FuzzFind(f *testing.F) {
	for _, name := range []string{"new.pth", "framed.pth", "old.pth", "python2.pth", "module.pth"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		parts, err := find(bytes.NewReader(data), int64(len(data)))
		if err == nil && len(parts) == 0 {
			t.Error("neither tensors nor an error")
		}
		if err != nil && !errors.Is(err, tensor.ErrDamaged) {
			t.Errorf("%v is not tensor.ErrDamaged", err)
		}
	})
}
