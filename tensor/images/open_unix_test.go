//go:build unix

package images

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// fifo is a new pipe in the file system.
func fifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	return path
}

// TestReadPipe reads what comes through a pipe.
func TestReadPipe(t *testing.T) {
	path := fifo(t)
	want := filled(30, 20, color.RGBA{1, 2, 3, 255})
	written := make(chan error, 1)
	go func() {
		var b bytes.Buffer
		err := png.Encode(&b, want)
		written <- errors.Join(err, os.WriteFile(path, b.Bytes(), 0))
	}()
	got, err := Read(t.Context(), path)
	if err := errors.Join(err, <-written); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Pix, want.Pix) {
		t.Error("another picture came through the pipe")
	}
}

// TestReadIsCancelled ends reading a pipe that nobody writes into, before it is opened at the other end and after.
func TestReadIsCancelled(t *testing.T) {
	for _, opened := range []bool{false, true} {
		path := fifo(t)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := Read(ctx, path)
			done <- err
		}()
		if opened {
			w, err := os.OpenFile(path, os.O_WRONLY, 0) // waits for the reader
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), path) {
			t.Errorf("opened %v: error %v, want that reading %s was cancelled", opened, err, path)
		}
	}
}

// TestReadLongPipe reads no more than it may.
func TestReadLongPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close() // only after the pipe was refused
	if _, err := w.Write(make([]byte, 1001)); err != nil {
		t.Fatal(err)
	}
	if _, err := readPipe(t.Context(), r, 1000); err == nil || !strings.Contains(err.Error(), "more than 1000 bytes") {
		t.Errorf("error %v", err)
	}
}

// TestReadNoFile names what is no file.
func TestReadNoFile(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	sparse := filepath.Join(dir, "sparse.png")
	if err := errors.Join(os.WriteFile(sparse, []byte(pngSignature), 0o600), os.Truncate(sparse, maxFile+1)); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{
		dir:                        "this is a directory; the file of a picture is wanted",
		socket:                     "this is a socket",
		os.DevNull:                 "this is a device",
		sparse:                     "536870913 bytes",
		filepath.Join(dir, "none"): "no such file",
	} {
		_, err1 := Read(t.Context(), path)
		_, err2 := ReadMask(t.Context(), path)
		_, err3 := ReadPNGText(t.Context(), path)
		for _, err := range []error{err1, err2, err3} {
			if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, want one that names %s and says %s", err, path, says)
			}
		}
	}
}

// TestReadStopped reads nothing once its context has ended, whatever there is to read.
func TestReadStopped(t *testing.T) {
	path := savePNG(t, image.NewGray(image.Rect(0, 0, 9, 9)))
	ctx, cancel := context.WithCancel(t.Context())
	file, closeFile, err := open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer closeFile()
	cancel()
	if _, err := readPicture(file); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v after the context has ended", err)
	}
}
