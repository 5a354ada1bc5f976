package clip

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// File is a model whose weights lie in a directory's file or files, mapped into memory until Close.
type File struct {
	*Model
	Tokenizer *Tokenizer // or nil
	Colours   Colours
	Name      string // the directory's
	SHA256    string // of the weights' file, in small hexadecimal digits; of several, of their SHA-256 in the order of names

	weights *tensor.Set
}

// Open opens the directory of a CLIPModel: of transformers (config.json, model.safetensors), or of open_clip
// (open_clip_config.json, open_clip_model.safetensors), such as the hub's
// timm/vit_base_patch16_plus_clip_240.laion400m_e31. The tokenizer is the directory's, else DefaultTokenizer, or nil where
// the model has fewer tokens than that: it can be shown pictures only. Texts are tokenised as transformers does; open_clip
// replaces entities of HTML (&amp;) as well. All of the weights are read once, to check them and for their SHA-256.
//
// What is damaged, or does not fit together, is tensor.ErrDamaged; a model that this package cannot build,
// nn.ErrUnsupported; a directory that is not there or has neither, fs.ErrNotExist.
func Open(ctx context.Context, path string) (*File, error) {
	if ctx == nil || path == "" {
		return nil, fmt.Errorf("clip: opening %q: want a context and the directory of a model%.0w", path, nn.ErrArgument)
	}
	dir := tensor.OnDisk(path)
	f := &File{Name: filepath.Base(filepath.Clean(path))}
	stem, open, err := f.configure(dir)
	if err == nil {
		err = f.tokenizer(dir)
	}
	if err != nil {
		return nil, err
	}
	if f.weights, err = dir.OpenSet(stem); err != nil {
		return nil, err
	}
	if err := nn.Load(ctx, f.Model, open(f.weights), nn.WithIgnore("position_ids", "attn_mask")); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if f.SHA256, err = hash(ctx, f.weights); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// configure reads how the model is built. It returns the stem of its weights' file, and what translates their names.
func (f *File) configure(dir tensor.Dir) (stem string, names func(nn.Source) nn.Source, err error) {
	var c Config
	switch {
	case dir.Exists(openCLIPFile):
		stem, names = openCLIPWeights, openCLIPNames
		c, f.Colours, err = readOpenCLIPConfig(dir)
	case dir.Exists(nn.ConfigFile):
		stem, names = "model", func(s nn.Source) nn.Source { return s }
		if c, err = ReadConfig(dir); err == nil {
			f.Colours, err = ReadColours(dir)
		}
	default:
		err = fmt.Errorf("%s: there is no %s, as open_clip writes it, and no %s, as transformers does%.0w", dir, openCLIPFile, nn.ConfigFile, fs.ErrNotExist)
	}
	if err == nil {
		f.Model, err = New(c)
	}
	if err == nil && c.Vision.HiddenSize <= smallVision {
		err = nn.KeepPacked(f.VisionModel)
	}
	return stem, names, err
}

// smallVision is how many channels a picture tower has at most whose weights stay packed (nn.KeepPacked), a tenth of the
// time for pictures of 226 tokens: one of ViT-B/16+ has.
const smallVision = 896

func (f *File) tokenizer(dir tensor.Dir) (err error) {
	c := f.Config.Text
	if HasTokenizer(dir) {
		f.Tokenizer, err = OpenTokenizer(dir, c.MaxPositions)
		return err
	}
	if usual := DefaultTokenizer(); c.VocabSize >= usual.Size() && c.MaxPositions >= usual.Length() {
		f.Tokenizer = usual
	}
	return nil
}

// hash returns the SHA-256 of the one file of a set, or of those of several.
func hash(ctx context.Context, set *tensor.Set) (string, error) {
	each, err := set.Hashes(ctx)
	if err != nil {
		return "", err
	}
	all := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(each)) {
		if len(each) == 1 {
			return each[name], nil
		}
		fmt.Fprintln(all, each[name])
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

// Changed returns tensor.ErrChanged if the weights were written to since they were opened.
func (f *File) Changed() error {
	if f == nil || f.weights == nil {
		return nil
	}
	return f.weights.Changed()
}

// Close unmaps the weights. No graph of the model may run from then on.
func (f *File) Close() error {
	if f == nil || f.weights == nil {
		return nil
	}
	return f.weights.Close()
}

// sortedKeys are the keys of a map, in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
