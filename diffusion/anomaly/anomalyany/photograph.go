package anomalyany

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// Photograph is a normal picture, encoded, and the mask of where it may change: what
// runs of its Generator start from, any number of them.
type Photograph struct {
	g *Generator

	coded     *coded           // the picture after the autoencoder
	latent    diffusion.Latent // the mean of the encoder's distribution, times scaling_factor
	deviation []float32        // its standard deviation, likewise

	mask       []float32 // of the picture's size; nil without one
	maskLatent []float32 // m_z, likewise
	maskMap    *gt.Dense // m_a, [1, cells, 1]; ones where maps are not masked
	fillMap    *gt.Dense // weights of the cells in L_fill, likewise
}

// Encode encodes a normal picture [1, 3, H, W] in [-1, 1], of the size that New was
// given. The mask says where it may change, 1 for yes and 0 for no, one number for
// each pixel, row by row; nil is everywhere. It is ErrArgument of package diffusion if
// picture or mask has another size, or if nothing of the mask is left at the size of
// the attention maps (in ReleasedPreset: of the latent).
func (g *Generator) Encode(ctx context.Context, picture *gt.Dense, mask []float32) (*Photograph, error) {
	if err := g.pipeline.CheckPicture(picture); err != nil {
		return nil, err
	}
	if s := picture.Shape(); s[2] != g.height || s[3] != g.width {
		return nil, badArgument(fmt.Errorf("a picture of %d×%d: this Generator was made for %d×%d", s[2], s[3], g.height, g.width))
	}
	p := &Photograph{g: g, coded: &coded{}}
	if err := p.place(mask); err != nil {
		return nil, badArgument(err)
	}
	if err := p.encode(ctx, picture); err != nil {
		return nil, err
	}
	return p, nil
}

// WithMask returns the same photograph with another mask, as Encode takes it, and shares what was encoded.
func (p *Photograph) WithMask(mask []float32) (*Photograph, error) {
	if p == nil || p.g == nil {
		return nil, badArgument(errors.New("there is no photograph: Generator.Encode makes one"))
	}
	other := *p
	other.mask, other.maskLatent, other.maskMap = nil, nil, nil
	if err := other.place(mask); err != nil {
		return nil, badArgument(err)
	}
	return &other, nil
}

// Left returns the share of a mask's white, 0 to 1, that is left of it at the sizes of the latent and of the attention
// maps: 0 is what Encode refuses. A thin mask keeps little, which images.Widen mends, or a window that shows it larger
// (anomaly.Canvas.Magnified). The mask is as Encode takes it, and not nil.
func (g *Generator) Left(mask []float32) (float64, error) {
	if n := g.height * g.width; len(mask) != n {
		return 0, badArgument(fmt.Errorf("the mask has %d pixels, want %d×%d = %d", len(mask), g.height, g.width, n))
	}
	latent, maps, err := g.algorithm.shrink(g.setup, mask)
	if err != nil { // nothing is left
		return 0, nil
	}
	o, white, left := g.options, 0, 0
	for i, m := range mask {
		if m < 0.5 {
			continue
		}
		white++
		y, x := i/g.width, i%g.width
		if latent[y*g.h/g.height*g.w+x*g.w/g.width] > 0 && maps[y*o.MapHeight/g.height*o.MapWidth+x*o.MapWidth/g.width] > 0 {
			left++
		}
	}
	return float64(left) / float64(max(white, 1)), nil
}

// place sets where the picture may change.
func (p *Photograph) place(mask []float32) (err error) {
	o := p.g.options
	maps := ones(o.MapHeight * o.MapWidth)
	if mask != nil {
		if n := p.g.height * p.g.width; len(mask) != n {
			return fmt.Errorf("the mask has %d pixels, the picture %d×%d = %d", len(mask), p.g.height, p.g.width, n)
		}
		p.mask = slices.Clone(mask)
		if p.maskLatent, maps, err = p.g.algorithm.shrink(p.g.setup, mask); err != nil {
			return err
		}
	}
	p.maskMap, p.fillMap = tensor.FromFloat32s(maps, 1, len(maps), 1), fillWeights(maps, o.Fill)
	return nil
}

func (p *Photograph) encode(ctx context.Context, picture *gt.Dense) error {
	mean, logvar, err := p.g.pipeline.EncodeDistribution(ctx, picture)
	if err != nil {
		return err
	}
	scale := p.g.pipeline.VAE.Config.ScalingFactor
	p.latent = diffusion.Latent{Dense: mean}
	for i, v := range p.latent.Floats() {
		p.latent.Floats()[i] = v * scale
	}
	for _, v := range tensor.Float32s(logvar) {
		p.deviation = append(p.deviation, float32(math.Exp(0.5*float64(v)))*scale)
	}
	return nil
}

// coded is a picture after the autoencoder, decoded when it is first asked for.
type coded struct {
	mu      sync.Mutex
	picture *gt.Dense
}

// Decoded returns the photograph as the autoencoder knows it, [1, 3, H, W] in [-1, 1]: what generated
// pictures are to be compared with, since they went through it, too. It is decoded once, and not to be changed.
func (p *Photograph) Decoded(ctx context.Context) (*gt.Dense, error) {
	if p == nil || p.g == nil {
		return nil, badArgument(errors.New("there is no photograph: Generator.Encode makes one"))
	}
	p.coded.mu.Lock()
	defer p.coded.mu.Unlock()
	if p.coded.picture == nil {
		picture, err := p.g.pipeline.Decode(ctx, p.latent)
		if err != nil {
			return nil, err
		}
		clamp(tensor.Float32s(picture), -1, 1)
		p.coded.picture = picture
	}
	return p.coded.picture, nil
}

// check refuses a photograph that is not the Generator's.
func (g *Generator) check(p *Photograph) error {
	switch {
	case p == nil:
		return badArgument(errors.New("there is no photograph: Generator.Encode makes one"))
	case p.g != g:
		return badArgument(errors.New("the photograph was encoded by another Generator"))
	}
	return nil
}

func ones(n int) []float32 { return slices.Repeat([]float32{1}, n) }
