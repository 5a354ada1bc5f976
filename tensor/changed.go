package tensor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// Changed returns ErrChanged if the file's size, its time of modification or, on
// Unix, its inode's record is not what it was when the file was opened. A file that
// was deleted, or whose name another has taken, has not changed, nor has one in
// memory.
func (f *File) Changed() error {
	if f.mapped == nil {
		return nil
	}
	return f.mapped.changed()
}

// Replaced returns ErrReplaced if another file has this one's name by now. The
// tensors are what they were; only the path no longer leads to them.
func (f *File) Replaced() error {
	if f.mapped == nil {
		return nil
	}
	now, err := os.Stat(f.path)
	if err == nil && !os.SameFile(now, f.mapped.info) {
		return fmt.Errorf("%s: %w", f.path, ErrReplaced)
	}
	return nil
}

// Hashes returns the SHA-256 of the file, in hexadecimal, by its path: the hash of
// the file that is open, whatever lies at its path by now. A large file takes
// seconds. The error is ctx's when ctx ends, and ErrChanged if the file was written
// to since it was opened.
func (f *File) Hashes(ctx context.Context) (map[string]string, error) {
	h := sha256.New()
	var err error
	switch {
	case f.data == nil:
		err = errors.New("the file is closed")
	case f.mapped == nil:
		h.Write(f.data)
	default:
		err = f.mapped.copyTo(ctx, h)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	if err := f.Changed(); err != nil {
		return nil, err
	}
	return map[string]string{f.path: hex.EncodeToString(h.Sum(nil))}, nil
}

// watched is an open file of the disk, as it was when it was opened.
type watched struct {
	*os.File
	info  os.FileInfo
	inode inode
}

// watch takes over f, whose path it is.
func watch(path string, f *os.File) (*watched, error) {
	info, err1 := f.Stat()
	inode, err2 := inodeOf(f)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &watched{f, info, inode}, nil
}

// changed is the answer to File.Changed.
func (w *watched) changed() error {
	info, err1 := w.Stat()
	inode, err2 := inodeOf(w.File)
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("%s: %w", w.Name(), err)
	}
	same := info.Size() == w.info.Size() && info.ModTime().Equal(w.info.ModTime())
	if at, err := os.Stat(w.Name()); same && err == nil && os.SameFile(at, info) {
		same = !w.inode.rewritten(inode)
	}
	if !same {
		return fmt.Errorf("%s: %w", w.Name(), ErrChanged)
	}
	return nil
}

// copyTo writes the file's bytes to h.
func (w *watched) copyTo(ctx context.Context, h io.Writer) error {
	const piece = 4 << 20 // between two looks at ctx
	r := io.NewSectionReader(w, 0, w.info.Size())
	for at := int64(0); at < r.Size(); at += piece {
		if err := ctx.Err(); err != nil {
			return err
		}
		if n, err := io.CopyN(h, r, min(piece, r.Size()-at)); errors.Is(err, io.EOF) {
			return fmt.Errorf("%d bytes are left of %d: %w", at+n, r.Size(), ErrChanged)
		} else if err != nil {
			return err
		}
	}
	return nil
}
