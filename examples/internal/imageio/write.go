package imageio

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
)

// WritePNG writes a picture as a PNG file, whole or not at all: into a temporary file beside it, which then
// takes its name.
func WritePNG(path string, picture image.Image) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("picture %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("picture %s: %w", path, errors.Join(err, os.Remove(f.Name())))
		}
	}()
	err = errors.Join(png.Encode(f, picture), f.Chmod(0o644), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
