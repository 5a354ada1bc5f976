package generate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

const (
	learnedFormat = "sdgraph AnomalyDiffusion 1" // of files, in their metadata

	maskSide  = 64       // of the examples' masks in a file
	mostMasks = 1000     // in a file
	mostBytes = 64 << 20 // of a file
)

// Write writes what was learned to a safetensors file: e_a, with an encoder W and b, the examples' masks as masks [k, 64,
// 64], with a word for them mask_words, and the rest in the metadata. The file has its name only when it is complete.
func (l *Learned) Write(path string) error {
	if err := l.check(); err != nil {
		return err
	}
	noted, err := json.Marshal(l.Noted)
	if err != nil {
		return wrong("what is noted of the training cannot be written as JSON: %w", err)
	}
	tensors := map[string]*gt.Dense{"e_a": l.words}
	if l.weight != nil {
		tensors["W"], tensors["b"] = l.weight, l.bias
	}
	if len(l.Masks) > 0 {
		if tensors["masks"], err = packMasks(l.Masks); err != nil {
			return err
		}
	}
	said := map[string]string{
		"format": learnedFormat, "token": l.Word, "initial": l.Initial, "template": l.Template,
		"model": l.Model, "steps": strconv.Itoa(l.Steps), "options": string(noted),
	}
	if m := l.MaskWord; m != nil {
		tensors["mask_words"], said["mask_token"], said["mask_initial"] = m.Vectors, m.Word, m.Initial
	}
	return tensor.Save(path, tensors, said)
}

// packMasks are masks of any size in one tensor: the share of each of its places that is white.
func packMasks(masks []*image.Gray) (*gt.Dense, error) {
	if len(masks) > mostMasks {
		return nil, wrong("%d masks of examples, want at most %d", len(masks), mostMasks)
	}
	var all []float32
	for i, m := range masks {
		if err := checkGrey(m); err != nil {
			return nil, wrong("mask %d of the examples: %w", i, err)
		}
		size := m.Rect.Size()
		small, err := images.ResizeMap(greyShares(m), size.Y, size.X, 1, maskSide, maskSide, images.PillowBox)
		if err != nil {
			return nil, wrong("mask %d of the examples: %w", i, err)
		}
		all = append(all, small...)
	}
	return tensor.FromFloat32s(all, len(masks), maskSide, maskSide), nil
}

// checkGrey is an error if a mask is missing or has not the pixels of its bounds.
func checkGrey(m *image.Gray) error {
	if m == nil || m.Rect.Empty() {
		return errors.New("there is none")
	}
	if size := m.Rect.Size(); m.Stride < size.X || len(m.Pix) < (size.Y-1)*m.Stride+size.X {
		return fmt.Errorf("it has %d bytes, too few for %d×%d pixels", len(m.Pix), size.X, size.Y)
	}
	return nil
}

// greyShares are the pixels of a mask, row by row, from 0 to 1.
func greyShares(m *image.Gray) []float32 {
	size := m.Rect.Size()
	out := make([]float32, 0, size.X*size.Y)
	for y := range size.Y {
		for _, v := range m.Pix[y*m.Stride:][:size.X] {
			out = append(out, float32(v)/255)
		}
	}
	return out
}

// ReadLearned reads a file of Write, or of plain textual inversion as diffusion.ReadEmbedding does, whose errors it has. A
// word that is given, not "", takes the place of the file's. A file that contradicts itself is tensor.ErrDamaged, and says
// in what; whether it fits a model finds out who uses it.
func ReadLearned(path, word string) (*Learned, error) {
	file, err := tensor.Read(path, mostBytes)
	if err != nil {
		return ofInversion(path, word) // which says what it is in place of a safetensors file
	}
	defer file.Close()
	if file.Metadata()["format"] != learnedFormat {
		return ofInversion(path, word)
	}
	hashes, err := file.Hashes(context.Background())
	if err != nil {
		return nil, err
	}
	l, err := readLearned(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w%.0w", path, err, tensor.ErrDamaged)
	}
	l.Word = cmp.Or(word, l.Word)
	for _, l.SHA256 = range hashes { // of the one file
	}
	return l, nil
}

// ofInversion is what a file of plain textual inversion has.
func ofInversion(path, word string) (*Learned, error) {
	e, err := diffusion.ReadEmbedding(path, word)
	if err != nil {
		return nil, err
	}
	return LearnedOf(e)
}

// readLearned is what a file has, in memory of its own.
func readLearned(file *tensor.File) (*Learned, error) {
	said := file.Metadata()
	l := &Learned{Word: said["token"], Initial: said["initial"], Template: said["template"], Model: said["model"]}
	var err error
	if l.Steps, err = strconv.Atoi(said["steps"]); err != nil || l.Steps < 0 {
		return nil, wrong("its metadata has %.20q for steps, want a number", said["steps"])
	}
	if err := json.Unmarshal([]byte(said["options"]), &l.Noted); err != nil {
		return nil, wrong("the options in its metadata: %w", err)
	}
	var masks, maskWords *gt.Dense
	for _, name := range file.Names() {
		to, known := map[string]**gt.Dense{"e_a": &l.words, "W": &l.weight, "b": &l.bias, "masks": &masks, "mask_words": &maskWords}[name]
		if !known {
			return nil, wrong("it has a tensor %.40q, want e_a, W, b, masks and mask_words", name)
		}
		d, err := file.Get(name)
		if err != nil {
			return nil, err
		}
		*to = ownMemory(d)
	}
	if masks != nil {
		if l.Masks, err = unpackMasks(masks); err != nil {
			return nil, err
		}
	}
	if maskWords != nil {
		l.MaskWord = &diffusion.Embedding{Word: said["mask_token"], Initial: said["mask_initial"], Vectors: maskWords}
	}
	return l, l.check()
}

// ownMemory is a tensor of float32 that outlives its file.
func ownMemory(d *gt.Dense) *gt.Dense {
	return tensor.FromFloat32s(slices.Clone(tensor.Float32s(d)), d.Shape()...)
}

func unpackMasks(d *gt.Dense) ([]*image.Gray, error) {
	s := d.Shape()
	if len(s) != 3 || s[0] < 1 || s[0] > mostMasks || s[1] != maskSide || s[2] != maskSide {
		return nil, wrong("masks has the shape %v, want [1 to %d, %d, %[3]d]", s, mostMasks, maskSide)
	}
	var all []*image.Gray
	for one := range slices.Chunk(tensor.Float32s(d), maskSide*maskSide) {
		m := image.NewGray(image.Rect(0, 0, maskSide, maskSide))
		for i, v := range one {
			m.Pix[i] = level(255*min(1, max(0, v)), false)
		}
		all = append(all, m)
	}
	return all, nil
}

// ModelHash returns the SHA-256 of all of a pipeline's files with weights, in order, with blanks between. All files are read.
func ModelHash(ctx context.Context, p *diffusion.Pipeline) (string, error) {
	if p == nil {
		return "", wrong("there is no pipeline: diffusion.Open opens one")
	}
	hashes, err := p.Hashes(ctx)
	if err != nil {
		return "", err
	}
	return strings.Join(slices.Compact(slices.Sorted(maps.Values(hashes))), " "), nil
}

// sameModel reports whether two of ModelHash are of one model, of which one may have been opened without CLIP.
func sameModel(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	for _, hash := range x {
		if !slices.Contains(y, hash) {
			return false
		}
	}
	return len(x) > 0
}
