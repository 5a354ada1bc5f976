package modules

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
)

// Compress returns the bytes of a compiled file as it is kept. The same bytes give the same file: the header has
// neither a name nor a time.
func Compress(image []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(image); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Image returns the decompressed bytes of a module, which must have the sum that the index states.
func (m *Module) Image(folder fs.FS) ([]byte, error) {
	f, err := folder.Open(m.File)
	if err != nil {
		return nil, fmt.Errorf("kernels/cuda: compiled kernels (make cuda writes them): %w", err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("kernels/cuda: %s: %w", m.File, err)
	}
	image, err := io.ReadAll(io.LimitReader(r, int64(m.Bytes)+1))
	if err != nil {
		return nil, fmt.Errorf("kernels/cuda: %s: %w", m.File, err)
	}
	if len(image) != m.Bytes || Sum(image) != m.SHA256 {
		return nil, fmt.Errorf("kernels/cuda: %s is not the file that the index describes; make cuda writes both",
			m.File)
	}
	return image, nil
}
