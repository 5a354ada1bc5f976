package generate

import (
	"context"
	"image"
	"maps"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// DRAEM has something show through a part: a texture, the part itself in disorder, or noise (Zavrtanik et al., ICCV
// 2021). It is for several goroutines at once.
type DRAEM struct {
	textures *Textures
	options  DRAEMOptions
}

var _ anomaly.Generator = (*DRAEM)(nil)

// NewDRAEM returns DRAEM with textures, and options such as DefaultDRAEM's. Without textures the source is the part's own.
func NewDRAEM(textures *Textures, o DRAEMOptions) (*DRAEM, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if textures != nil && len(textures.names) == 0 {
		return nil, wrong("there are no textures: ReadTextures finds those of a folder, and nil has the part show through itself")
	}
	return &DRAEM{textures, o.clone()}, nil
}

// Options returns what NewDRAEM was given.
func (g *DRAEM) Options() DRAEMOptions {
	if g == nil {
		return DRAEMOptions{}
	}
	return g.options.clone()
}

// Generate implements anomaly.Generator. Preset Mended draws a picture anew in which nothing changed, Released returns
// it. Nothing changes outside the mask but by TurnNormal. The provenance's "texture" is that of the picture's texture,
// with its path.
//
// Its draws are, for each try: U(0, 1), the part's own source where it is below OwnShare, if that is between 0 and 1; the
// texture; U(0, 1), the part is turned by U(-90, 90) where it is above 1 - TurnNormal, if that is above 0; the
// augmentations in their order, and what each does; the order of the tiles; for the mask scales of rows and columns,
// angles and rotation; the texture's weight; U(0, 1), a defect where it is below Anomalous, if that is below 1.
func (g *DRAEM) Generate(ctx context.Context, in anomaly.Input, d anomaly.Draws) (anomaly.Result, error) {
	if g == nil {
		return anomaly.Result{}, wrong("there is no DRAEM: NewDRAEM makes one")
	}
	if err := g.options.check(); err != nil {
		return anomaly.Result{}, err
	}
	c, err := begin(ctx, in, g.options.Foreground, d, Provenance{Generator: "DRAEM", Preset: g.options.Preset, Options: g.Options()})
	if err != nil {
		return anomaly.Result{}, err
	}
	return c.try(ctx, g.options.Attempts, func() (made, error) {
		j := &draemJob{call: c, o: g.options, textures: g.textures}
		return j.once(ctx)
	})
}

// draemJob is one try.
type draemJob struct {
	*call
	o        DRAEMOptions
	textures *Textures

	texture  int // -1 for the part's own
	augments []augmentation
	tiles    []int
	noise    []float32 // of the mask, turned
}

func (j *draemJob) once(ctx context.Context) (made, error) {
	j.chooseTexture()
	base := j.base()
	j.drawSource()
	mask, noise, err := j.o.Masks.drawNoise(ctx, j.call)
	if err != nil {
		return made{}, err
	}
	j.noise = noise
	if noise == nil && j.texture < 0 && j.o.Own == NoiseSource {
		j.noise = j.o.Masks.Perlin.noise(j.draws, j.size)
	}
	weight := j.weight()
	if j.o.Anomalous < 1 && j.draws.Uniform(0, 1) >= j.o.Anomalous {
		return made{picture: base, mask: image.NewGray(mask.Rect), normal: true}, nil
	}
	if marked(mask) == 0 {
		return made{picture: base, mask: mask}, nil
	}
	source, err := j.source(ctx, base)
	if err != nil {
		return made{}, err
	}
	if blend(base, source, mask, weight, j.o.CutOff) < j.o.LeastChange {
		return made{picture: j.copied(), mask: image.NewGray(mask.Rect)}, nil
	}
	return made{picture: base, mask: mask}, nil
}

// chooseTexture draws where the source comes from.
func (j *draemJob) chooseTexture() {
	j.texture = -1
	own := j.textures == nil || j.o.OwnShare == 1
	if !own && j.o.OwnShare > 0 {
		own = j.draws.Uniform(0, 1) < j.o.OwnShare
	}
	if !own {
		j.texture = j.draws.Whole(0, len(j.textures.names))
	}
}

// base is the part, which may be turned.
func (j *draemJob) base() *image.RGBA {
	p := j.copied()
	if j.o.TurnNormal == 0 || j.draws.Uniform(0, 1) <= 1-j.o.TurnNormal {
		return p
	}
	return turned(j.draws.Uniform(-90, 90))(p)
}

// drawSource draws what becomes of the source.
func (j *draemJob) drawSource() {
	n := j.o.Augment
	if j.texture < 0 {
		n = j.o.OwnAugment
	}
	j.augments = drawAugmentations(j.draws, n)
	if j.texture < 0 && j.o.Own == DisorderSource {
		j.tiles = j.draws.Choose(tilesAlong*tilesAlong, tilesAlong*tilesAlong)
	}
}

// weight draws the source's share.
func (j *draemJob) weight() float64 {
	lo, hi := j.o.TextureWeight[0], j.o.TextureWeight[1]
	switch {
	case lo == hi:
		return lo
	case j.o.WeightDeviation > 0:
		return max(lo, min(hi, j.draws.Normal((lo+hi)/2, j.o.WeightDeviation)))
	}
	return j.draws.Uniform(lo, hi)
}

// source is what shows through the part. Nobody changes it.
func (j *draemJob) source(ctx context.Context, base *image.RGBA) (*image.RGBA, error) {
	if j.texture < 0 && j.o.Own == NoiseSource {
		return augmented(greys(j.noise, j.size), j.augments), nil
	}
	if j.texture < 0 {
		return disordered(augmented(images.Cut(base, base.Rect), j.augments), j.tiles), nil
	}
	p, digest, err := j.textures.resized(ctx, j.texture, j.size)
	if err != nil {
		return nil, err
	}
	const texture = "texture "
	maps.DeleteFunc(j.how.Pictures, func(key, _ string) bool { return strings.HasPrefix(key, texture) }) // an earlier try's
	j.how.Pictures[texture+j.textures.names[j.texture]] = digest
	if len(j.augments) == 0 {
		return p, nil
	}
	return augmented(images.Cut(p, p.Rect), j.augments), nil
}

// greys are numbers around 0 as a picture: half as large, around a quarter.
func greys(noise []float32, size image.Point) *image.RGBA {
	p := image.NewRGBA(image.Rectangle{Max: size})
	for i, v := range noise {
		grey := uint8(max(0, min(255, 255*(v/2+0.25)+0.5)))
		p.Pix[4*i], p.Pix[4*i+1], p.Pix[4*i+2], p.Pix[4*i+3] = grey, grey, grey, 255
	}
	return p
}

// tilesAlong is how many tiles a side is cut into.
const tilesAlong = 8

// disordered has tile order[i] of a picture at the place of tile i, row by row. The rest of sides that are not divided
// repeats the tiles' beginning.
func disordered(p *image.RGBA, order []int) *image.RGBA {
	size := p.Rect.Size()
	w, h := size.X/tilesAlong, size.Y/tilesAlong
	out := image.NewRGBA(p.Rect)
	for y := range size.Y {
		for x := 0; x < size.X; x += w {
			tile := order[y/h%tilesAlong*tilesAlong+x/w%tilesAlong]
			fromX, fromY := tile%tilesAlong*w, tile/tilesAlong*h+y%h
			n := min(w, size.X-x)
			copy(out.Pix[y*out.Stride+4*x:][:4*n], p.Pix[fromY*p.Stride+4*fromX:])
		}
	}
	return out
}
