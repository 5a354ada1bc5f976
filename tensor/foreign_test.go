package tensor

import (
	"encoding/binary"
	"strings"
	"testing"
)

// foreigners are what people have in the place of a model's files, and what the
// error must say of it.
var foreigners = map[string]struct{ file, want string }{
	"LFS pointer":     {"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 3438167540\n", "a Git LFS pointer and not what it points to: run 'git lfs pull'"},
	"page":            {"<!DOCTYPE html>\n<html><body>Not found</body></html>", "a web page"},
	"page, indented":  {"\ufeff\n  <html lang=en>", "a web page"},
	"server's answer": {`<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>`, "a web page"},
	"gzip":            {"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x03", "compressed with gzip"},
	"zip":             {"PK\x03\x04\x00\x00\x08\x08\x00\x00", "a zip archive, which is what torch.save writes"},
	"old pickle":      {"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "a pickle, which can run any code"},
	"GGUF":            {"GGUF\x03\x00\x00\x00\x01\x00", "a GGUF file"},
	"zeros":           {strings.Repeat("\x00", 5000), "full of zeros from its beginning: its download was not finished"},
	"few zeros":       {"\x00\x00\x00", "full of zeros"},
}

// TestForeignFiles are named as what they are, as weights and as text.
func TestForeignFiles(t *testing.T) {
	for name, c := range foreigners {
		t.Run(name, func(t *testing.T) {
			dir := directory(t, map[string]string{"m.safetensors": c.file, "config.json": c.file})
			_, err := OpenSet(dir, "m")
			wantError(t, err, "m.safetensors: the file is "+c.want, "want a .safetensors file")
			_, err = OnDisk(dir).ReadFile("config.json")
			wantError(t, err, "config.json: the file is "+c.want)
		})
	}
	_, err := Open(write(t, t.TempDir(), "m.safetensors", []byte(`{"error":"Repository not found"}`)))
	wantError(t, err, "the file is JSON", "want a .safetensors file")
}

// TestHeaderLengthsThatLookForeign opens files whose headers' lengths are the
// first bytes of pickles.
func TestHeaderLengthsThatLookForeign(t *testing.T) {
	for _, length := range []int{0x0280, 0x0380, 0x0480, 0x8b1f} {
		if what := foreign(binary.LittleEndian.AppendUint64(nil, uint64(length))); what == "" {
			t.Fatalf("%#x looks like nothing", length)
		}
		header := `{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`
		f := open(t, write(t, t.TempDir(), "m.safetensors", file(header+strings.Repeat(" ", length-len(header)), 1)))
		if _, ok := f.Info("a"); !ok {
			t.Errorf("%#x: there is no tensor", length)
		}
	}
}
