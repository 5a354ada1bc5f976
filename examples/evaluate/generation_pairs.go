package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/metric"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn/vision"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"

	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// pairer compares pictures by LPIPS. Eight million numbers of a picture are too many to be kept in files, so distances are.
type pairer struct {
	sha256, sees string
	masked       bool // what is in the masks is compared
	look         func(ctx context.Context, picture *image.RGBA) ([]float32, error)
	close        func() error

	distances map[string]float64   // of the pictures with two digests
	looked    map[string][]float32 // the last pictures' numbers
	order     []string             // their digests
}

// mostLooked is how many pictures' numbers are held, of 32 MB each, and blockOf how many are compared with as many others
// before the next ones come: both blocks are held meanwhile.
const (
	mostLooked = 64
	blockOf    = mostLooked / 2
)

func openPairer(ctx context.Context, g *Generation) (*pairer, error) {
	f, err := vision.Open(ctx, "vgg16", g.VGG16)
	if err != nil {
		return nil, fmt.Errorf("--vgg16: %w", err)
	}
	lpips, err := vision.NewLPIPS(f.Network.(*vision.VGG16))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	const side = 256
	p := &pairer{
		sha256: f.SHA256, masked: g.Region == "mask", close: f.Close,
		sees: "pictures at 256×256, Pillow's bilinear; LPIPS 0.1 with VGG16",
		look: network(side, images.PillowBilinear, lpips.Scaling(), func(b *nn.Build, m nn.FeatureMap) []*G.Node { return lpips.Features(b, m) }),
	}
	if p.masked {
		p.sees += "; black but in their masks"
	}
	return p, nil
}

// digest is what tells a picture from others as it is compared.
func (p *pairer) digest(s *specimen) string {
	if p.masked {
		return s.masked
	}
	return s.digest
}

func (p *pairer) key(a, b *specimen) string {
	x, y := p.digest(a), p.digest(b)
	if x > y {
		x, y = y, x
	}
	return x + ":" + y
}

// numbers are those of a picture, which are held as long as there is room.
func (p *pairer) numbers(ctx context.Context, s *specimen) ([]float32, error) {
	key := p.digest(s)
	if v := p.looked[key]; v != nil {
		return v, nil
	}
	picture, err := images.ReadFS(ctx, s.root, s.picture)
	if err == nil && p.masked && s.mask != "" {
		picture, err = onlyMasked(ctx, picture, s)
	}
	if err != nil {
		return nil, err
	}
	v, err := p.look(ctx, picture)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.picture, err)
	}
	if len(p.order) == mostLooked {
		delete(p.looked, p.order[0])
		p.order = p.order[1:]
	}
	p.looked[key], p.order = v, append(p.order, key)
	return v, nil
}

// onlyMasked is a picture that is black but in its mask.
func onlyMasked(ctx context.Context, picture *image.RGBA, s *specimen) (*image.RGBA, error) {
	mask, err := images.ReadTruthFS(ctx, s.root, s.mask)
	if err != nil {
		return nil, err
	}
	if mask.Rect.Size() != picture.Rect.Size() {
		return nil, fmt.Errorf("%s is of %v pixels, and %s of %v", s.mask, mask.Rect.Size(), s.picture, picture.Rect.Size())
	}
	size := picture.Rect.Size()
	out := image.NewRGBA(image.Rectangle{Max: size})
	for y := range size.Y {
		for x := range size.X {
			to := out.Pix[y*out.Stride+4*x:][:4]
			if to[3] = 255; mask.Pix[y*mask.Stride+x] > 0 {
				copy(to, picture.Pix[y*picture.Stride+4*x:][:4])
			}
		}
	}
	return out, nil
}

// distance is that of two pictures, looked up or computed.
func (p *pairer) distance(ctx context.Context, a, b *specimen) (float64, error) {
	key := p.key(a, b)
	if d, ok := p.distances[key]; ok {
		return d, nil
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	x, err := p.numbers(ctx, a)
	if err != nil {
		return 0, err
	}
	y, err := p.numbers(ctx, b)
	if err != nil {
		return 0, err
	}
	// As files have it, so that a run that goes on has the same.
	d := float64(float32(kernels.SquaredDistance(x, y)))
	p.distances[key] = d
	return d, nil
}

// centresOf are the true pictures that generated ones are put to: the third that AnomalyDiffusion learns from.
func centresOf(t *madeType) []*specimen { return t.real[:len(t.real)/3] }

// clusters puts the pictures of a defect to the true ones that they are most like.
func (g *Generation) clusters(ctx context.Context, p *pairer, t *madeType, step func()) ([][]int, error) {
	centres := centresOf(t)
	if err := p.compare(ctx, t.made, centres, false, step); err != nil {
		return nil, err
	}
	distances := make([][]float64, len(t.made))
	for i, m := range t.made {
		distances[i] = make([]float64, len(centres))
		for c, s := range centres {
			distances[i][c] = p.distances[p.key(m, s)]
		}
	}
	order := metric.LegacyPermutation(g.Seed, len(t.made))
	if g.rule() == metric.SeaSRule {
		order = nil // of arrival
	}
	return metric.Clusters(distances, g.rule(), order)
}

// within compares the pictures of each cluster with each other.
func (p *pairer) within(ctx context.Context, t *madeType, clusters [][]int) error {
	for _, c := range clusters {
		var pictures []*specimen
		for _, i := range c {
			pictures = append(pictures, t.made[i])
		}
		if err := p.compare(ctx, pictures, pictures, true, func() {}); err != nil {
			return err
		}
	}
	return nil
}

// compare computes the distances of pictures from others, block by block, so that the numbers of each block are computed
// once for each of the other blocks; of a list with itself each pair once. step is told of every picture.
func (p *pairer) compare(ctx context.Context, pictures, others []*specimen, same bool, step func()) error {
	for i := 0; i < len(pictures); i += blockOf {
		rows := pictures[i:min(i+blockOf, len(pictures))]
		first := 0
		if same {
			first = i
		}
		for j := first; j < len(others); j += blockOf {
			columns := others[j:min(j+blockOf, len(others))]
			for r, a := range rows {
				for c, b := range columns {
					if same && j+c <= i+r {
						continue
					}
					if _, err := p.distance(ctx, a, b); err != nil {
						return err
					}
				}
			}
		}
		for range rows {
			step()
		}
	}
	return nil
}

// lookPairs computes all distances that IC-LPIPS is of, and keeps those of a category when they are there.
func (g *Generation) lookPairs(ctx context.Context, all []*madeCategory, p *pairer) error {
	if p == nil {
		return nil
	}
	pictures := 0
	for _, c := range all {
		pictures += len(c.made())
	}
	bar := show.NewProgress(ctx, os.Stderr, float64(pictures))
	bar.Tenths = true
	bar.Begin("compared with true ones ", "%d of %d pictures, ", pictures)
	defer bar.End()
	for _, c := range all {
		if err := p.recall(g.pairFile(c)); err != nil {
			return err
		}
		for _, t := range c.types {
			before := len(p.distances)
			clusters, err := g.clusters(ctx, p, t, func() { bar.Step(1, "") })
			if err == nil {
				err = p.within(ctx, t, clusters)
			}
			if g.Merge && err == nil && len(p.distances) > before {
				err = fmt.Errorf("--merge: pictures of %s, %s have not been compared: run the shards, or the same command without --merge", c.name, t.name)
			}
			if keep := p.keep(g.pairFile(c)); err != nil || keep != nil {
				return errors.Join(err, keep)
			}
		}
	}
	return nil
}

func (g *Generation) pairFile(c *madeCategory) string {
	folder := "lpips_vgg16"
	if g.Region == "mask" {
		folder += "_in_masks"
	}
	return filepath.Join(g.Out, "features", folder, c.name+".safetensors")
}

// recall begins a category, with what is known of it.
func (p *pairer) recall(file string) error {
	p.distances, p.looked, p.order = map[string]float64{}, map[string][]float32{}, nil
	numbers, keys, err := readKept(file, keptDistances, p.sha256, p.sees)
	if err == nil && len(numbers) != len(keys) {
		err = fmt.Errorf("%s: %d distances of %d pairs: delete it, and they are computed again", file, len(numbers), len(keys))
	}
	for i, k := range keys {
		if err == nil {
			p.distances[k] = float64(numbers[i])
		}
	}
	return err
}

func (p *pairer) keep(file string) error {
	var keys []string
	for k := range p.distances {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	numbers := make([]float32, len(keys))
	for i, k := range keys {
		numbers[i] = float32(p.distances[k])
	}
	return writeKept(file, keptDistances, p.sha256, p.sees, keys, tensor.FromFloat32s(numbers, len(numbers)))
}
