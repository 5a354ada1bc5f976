package modules

import (
	"fmt"
	"io/fs"

	"github.com/klauspost/compress/zstd"
)

// ImagesName is the name of the file of all images, one behind the other and compressed as a whole: a kernel's code for
// one architecture is much like its code for the next, which only a compressor with a long memory sees (Zstandard makes
// it a tenth of its size, gzip of each image a quarter).
const ImagesName = "images.zst"

// window is how far back the compressor looks. It is the largest that decoders take unasked.
const window = 64 << 20

// Pack compresses images. The same images give the same bytes.
func Pack(images []byte) ([]byte, error) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(window))
	if err != nil {
		return nil, err
	}
	packed := e.EncodeAll(images, nil)
	return packed, e.Close()
}

// Unpack returns all images of the folder that the index is of.
func (x *Index) Unpack(folder fs.FS) ([]byte, error) {
	packed, err := fs.ReadFile(folder, ImagesName)
	if err != nil {
		return nil, fmt.Errorf("kernels/cuda: compiled kernels (make cuda writes them): %w", err)
	}
	d, err := zstd.NewReader(nil, zstd.WithDecoderMaxWindow(window))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	images, err := d.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("kernels/cuda: %s: %w", ImagesName, err)
	}
	return images, nil
}

// Image returns a module's bytes among those of all, which must have the sum that the index states.
func (m *Module) Image(images []byte) ([]byte, error) {
	if end := m.Offset + m.Bytes; m.Offset >= 0 && m.Bytes >= 0 && end <= len(images) {
		if image := images[m.Offset:end]; Sum(image) == m.SHA256 {
			return image, nil
		}
	}
	return nil, fmt.Errorf("kernels/cuda: %s has no such image of %s for %s as the index describes; make cuda writes "+
		"both", ImagesName, m.Source, m.Target)
}
