package images

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// asPNG is a PNG file.
func asPNG(t *testing.T, p image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestTruth has masks of two pixels, of which the second is marked, in every kind of file.
func TestTruth(t *testing.T) {
	size := image.Rect(0, 0, 2, 1)
	with := func(p interface {
		image.Image
		Set(x, y int, c color.Color)
	}, first, second color.Color) []byte {
		p.Set(0, 0, first)
		p.Set(1, 0, second)
		return asPNG(t, p)
	}
	labels := func(colours ...color.Color) *image.Paletted {
		p := image.NewPaletted(size, colours)
		p.Pix[1] = 1
		return p
	}
	// A frame of one pixel on a screen of two; what it leaves uncovered is not marked.
	frame := image.NewPaletted(image.Rect(1, 0, 2, 1), color.Palette{color.Black, color.White})
	frame.Pix[0] = 1
	var onScreen bytes.Buffer
	if err := gif.EncodeAll(&onScreen, &gif.GIF{Image: []*image.Paletted{frame}, Delay: []int{0}, Config: image.Config{ColorModel: frame.Palette, Width: 2, Height: 1}}); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{
		"8 bits":      with(image.NewGray(size), color.Gray{}, color.Gray{1}),
		"16 bits":     with(image.NewGray16(size), color.Gray16{}, color.Gray16{3}),
		"red":         with(image.NewNRGBA(size), color.Black, color.NRGBA{1, 0, 0, 255}),
		"blue":        with(image.NewNRGBA64(size), color.Black, color.NRGBA64{0, 0, 1, 0xffff}),
		"transparent": with(image.NewNRGBA(size), color.NRGBA{255, 255, 255, 0}, color.NRGBA{1, 1, 1, 1}),
		"palette":     asPNG(t, labels(color.Black, color.RGBA{128, 0, 0, 255})),
		"index 1":     asPNG(t, labels(color.White, color.Black)),
		"gif":         onScreen.Bytes(),
	} {
		got, err := ReadTruthFS(context.Background(), fstest.MapFS{"m": {Data: file}}, "m")
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got.Rect != size || got.Pix[0] != 0 || got.Pix[1] != 255 {
			t.Errorf("%s: %v in %v", name, got.Pix, got.Rect)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(size), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadTruthFS(context.Background(), fstest.MapFS{"m": {Data: b.Bytes()}}, "m"); err == nil || !strings.Contains(err.Error(), "PNG") {
		t.Errorf("JPEG: %v", err)
	}
}

// sealed is a file system whose files can be read from their start alone.
type sealed struct{ fs.FS }

type sealedFile struct{ fs.File }

func (s sealed) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	return sealedFile{f}, err
}

// TestReadFS reads of a file system what Read reads of the disk.
func TestReadFS(t *testing.T) {
	want, err := Read(context.Background(), "testdata/cmyk.jpg")
	if err != nil {
		t.Fatal(err)
	}
	for _, root := range []fs.FS{os.DirFS("testdata"), sealed{os.DirFS("testdata")}} {
		got, err := ReadFS(context.Background(), root, "cmyk.jpg")
		if err != nil || !bytes.Equal(got.Pix, want.Pix) {
			t.Errorf("%T: another picture (%v)", root, err)
		}
	}
	if _, ok := any(sealedFile{}).(io.ReaderAt); ok {
		t.Error("sealed files are open")
	}
}

func TestReadFSErrors(t *testing.T) {
	file := asPNG(t, image.NewGray(image.Rect(0, 0, 40, 40)))
	root := fstest.MapFS{"a/b.png": {Data: file}, "cut.png": {Data: file[:len(file)-20]}}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		root fs.FS
		name string
		says string
		is   error
	}{
		{context.Background(), nil, "a", "no file system", nil},
		{context.Background(), root, "a", "directory", nil},
		{context.Background(), root, "../a", "../a", nil},
		{context.Background(), root, "c.png", "c.png", fs.ErrNotExist},
		{context.Background(), root, "cut.png", "cut off", nil},
		{ended, root, "a/b.png", "a/b.png", context.Canceled},
	} {
		_, err := ReadFS(c.ctx, c.root, c.name)
		if err == nil || !strings.Contains(err.Error(), c.says) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, err := ReadTruthFS(c.ctx, c.root, c.name); err == nil {
			t.Errorf("%s: a mask", c.name)
		}
	}
}
