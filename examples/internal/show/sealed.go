package show

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// Seal is what a program writes into a picture's PNG file to know it again: what it made it with, and whether the
// pixels are still those that it made.
type Seal struct {
	Program  string         `json:"program"`
	Identity files.Identity `json:"options"` // with the seed
	Pixels   string         `json:"pixels_sha256"`
}

const (
	sealKey = "sdgraph" // of the PNG text
	maxSeal = 1 << 20   // bytes of it that are read; others may have written it
)

// EncodeSealed is EncodePNG with a seal behind the texts.
func EncodeSealed(picture *image.RGBA, texts []images.Text, program string, id files.Identity) ([]byte, error) {
	data, err := json.Marshal(Seal{program, id, pixels(picture)})
	if err != nil {
		return nil, err
	}
	return images.EncodePNG(picture, append(slices.Clone(texts), images.Text{Key: sealKey, Value: string(data)}))
}

// pixels is the SHA-256 of a picture's size and pixels.
func pixels(m *image.RGBA) string {
	return files.SHA256(append([]byte(fmt.Sprintln(m.Rect.Dx(), m.Rect.Dy())), m.Pix...))
}

// CheckSealed checks whether a program may write a picture with this identity to path: nothing is there, or the same
// picture as the program has made it, or with overwrite any picture that is as the program has made it. Everything
// else would be lost.
func CheckSealed(ctx context.Context, path, program string, id files.Identity, overwrite bool) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = files.CheckRegular(path, info)
	}
	if err != nil {
		return fmt.Errorf("%w; it would be overwritten: move it away, or give another --out", err)
	}
	seal, err := readSeal(ctx, path)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil || seal.Program != program {
		return fmt.Errorf("%s is not known to be a picture of this program, and would be overwritten: move it away, or give another --out", path)
	}
	picture, err := images.Read(ctx, path)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil || pixels(picture) != seal.Pixels {
		return fmt.Errorf("%s was changed since this program wrote it, and would be overwritten: move it away, or give another --out", path)
	}
	if d := id.Differences(seal.Identity); len(d) > 0 && !overwrite {
		return fmt.Errorf("%s is a picture that was made with other options: %s; give another --out, or --overwrite to replace it", path, strings.Join(d, "; "))
	}
	return nil
}

// readSeal reads a picture's seal.
func readSeal(ctx context.Context, path string) (s Seal, err error) {
	texts, err := images.ReadPNGText(ctx, path, sealKey)
	if err != nil {
		return s, err
	}
	if len(texts) == 0 || len(texts[0].Value) > maxSeal {
		return s, errors.New("there is no seal")
	}
	return s, nn.UnmarshalJSON([]byte(texts[0].Value), &s)
}
