package tensor

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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
	"header cut short":    {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4)[:30], []string{"header length 54 reaches beyond the 22 bytes", "download was not finished"}},
	"length beyond file":  {[]byte("\xff\xff\xff\xff\xff\xff\xff\xffx"), []string{"header length 18446744073709551615 reaches beyond the 1 bytes", `begins with "\xff`}},
	"text":                {[]byte("Entry not found"), []string{`begins with "Entry not found"`}},
	"no header":           {file("", 0), []string{"full of zeros", "download was not finished"}},
	"blank header":        {file("        ", 0), []string{"header", "the JSON ends too early"}},
	"no JSON":             {file("<html>", 0), []string{"header", "invalid character '<'"}},
	"JSON cut short":      {file(`{"a":`, 0), []string{"header"}},
	"JSON goes on":        {file(`{}{}`, 0), []string{"header", "after top-level value"}},
	"an array":            {file(`[]`, 0), []string{"header", "is an array, want an object"}},
	"deep nesting":        {file(strings.Repeat("[", 20000), 0), []string{"header", "is an array, want an object"}},
	"tensor is null":      {file(`{"a":null}`, 0), []string{`"a"`, "is null, want an object"}},
	"tensor is a number":  {file(`{"a":1}`, 0), []string{`"a"`, "is 1, want an object"}},
	"a key is missing":    {file(`{"a":{"dtype":"F32","shape":[1]}}`, 4), []string{`"a"`, `"data_offsets" is missing`}},
	"a key too many":      {file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"offsets":[[[]]]}}`, 1), []string{`"a"`, `"offsets" is not known`}},
	"unknown dtype":       {file(`{"a":{"dtype":"NF4","shape":[1],"data_offsets":[0,1]}}`, 1), []string{`"a"`, `dtype "NF4" is not one of the format; convert to F16`}},
	"half a byte":         {file(`{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}`, 2), []string{`"a"`, "shape [3] of F4 does not fill its last byte"}},
	"dtype is a number":   {file(`{"a":{"dtype":7,"shape":[1],"data_offsets":[0,4]}}`, 4), []string{`"a"`, "dtype"}},
	"negative dimension":  {file(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 4), []string{`"a"`, "natural numbers"}},
	"fractional":          {file(`{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}`, 4), []string{`"a"`, "natural numbers"}},
	"exponent":            {file(`{"a":{"dtype":"F32","shape":[1e2],"data_offsets":[0,400]}}`, 400), []string{`"a"`, "natural numbers"}},
	"negative offset":     {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`, 4), []string{`"a"`, "natural numbers"}},
	"one offset":          {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}`, 4), []string{`"a"`, `"data_offsets" are [0], want 2 numbers`}},
	"three offsets":       {file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}`, 1), []string{`"a"`, `"data_offsets" holds more than 2 numbers`}},
	"null in a shape":     {file(`{"a":{"dtype":"U8","shape":[null],"data_offsets":[0,1]}}`, 1), []string{`"a"`, `"shape" holds null, want natural numbers`}},
	"text in a shape":     {file(`{"a":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}}`, 1), []string{`"a"`, `"shape" holds "1", want natural numbers`}},
	"a shape of shapes":   {file(`{"a":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}}`, 1), []string{`"a"`, `"shape" holds [1], want natural numbers`}},
	"very many shapes":    {file(`{"a":{"dtype":"U8","shape":`+strings.Repeat("[", 20000), 1), []string{`"a"`, `"shape" no JSON`, "depth"}},
	"shape is a number":   {file(`{"a":{"dtype":"U8","shape":1,"data_offsets":[0,1]}}`, 1), []string{`"a"`, `"shape" is 1, want an array`}},
	"shape is null":       {file(`{"a":{"dtype":"U8","shape":null,"data_offsets":[0,1]}}`, 1), []string{`"a"`, `"shape" is null, want an array`}},
	"very many axes":      {file(`{"a":{"dtype":"U8","shape":[1`+strings.Repeat(",1", 64)+`],"data_offsets":[0,1]}}`, 1), []string{`"a"`, `"shape" holds more than 64 numbers`}},
	"a very long name":    {file(`{"`+strings.Repeat("name", 300)+`":{}}`, 0), []string{`tensor "namename`, "1200 bytes is over the limit of 1000"}},
	"metadata not text":   {file(`{"__metadata__":{"a":1}}`, 0), []string{"__metadata__", `"a": is 1, want a string`}},
	"metadata nested":     {file(`{"__metadata__":{"a":`+strings.Repeat(`{"a":`, 20000), 0), []string{"__metadata__", `"a": is an object, want a string`}},
	"metadata is null":    {file(`{"__metadata__":null}`, 0), []string{"__metadata__: is null, want an object"}},
	"metadata twice":      {file(`{"__metadata__":{},"__metadata__":{}}`, 0), []string{`"__metadata__" appears twice`}},
	"same name twice":     {file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), []string{`"a" appears twice`}},
	"same key twice":      {file(`{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}`, 1), []string{`"dtype" appears twice`}},
	"offsets backwards":   {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}`, 8), []string{`tensor "a"`, "[8, 4] run backwards"}},
	"offsets beyond file": {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 7), []string{`tensor "a"`, "[0, 8] reach beyond the file's 7 bytes"}},
	"offsets overflow":    {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[18446744073709551612,18446744073709551615]}}`, 4), []string{`tensor "a"`, "reach beyond"}},
	"offset over 64 bits": {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551616]}}`, 4), []string{`"a"`, "holds 18446744073709551616, want natural numbers below 2^64"}},
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

// TestHeaderLimits wants files without weights refused before their headers
// take memory.
func TestHeaderLimits(t *testing.T) {
	long := make([]byte, lengthSize+maxHeader+1)
	binary.LittleEndian.PutUint64(long, maxHeader+1)
	_, err := parseHeader(long, int64(len(long)))
	wantError(t, err, "header length 4194305 is over the limit of 4194304 bytes")

	var many strings.Builder
	many.WriteString("{")
	for i := range maxTensors + 1 {
		fmt.Fprintf(&many, `"%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},`, i)
	}
	_, err = inMemory("many", file(many.String(), 0))
	wantError(t, err, "header: it names more than 20000 tensors")
}

// TestHeaderOfALargeModel reads as many tensors as a header may have.
func TestHeaderOfALargeModel(t *testing.T) {
	entries := make([]string, maxTensors)
	for i := range entries {
		entries[i] = fmt.Sprintf(`"model.layers.%d.weight":{"dtype":"F16","shape":[1],"data_offsets":[%d,%d]}`, i, 2*i, 2*i+2)
	}
	begin := file("{"+strings.Join(entries, ",")+"}", 0)
	h, err := parseHeader(begin, int64(len(begin)+2*maxTensors))
	if err != nil {
		t.Fatal(err)
	}
	if e := h.tensors["model.layers.19999.weight"]; len(h.tensors) != maxTensors || e.start != 39998 {
		t.Errorf("%d tensors, the last one at %d", len(h.tensors), e.start)
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
		dir:                         "not a regular file but a directory",
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
	f.Add(every(0))
	f.Add(every(3))
	f.Add(file(`{}`, 0))
	f.Add(file(` {"a":{"dtype":"F16","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}`, 8))
	f.Add(file(`{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"F4","shape":[2,2],"data_offsets":[2,4]}}`, 4))
	f.Fuzz(func(t *testing.T, data []byte) {
		opened, err := inMemory("fuzzed", data)
		if err != nil {
			return
		}
		total := opened.header.size
		for _, name := range opened.Names() {
			info, ok := opened.Info(name)
			if !ok {
				t.Fatalf("no info on %q", name)
			}
			total += info.Bytes
			d, err := opened.Get(name)
			if err != nil {
				if read[info.Dtype] && info.Bytes > 0 {
					t.Fatal(err)
				}
				continue
			}
			NonFinite(d)
			if n := len(Float32s(d)); n != d.Shape().TotalSize() || !slices.Equal(d.Shape(), info.Shape) {
				t.Fatalf("%q: %d numbers of shape %v for shape %v", name, n, d.Shape(), info.Shape)
			}
		}
		if total != len(data) {
			t.Fatalf("header and tensors are %d bytes, the file %d", total, len(data))
		}
	})
}

// read are the dtypes that Get returns.
var read = map[string]bool{"F16": true, "BF16": true, "F32": true, "F64": true}
