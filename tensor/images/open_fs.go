package images

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"

	"github.com/sdgraph/sdgraph/tensor"
)

// ReadFS reads a picture as Read does, from a regular file of a file system.
func ReadFS(ctx context.Context, root fs.FS, name string) (*image.RGBA, error) {
	return withFS(ctx, root, name, readPicture)
}

// withFS is with, for a regular file of a file system.
func withFS[T any](ctx context.Context, root fs.FS, name string, use func(file *io.SectionReader) (T, error)) (value T, err error) {
	file, closeFile, err := openFS(ctx, root, name)
	if err == nil {
		value, err = use(file)
		closeFile()
	}
	if ended := ctx.Err(); ended != nil {
		err = ended
	}
	if err != nil {
		var none T
		return none, fmt.Errorf("picture %s: %w", name, err)
	}
	return value, nil
}

// openFS returns the content of a regular file: as it lies where the file system has that, else read whole.
func openFS(ctx context.Context, root fs.FS, name string) (file *io.SectionReader, closeFile func() error, err error) {
	if root == nil {
		return nil, nil, errors.New("there is no file system")
	}
	info, err := fs.Stat(root, name)
	switch {
	case err != nil:
		return nil, nil, unwrapped(err)
	case !info.Mode().IsRegular():
		return nil, nil, fmt.Errorf("this is %s; the file of a picture is wanted", tensor.Kind(info.Mode()))
	case info.Size() > maxFile:
		return nil, nil, fmt.Errorf("the file has %d bytes, pictures of at most %d are read", info.Size(), int64(maxFile))
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, nil, unwrapped(err)
	}
	if at, ok := f.(io.ReaderAt); ok {
		return io.NewSectionReader(cancellable{ctx, at}, 0, info.Size()), f.Close, nil
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, info.Size()))
	if err != nil {
		return nil, nil, unwrapped(err)
	}
	return io.NewSectionReader(cancellable{ctx, bytes.NewReader(data)}, 0, int64(len(data))), func() error { return nil }, nil
}
