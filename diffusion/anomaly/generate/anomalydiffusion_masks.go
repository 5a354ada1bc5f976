package generate

import (
	"context"
	"image"
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/tensor/images"
)

// ExampleMask has the masks of the examples that a defect comes from be turned, scaled and moved over the part; only
// AnomalyDiffusion and O2MAG have such. Where there are none, they are anomaly.Shapes.
const ExampleMask MaskKind = "examples"

// ExampleMasks say how a mask is made of one of the examples'.
type ExampleMasks struct {
	Turn  float64 `json:"turn"`  // by up to so many degrees either way, 0 to 180
	Scale float64 `json:"scale"` // its sides are 1-Scale to 1+Scale times as long, 0 to 0.9

	// Grow is by how much it is wider than the example's, in cells of the latent, 0 to 8: a model fills no crack that is
	// thinner than one.
	Grow float64 `json:"grow"`

	// A mask of which less than Least lies on the place where the picture may change, 0 to 1, is drawn again, Redraws times
	// at most, 0 to 1000. Then it is empty.
	Least   float64 `json:"least"`
	Redraws int     `json:"redraws"`
}

// DefaultExampleMasks turn masks any way, scale them by up to a fifth, and leave them as wide as they are; nine tenths of
// them lie on the part.
func DefaultExampleMasks() ExampleMasks {
	return ExampleMasks{Turn: 180, Scale: 0.2, Least: 0.9, Redraws: 100}
}

func (o ExampleMasks) check() error {
	return firstOf(
		within("the examples' turn", o.Turn, 0, 180),
		within("the examples' scale", o.Scale, 0, 0.9),
		within("the examples' grow", o.Grow, 0, 8),
		within("the examples' least", o.Least, 0, 1),
		within("the examples' redraws", float64(o.Redraws), 0, 1000),
	)
}

// draw draws a mask, 255 and 0, inside the call's place, for a latent whose cells are so many pixels wide. The draws are, for each try: the example, Whole; the angle and the
// scale, Uniform; and of the place's pixels, row by row, the one where the middle of the mask goes, Whole.
func (o ExampleMasks) draw(ctx context.Context, c *call, examples []*image.Gray, cell int) (*image.Gray, error) {
	for range 1 + o.Redraws {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		example := newStencil(examples[c.draws.Whole(0, len(examples))], c.size)
		angle := uniform(c, [2]float64{-o.Turn, o.Turn})
		scale := uniform(c, [2]float64{1 - o.Scale, 1 + o.Scale})
		mask := example.at(c.size, angle, scale, c.pixel(c.draws.Whole(0, c.room())))
		c.keepInPlace(mask)
		if n := marked(mask); n > 0 && float64(n) >= o.Least*example.area*scale*scale {
			return mask, c.grow(mask, o.Grow*float64(cell))
		}
	}
	return image.NewGray(image.Rectangle{Max: c.size}), nil
}

// grow widens a mask by so many pixels, inside the place.
func (c *call) grow(mask *image.Gray, by float64) error {
	grown, err := images.Grown(greyShares(mask), c.size.Y, c.size.X, by)
	if err != nil {
		return err
	}
	for i, v := range grown {
		mask.Pix[i] = uint8(255 * v)
	}
	c.keepInPlace(mask)
	return nil
}

// pixel is the n-th pixel that may change, row by row.
func (c *call) pixel(n int) image.Point {
	if c.place == nil {
		return image.Pt(n%c.size.X, n/c.size.X)
	}
	for i, v := range c.place.Pix {
		if v == 0 {
			continue
		}
		if n == 0 {
			return image.Pt(i%c.size.X, i/c.size.X)
		}
		n--
	}
	return c.size.Div(2) // not reached: there are more than n
}

// stencil is an example's mask, as it is laid over pictures of a size.
type stencil struct {
	shares     []float32 // of its pixels that are white, [h, w]
	size       image.Point
	toX, toY   float64 // the picture's pixels for one of its own
	midX, midY float64 // where the middle of what is white is, in its own pixels
	area       float64 // of what is white, in the picture's pixels
}

func newStencil(mask *image.Gray, picture image.Point) stencil {
	size := mask.Rect.Size()
	s := stencil{shares: greyShares(mask), size: size, toX: float64(picture.X) / float64(size.X), toY: float64(picture.Y) / float64(size.Y)}
	sum := 0.0
	for i, v := range s.shares {
		sum += float64(v)
		s.midX += float64(v) * float64(i%size.X)
		s.midY += float64(v) * float64(i/size.X)
	}
	if sum > 0 {
		s.midX, s.midY = s.midX/sum, s.midY/sum
	}
	s.area = sum * s.toX * s.toY
	return s
}

// at is the mask turned by an angle in degrees, clockwise, and scaled, with its middle at a place: the pixels in which it
// is strongest, as many as its area has.
func (s stencil) at(picture image.Point, angle, scale float64, middle image.Point) *image.Gray {
	sin, cos := math.Sincos(angle * math.Pi / 180)
	shares := make([]float32, picture.X*picture.Y)
	for i := range shares {
		dx, dy := float64(i%picture.X-middle.X)/scale, float64(i/picture.X-middle.Y)/scale
		shares[i] = s.share((cos*dx+sin*dy)/s.toX+s.midX, (cos*dy-sin*dx)/s.toY+s.midY)
	}
	mask := image.NewGray(image.Rectangle{Max: picture})
	threshold := strongest(shares, int(math.Round(s.area*scale*scale)))
	for i, v := range shares {
		if v >= threshold {
			mask.Pix[i] = 255
		}
	}
	return mask
}

// share is between pixels, 0 outside.
func (s stencil) share(x, y float64) float32 {
	left, top := math.Floor(x), math.Floor(y)
	value := func(x, y int) float64 {
		if x < 0 || y < 0 || x >= s.size.X || y >= s.size.Y {
			return 0
		}
		return float64(s.shares[y*s.size.X+x])
	}
	u, v := x-left, y-top
	i, j := int(left), int(top)
	return float32((1-v)*((1-u)*value(i, j)+u*value(i+1, j)) + v*((1-u)*value(i, j+1)+u*value(i+1, j+1)))
}

// strongest is the least of the n largest shares, above 0.
func strongest(shares []float32, n int) float32 {
	sorted := slices.DeleteFunc(slices.Clone(shares), func(v float32) bool { return v <= 0 })
	slices.Sort(sorted)
	if len(sorted) == 0 || n < 1 {
		return float32(math.Inf(1))
	}
	return sorted[max(0, len(sorted)-n)]
}

// cells are the places of a latent of h×w of whose pixels a mask has more than a share.
func cells(mask *image.Gray, h, w int, share float64) []float32 {
	size := mask.Rect.Size()
	down, along := size.Y/h, size.X/w
	count := make([]int, h*w)
	for i, v := range mask.Pix {
		if v != 0 {
			count[i/size.X/down*w+i%size.X/along]++
		}
	}
	out := make([]float32, len(count))
	for i, n := range count {
		if float64(n) > share*float64(down*along) {
			out[i] = 1
		}
	}
	return out
}

// roomier is the least picture in which a mask would have more than a share of some place of a latent whose places have
// factor pixels a side: so many times as long and wide.
func roomier(mask *image.Gray, factor int, share float64) (times int, ok bool) {
	size := mask.Rect.Size()
	for times := 2; times <= factor; times++ {
		if factor%times == 0 && slices.Contains(cells(mask, size.Y/factor*times, size.X/factor*times, share), 1) {
			return times, true
		}
	}
	return 0, false
}

// drawMask draws where the defect is. The note is of what was not asked for.
func (g *AnomalyDiffusion) drawMask(ctx context.Context, c *call) (*image.Gray, error) {
	m := g.options.Masks
	if m.Kind == WordMask {
		return g.maskMaker.draw(ctx, c)
	}
	if m.Kind == ExampleMask {
		if len(g.learned.Masks) > 0 {
			return g.options.Examples.draw(ctx, c, g.learned.Masks, g.pipeline.Factor())
		}
		c.note("what was learned has no masks of examples, so the defect's form is one of the shapes")
		m.Kind = ShapeMask
	}
	return m.draw(ctx, c)
}

// note adds to the provenance, once.
func (c *call) note(text string) {
	if !slices.Contains(c.how.Notes, text) {
		c.how.Notes = append(c.how.Notes, text)
	}
}
