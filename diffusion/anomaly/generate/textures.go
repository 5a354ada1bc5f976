package generate

import (
	"context"
	"fmt"
	"image"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/sdgraph/sdgraph/tensor/images"
)

// Textures are pictures of anything that show through a part: the Describable Textures Dataset in the papers, the three
// of package textures, or any folder's. They are for several goroutines at once.
type Textures struct {
	files fs.FS
	names []string

	mu      sync.Mutex
	digests map[string]string
	kept    map[keptTexture]*image.RGBA
	held    int // bytes of the kept
}

// keptTexture is a texture at the size of a part.
type keptTexture struct {
	name string
	size image.Point
}

const (
	mostTextures = 100_000
	mostHeld     = 256 << 20 // bytes of textures that are kept for the next picture
)

// pictureEndings are those of the files that package images reads.
var pictureEndings = []string{".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp"}

// ReadTextures lists the pictures of a folder and of those in it, sorted by their paths; what is hidden is passed over.
// Each is read when it is first drawn: up to 256 MiB of them are kept, at the size of the parts. It is an ErrArgument if
// there are none, or more than 100,000.
func ReadTextures(ctx context.Context, fsys fs.FS) (*Textures, error) {
	if ctx == nil || fsys == nil {
		return nil, wrong("textures are read with a context, from a file system: one of them is nil")
	}
	t := &Textures{files: fsys, digests: map[string]string{}, kept: map[keptTexture]*image.RGBA{}}
	err := fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if ended := ctx.Err(); ended != nil {
			return ended
		}
		if err != nil {
			return fmt.Errorf("generate: the textures: %w", err)
		}
		hidden := name != "." && strings.HasPrefix(path.Base(name), ".")
		switch {
		case e.IsDir() && hidden:
			return fs.SkipDir
		case e.IsDir() || hidden || !slices.Contains(pictureEndings, strings.ToLower(path.Ext(name))):
			return nil
		case len(t.names) == mostTextures:
			return wrong("the folder has more than %d textures", mostTextures)
		}
		t.names = append(t.names, name)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(t.names) == 0 {
		return nil, wrong("the folder has no textures: pictures are wanted, %s", strings.Join(pictureEndings, ", "))
	}
	slices.Sort(t.names)
	return t, nil
}

// Names returns the paths of the textures, sorted.
func (t *Textures) Names() []string {
	if t == nil {
		return nil
	}
	return slices.Clone(t.names)
}

// resized returns a texture at a size, which is not to be changed, and the Digest of its file's picture.
func (t *Textures) resized(ctx context.Context, i int, size image.Point) (*image.RGBA, string, error) {
	key := keptTexture{t.names[i], size}
	t.mu.Lock()
	p, digest := t.kept[key], t.digests[key.name]
	t.mu.Unlock()
	if p != nil {
		return p, digest, nil
	}
	read, err := images.ReadFS(ctx, t.files, key.name)
	if err == nil {
		p, err = images.Resize(read, size, images.OpenCVBilinear)
	}
	if err != nil {
		return nil, "", fmt.Errorf("generate: the texture: %w", err)
	}
	digest = Digest(read)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held += len(p.Pix); t.held > mostHeld {
		clear(t.kept)
		t.held = len(p.Pix)
	}
	t.kept[key], t.digests[key.name] = p, digest
	return p, digest, nil
}
