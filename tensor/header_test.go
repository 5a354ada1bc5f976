package tensor

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edsrzf/mmap-go"
)

// file puts a safetensors file together: its header as given, and size bytes
// of data.
func file(header string, size int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	return append(b, make([]byte, size)...)
}

// lies are files that are not what they say, and what the error must name.
var lies = map[string]struct {
	file []byte
	want []string
}{
	"no length":           {[]byte("short"), []string{"5 bytes are too short"}},
	"header cut short":    {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4)[:30], []string{"header length 54 reaches beyond the 22 bytes"}},
	"length beyond file":  {[]byte("\xff\xff\xff\xff\xff\xff\xff\xffx"), []string{"header length 18446744073709551615 reaches beyond the 1 bytes"}},
	"no header":           {file("", 0), []string{"header", "JSON"}},
	"no JSON":             {file("<html>", 0), []string{"header", "invalid character '<'"}},
	"JSON cut short":      {file(`{"a":`, 0), []string{"header"}},
	"JSON goes on":        {file(`{}{}`, 0), []string{"header", "after top-level value"}},
	"an array":            {file(`[]`, 0), []string{"header", "array"}},
	"deep nesting":        {file(strings.Repeat("[", 20000), 0), []string{"header", "depth"}},
	"tensor is null":      {file(`{"a":null}`, 0), []string{`"a"`, "expected 3 keys"}},
	"tensor is a number":  {file(`{"a":1}`, 0), []string{"header"}},
	"a key is missing":    {file(`{"a":{"dtype":"F32","shape":[1]}}`, 4), []string{`"a"`, "expected 3 keys"}},
	"unknown dtype":       {file(`{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}`, 1), []string{`"a"`, "F8_E4M3"}},
	"dtype is a number":   {file(`{"a":{"dtype":7,"shape":[1],"data_offsets":[0,4]}}`, 4), []string{`"a"`, "dtype"}},
	"negative dimension":  {file(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 4), []string{`"a"`, "natural numbers"}},
	"fractional":          {file(`{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}`, 4), []string{`"a"`, "natural numbers"}},
	"exponent":            {file(`{"a":{"dtype":"F32","shape":[1e2],"data_offsets":[0,400]}}`, 400), []string{`"a"`, "natural numbers"}},
	"negative offset":     {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`, 4), []string{`"a"`, "natural numbers"}},
	"one offset":          {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}`, 4), []string{`"a"`, "2 elements"}},
	"metadata not text":   {file(`{"__metadata__":{"a":1}}`, 0), []string{`"a"`, "string"}},
	"same name twice":     {file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), []string{`"a" appears twice`}},
	"same key twice":      {file(`{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}`, 1), []string{`"dtype" appears twice`}},
	"offsets backwards":   {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}`, 8), []string{`tensor "a"`, "[8, 4] run backwards"}},
	"offsets beyond file": {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 7), []string{`tensor "a"`, "[0, 8] reach beyond the file's 7 bytes"}},
	"offsets overflow":    {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[18446744073709551612,18446744073709551615]}}`, 4), []string{`tensor "a"`, "reach beyond"}},
	"offset over 64 bits": {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551616]}}`, 4), []string{`"a"`, "out of range"}},
	"shape too large":     {file(`{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, 8), []string{`tensor "a"`, "shape [3] of F32 takes 12 bytes", "[0, 8] hold 8"}},
	"shape too small":     {file(`{"a":{"dtype":"F16","shape":[3],"data_offsets":[0,8]}}`, 8), []string{`tensor "a"`, "takes 6 bytes", "hold 8"}},
	"scalar too large":    {file(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,8]}}`, 8), []string{`tensor "a"`, "takes 4 bytes"}},
	"shape overflows":     {file(`{"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,0]}}`, 0), []string{`tensor "a"`, "larger than memory"}},
	"shape wraps to fit":  {file(`{"a":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}}`, 4), []string{`tensor "a"`, "larger than memory"}},
	"huge beside zero":    {file(`{"a":{"dtype":"U8","shape":[0,18446744073709551615],"data_offsets":[0,0]}}`, 0), []string{`tensor "a"`, "larger than memory"}},
	"overlap":             {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12), []string{`tensor "b"`, "[4, 12] overlap", `"a"`, "[0, 8]"}},
	"same bytes twice":    {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4), []string{`tensor "b"`, "overlap"}},
	"hole":                {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}`, 12), []string{`tensor "b"`, "[8, 12] leave a hole", "ends at 4"}},
	"hole at the start":   {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), []string{`tensor "a"`, "hole"}},
	"data left over":      {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 6), []string{"describes 4 bytes", "holds 6"}},
	"data without tensor": {file(`{}`, 1), []string{"describes 0 bytes", "holds 1"}},
}

func TestOpenRefusesLies(t *testing.T) {
	for name, c := range lies {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "model.safetensors")
			if err := os.WriteFile(path, c.file, 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := Open(path)
			if err == nil {
				f.Close()
				t.Fatal("was opened")
			}
			for _, want := range append(c.want, path) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error does not say %q: %v", want, err)
				}
			}
		})
	}
}

func TestOpenRefusesAHeaderOverTheLimit(t *testing.T) {
	file := make([]byte, lengthSize+maxHeader+1)
	binary.LittleEndian.PutUint64(file, maxHeader+1)
	_, err := parseHeader(file)
	if err == nil || !strings.Contains(err.Error(), "over the format's limit of 100000000") {
		t.Errorf("got %v", err)
	}
}

func TestOpenRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.safetensors")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		empty:                       "the file is empty",
		dir:                         "not a regular file",
		filepath.Join(dir, "other"): "other",
	} {
		_, err := Open(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

// FuzzOpen looks for a header that is accepted although reading its tensors
// fails in any other way than with an error.
func FuzzOpen(f *testing.F) {
	for _, c := range lies {
		f.Add(c.file)
	}
	f.Add(file(`{}`, 0))
	f.Add(file(`{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[2,1],"data_offsets":[4,8]}}`, 8))
	f.Add(file(` {"a":{"dtype":"F16","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}`, 8))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := parseHeader(data)
		if err != nil {
			return
		}
		opened := &File{path: "fuzzed", mapping: mmap.MMap(data), header: h}
		total := h.size
		for _, name := range opened.Names() {
			info, ok := opened.Info(name)
			if !ok {
				t.Fatalf("no info on %q", name)
			}
			total += info.Bytes
			d, err := opened.Get(name)
			if err != nil {
				continue
			}
			if n := len(Float32s(d)); n != d.Shape().TotalSize() {
				t.Fatalf("%q: %d numbers for shape %v", name, n, d.Shape())
			}
		}
		if total != len(data) {
			t.Fatalf("header and tensors are %d bytes, the file %d", total, len(data))
		}
	})
}
