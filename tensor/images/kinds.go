package images

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// kindOf names what a file is that begins like this, and is none of those that are read.
func kindOf(head []byte) string {
	for _, known := range []struct{ magic, kind string }{
		{"????ftypavif", "an AVIF picture"},
		{"????ftypavis", "an AVIF picture"},
		{"????ftyphei", "a HEIC picture"},
		{"????ftyphev", "a HEIC picture"},
		{"????ftypmif1", "a HEIF picture"},
		{"????ftypmsf1", "a HEIF picture"},
		{"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"},
		{"\xff\x0a", "a JPEG XL picture"},
		{"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"},
		{"\xff\x4f\xff\x51", "a JPEG 2000 picture"},
		{"II\xbc", "a JPEG XR picture"},
		{"II+\x00", "a BigTIFF picture"},
		{"MM\x00+", "a BigTIFF picture"},
		{"\x76\x2f\x31\x01", "an OpenEXR picture"},
		{"qoif", "a QOI picture"},
		{"\x00\x00\x01\x00", "an icon"},
		{"8BPS", "a Photoshop file"},
		{"<svg", "an SVG drawing"},
		{"version https://git-lfs.github.com/", "a Git LFS pointer and not the picture, which 'git lfs pull' fetches"},
		{"<!DOCTYPE html", "a web page"},
		{"<!doctype html", "a web page"},
		{"<html", "a web page"},
		{"%PDF", "a PDF document"},
		{"PK\x03\x04", "a ZIP archive"},
		{"????????{\"", "a safetensors file"},
	} {
		if begins(head, known.magic) {
			return known.kind
		}
	}
	switch {
	case len(head) == 0:
		return "an empty file"
	case utf8.Valid(head[:max(0, len(head)-utf8.UTFMax)]) && !bytes.ContainsRune(head, 0):
		return "a text file"
	}
	return "no picture that is known here"
}

// begins reports whether a file begins with some bytes, of which ? stands for any.
func begins(head []byte, magic string) bool {
	if len(head) < len(magic) {
		return false
	}
	for i, c := range []byte(magic) {
		if c != '?' && c != head[i] {
			return false
		}
	}
	return true
}

// unsupportedKind is the error about a file that is in order, but of a kind that is not read.
type unsupportedKind struct {
	format, feature, advice string
	err                     error // of the decoder, which says "unsupported" again
}

func (u *unsupportedKind) Error() string {
	return fmt.Sprintf("this kind of %s file is not supported: %s; %s", u.format, u.feature, u.advice)
}

func (u *unsupportedKind) Unwrap() error { return u.err }
