package generate

import (
	"fmt"
	"image"
	"math"

	"github.com/sdgraph/sdgraph/tensor/images"
)

// nsaPatch is a patch, and where it comes to lie.
type nsaPatch struct {
	stuff *image.RGBA
	mask  *bits           // where it is
	part  *bits           // where it is part; nil for everywhere
	at    image.Rectangle // in the picture
}

// patch draws a patch and its place; nil where none is found.
func (j *nsaJob) patch() (*nsaPatch, error) {
	low, high := j.halves()
	half := j.half(low, high)
	p, err := j.from(low, half)
	if p == nil || err != nil {
		return nil, err
	}
	if j.o.Resize {
		if err := j.resize(p, low, high); err != nil {
			return nil, err
		}
	}
	if !j.o.Shift {
		return p, nil
	}
	found, err := j.to(p)
	if !found || err != nil {
		return nil, err
	}
	return p, nil
}

// leastHalf is the least half of a patch in pixels that leaves something of it after its outline, which does not change,
// and after a median of what did.
const leastHalf = 4

// halves are the least and the largest half of a patch in pixels, of its height and of its width.
func (j *nsaJob) halves() (low, high [2]int) {
	share, least := [2][2]float64{j.o.HalfHeights, j.o.HalfWidths}, leastHalf
	if j.o.Preset == Released {
		least = 1
	}
	for axis, n := range [2]int{j.size.Y, j.size.X} {
		low[axis] = max(least, int(math.RoundToEven(share[axis][0]*float64(n))))
		high[axis] = max(low[axis], int(math.RoundToEven(share[axis][1]*float64(n))))
	}
	return low, high
}

// half draws the half of a patch's height and width.
func (j *nsaJob) half(low, high [2]int) (half [2]int) {
	for axis, n := range [2]int{j.size.Y, j.size.X} {
		if g := j.o.Gamma; g != nil {
			drawn := (g.Least + j.draws.Gamma(g.K, g.Theta)) * float64(n)
			half[axis] = int(clip(drawn, float64(low[axis]), float64(high[axis])))
		} else {
			half[axis] = j.draws.Whole(low[axis], max(high[axis], low[axis]+1))
		}
	}
	return half
}

func clip(v, lo, hi float64) float64 { return min(max(v, lo), hi) }

// from finds where in the source the patch comes from: where enough of it is part.
func (j *nsaJob) from(low, half [2]int) (*nsaPatch, error) {
	best := 0.0
	for i := range j.o.Places {
		if err := j.ctx.Err(); err != nil {
			return nil, err
		}
		frame := image.Rectangle{Max: j.size}
		if !j.o.Shift {
			frame = j.frame // where it comes from it lies, too
		}
		y := j.middle(frame.Min.Y, frame.Max.Y, low[0], j.size.Y-low[0])
		x := j.middle(frame.Min.X, frame.Max.X, low[1], j.size.X-low[1])
		box := image.Rect(x-half[1], y-half[0], x+half[1], y+half[0]).Intersect(image.Rectangle{Max: j.size})
		mask := everywhere(box.Size())
		if j.o.Ellipses > 0 {
			mask = j.ellipses(box.Size(), low, half)
		}
		share, enough := 1.0, true
		if j.sourceObject != nil {
			share = float64(mask.countBoth(j.sourceObject, box.Min)) / float64(mask.count())
			enough = share > j.o.MinObject
		}
		if best = max(best, share); enough && !j.givesUp(i) {
			return &nsaPatch{images.Cut(j.source, box.Add(j.source.Rect.Min)), mask, j.sourceObject.cut(box), box}, nil
		}
	}
	j.missing = fmt.Sprintf("of %d places of the source from which a patch of %d×%d pixels might come, none is part by more than %.3g (min_object), the best by %.3g",
		j.o.Places, 2*half[1], 2*half[0], j.o.MinObject, best)
	return nil, nil
}

// givesUp reports whether Released gives up at try i: at the last one, even where it fits.
func (j *nsaJob) givesUp(i int) bool { return j.o.Preset == Released && i+1 == j.o.Places }

// ellipses draws a mask. Released adds where a rotation subtracts, so that its ellipses all lean one way.
func (j *nsaJob) ellipses(size image.Point, low, half [2]int) *bits {
	sign := -1.0
	if j.o.Preset == Released {
		sign = 1
	}
	mask := newBits(size)
	for range j.o.Ellipses {
		sin, cos := math.Sincos(j.draws.Uniform(0, math.Pi))
		cy, cx := j.draws.Whole(0, size.Y), j.draws.Whole(0, size.X)
		a := float64(j.draws.Whole(low[0], max(low[0]+1, half[0]/2)))
		b := float64(j.draws.Whole(low[1], max(low[1]+1, half[1]/2)))
		for y := range size.Y {
			dy, row := float64(y-cy), mask.row(y)
			for x := range row {
				dx := float64(x - cx)
				if u, v := (dy*cos+dx*sin)/a, (dx*cos+sign*dy*sin)/b; u*u+v*v <= 1 {
					row[x] = 1
				}
			}
		}
	}
	return mask
}

// resize draws how much larger the patch gets, by its height; its width keeps the ratio of both. Released holds whole
// heights and widths against the bounds of half ones.
func (j *nsaJob) resize(p *nsaPatch, low, high [2]int) error {
	if j.o.Preset == Mended {
		for axis := range high {
			low[axis], high[axis] = 2*low[axis], 2*high[axis]
		}
	}
	bound := func(v float64, axis int) float64 { return clip(v, float64(low[axis]), float64(high[axis])) }
	h, w := float64(p.mask.h), float64(p.mask.w)
	s := clip(j.draws.Normal(1, 0.5), j.o.ResizeBounds[0], j.o.ResizeBounds[1])
	nw := bound(math.Trunc(bound(s*h, 0)/h*w), 1)
	to := image.Pt(int(nw), int(bound(math.Trunc(nw/w*h), 0)))
	var err error
	if p.mask, p.part, err = resizedBits(p.mask, p.part, to); err != nil {
		return err
	}
	p.stuff, err = images.Resize(p.stuff, to, images.OpenCVBilinear)
	return err
}

// middle draws a row or column of a frame, from lo to below hi as far as the frame has any such.
func (j *nsaJob) middle(first, end, lo, hi int) int {
	first = min(max(first, lo), hi-1)
	return j.draws.Whole(first, max(min(end, hi), first+1))
}

// to finds where in the picture the patch comes to lie: where enough of its part is on the ground. Mended counts a ground
// that is smaller than the patch as all that it could have.
func (j *nsaJob) to(p *nsaPatch) (found bool, err error) {
	size, counts, whole, have := image.Pt(p.mask.w, p.mask.h), p.mask, p.mask.count(), 1.0
	if p.part != nil {
		counts, whole = p.mask.both(p.part), p.part.count()
		have = float64(whole) / float64(size.X*size.Y)
	}
	enough := p.part == nil || have > j.o.MinObject
	if j.o.Preset == Mended {
		if !enough {
			j.missing = fmt.Sprintf("a patch, resized, is part by %.3g, want more than %.3g (min_object)", have, j.o.MinObject)
			return false, nil
		}
		if j.ground != nil {
			whole = min(whole, j.ground.count())
		}
	}
	best := 0.0
	for i := range j.o.Places {
		if err := j.ctx.Err(); err != nil {
			return false, err
		}
		y := j.middle(j.frame.Min.Y, j.frame.Max.Y, size.Y/2+1, j.size.Y-size.Y/2-1)
		x := j.middle(j.frame.Min.X, j.frame.Max.X, size.X/2+1, j.size.X-size.X/2-1)
		at := image.Pt(x-size.X/2, y-size.Y/2)
		share, fits := 1.0, enough
		if j.ground != nil {
			share = float64(counts.countBoth(j.ground, at)) / float64(max(whole, 1))
			fits = enough && share > j.o.MinOverlap
		}
		if best = max(best, share); fits && !j.givesUp(i) {
			p.at = image.Rectangle{Min: at, Max: at.Add(size)}
			return true, nil
		}
	}
	j.missing = fmt.Sprintf("of %d places for a patch of %d×%d pixels, none has more than %.3g of it on the part where the picture may change (min_overlap), the best %.3g",
		j.o.Places, size.X, size.Y, j.o.MinOverlap, best)
	return false, nil
}
