package images

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/sdgraph/sdgraph/tensor"
)

const (
	maxFile = 8 * MaxPixels // bytes of a file: the largest picture of the deepest pixels that PNG has
	maxPipe = 64 << 20      // bytes of a pipe's content, which is held in memory
)

// with opens the file of a picture, regular or a pipe, and returns what use makes of it; errors name the file. It
// returns at once when ctx ends, even while the system waits for a pipe that nobody writes into; what use does then
// ends at its next read.
func with[T any](ctx context.Context, path string, use func(file *io.SectionReader) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		file, closeFile, err := open(ctx, path)
		if r.err = err; err == nil {
			r.value, r.err = use(file)
			closeFile()
		}
		done <- r
	}()
	select {
	case <-ctx.Done():
	case r := <-done:
		if ctx.Err() == nil {
			if r.err != nil {
				r.err = fmt.Errorf("picture %s: %w", path, r.err)
			}
			return r.value, r.err
		}
	}
	var none T
	return none, fmt.Errorf("picture %s: %w", path, ctx.Err())
}

// open returns the content of a regular file, as it lies, or of a pipe, read whole.
func open(ctx context.Context, path string) (file *io.SectionReader, closeFile func() error, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, unwrapped(err)
	}
	regular := info.Mode().IsRegular()
	switch {
	case !regular && info.Mode()&os.ModeNamedPipe == 0:
		return nil, nil, fmt.Errorf("this is %s; the file of a picture is wanted", tensor.Kind(info.Mode()))
	case info.Size() > maxFile:
		return nil, nil, fmt.Errorf("the file has %d bytes, pictures of at most %d are read", info.Size(), int64(maxFile))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, unwrapped(err)
	}
	if regular {
		return io.NewSectionReader(cancellable{ctx, f}, 0, info.Size()), f.Close, nil
	}
	defer f.Close()
	data, err := readPipe(ctx, f, maxPipe)
	if err != nil {
		return nil, nil, err
	}
	return io.NewSectionReader(cancellable{ctx, bytes.NewReader(data)}, 0, int64(len(data))), func() error { return nil }, nil
}

// readPipe reads a pipe to its end, if that comes after most bytes.
func readPipe(ctx context.Context, pipe *os.File, most int64) ([]byte, error) {
	defer context.AfterFunc(ctx, func() { pipe.Close() })()
	data, err := io.ReadAll(io.LimitReader(pipe, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("more than %d bytes come through this pipe; give a file", most)
	}
	return data, err
}

// cancellable is a file that cannot be read once its context has ended.
type cancellable struct {
	ctx  context.Context
	file io.ReaderAt
}

func (c cancellable) ReadAt(p []byte, offset int64) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.file.ReadAt(p, offset)
}

// unwrapped is an error without the path, which stands before it already.
func unwrapped(err error) error {
	if p, ok := err.(*os.PathError); ok {
		return p.Err
	}
	return err
}
