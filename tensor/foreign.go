package tensor

import (
	"bytes"
	"strings"
)

// signatures are what files begin with that people have in the place of a
// model's own, and what those are.
var signatures = []struct{ begin, what string }{
	{"version https://git-lfs.github.com/", lfsPointer},
	{"version https://hawser.github.com/", lfsPointer},
	{"# xet version", "a pointer of git-xet and not what it points to: download the file with 'hf download'"},
	{"PK\x03\x04", "a zip archive, which is what torch.save writes: a pickle, which is not read"},
	{"\x80\x02", pickle}, {"\x80\x03", pickle}, {"\x80\x04", pickle}, {"\x80\x05", pickle},
	{"\x1f\x8b", "compressed with gzip: unpack it"},
	{"\x28\xb5\x2f\xfd", "compressed with zstd: unpack it"},
	{"\xfd7zXZ", "compressed with xz: unpack it"},
	{"BZh", "compressed with bzip2: unpack it"},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"},
	{"GGUF", "a GGUF file, which is not read: download the model as .safetensors"},
	{"\x89HDF", "an HDF5 file, which is not read: download the model as .safetensors"},
}

const (
	lfsPointer = "a Git LFS pointer and not what it points to: run 'git lfs pull', or download the file with 'hf download'"
	pickle     = "a pickle, which can run any code and is not read"
)

// markup are the beginnings of pages, in small letters.
var markup = []string{"<!doctype", "<html", "<head", "<body", "<?xml", "<error"}

// foreign says what a file is by its first bytes, if it is something that a
// download leaves behind in the place of a model's file; "" if it may be one.
func foreign(file []byte) string {
	for _, s := range signatures {
		if bytes.HasPrefix(file, []byte(s.begin)) {
			return s.what
		}
	}
	head := file[:min(len(file), 256)]
	text := strings.ToLower(string(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")))
	for _, begin := range markup {
		if strings.HasPrefix(text, begin) {
			return "a web page and not the file that it was to be: download it again, with 'hf download'"
		}
	}
	if len(head) > 0 && len(bytes.Trim(head, "\x00")) == 0 {
		return "full of zeros from its beginning: its download was not finished"
	}
	return ""
}
