package generate

import (
	"image"
	"slices"
)

// prepare finds the part in the normal picture, and where patches may lie.
func (j *nsaJob) prepare() error {
	j.notes = j.how.Notes
	if j.object = j.objectOf(j.Normal); j.object == nil {
		j.object = bitsOf(j.part)
	}
	if j.place != nil || j.object != nil {
		j.ground = everywhere(j.size)
		j.ground.and(bitsOf(j.place))
		j.ground.and(j.object)
	}
	j.frame = image.Rectangle{Max: j.size}
	switch {
	case j.o.Preset == Released:
		j.object = j.ground
	case j.ground != nil && j.ground.count() == 0:
		return wrong("where the picture may change there is nothing of the part, which is what differs from the background: give another place, or other shades")
	case j.Place != nil:
		j.frame = j.ground.box()
	}
	_, high := j.halves()
	for axis, n := range [2]int{j.size.Y, j.size.X} {
		if j.o.Shift && 2*high[axis] > n-3 {
			name, share := []string{"half_heights", "half_widths"}[axis], [2]float64{j.o.HalfHeights[1], j.o.HalfWidths[1]}[axis]
			return wrong("%s are up to %v: among %d pixels such a patch has no other place, want at most %.3f", name, share, n, float64((n-3)/2)/float64(n))
		}
	}
	return nil
}

// objectOf is where a picture has none of the background's shades, without grain; nil if none are given.
func (j *nsaJob) objectOf(picture *image.RGBA) *bits {
	if len(j.o.Background) == 0 {
		return nil
	}
	b := newBits(j.size)
	for y := range b.h {
		row, to := picture.Pix[y*picture.Stride:][:4*b.w], b.row(y)
		for x := range to {
			grey := float64(int(row[4*x])+int(row[4*x+1])+int(row[4*x+2])) / 3
			to[x] = 1
			for _, s := range j.o.Background {
				if !(max(grey-s.Brightness, s.Brightness-grey) > s.Threshold) {
					to[x] = 0
				}
			}
		}
	}
	return b.smoothed(7)
}

// chooseSource takes one of the other pictures, or the normal one mirrored or turned, and finds the part there.
func (j *nsaJob) chooseSource() {
	j.how.Notes = slices.Clip(j.notes)
	switch n := len(j.Others); {
	case n == 0:
		j.turn()
		return
	case n > 1:
		j.source = j.Others[j.draws.Whole(0, n)]
	case j.source == nil:
		j.source = j.Others[0]
	default: // as in the try before
		return
	}
	j.sourceObject = j.objectOf(j.source)
	if len(j.o.Background) == 0 {
		mask, note := j.o.Foreground.mask(j.source)
		if j.sourceObject = bitsOf(mask); note != "" {
			j.how.Notes = append(j.how.Notes, "of the picture that patches come from: "+note)
		}
	}
	if j.sourceObject != nil && j.object == nil { // one of both alone is told from its background
		j.object = everywhere(j.size)
	}
	if j.object != nil && j.sourceObject == nil {
		j.sourceObject = everywhere(j.size)
	}
}

// symmetries are those of a square; the first four keep other pictures' sizes, too.
var symmetries = []string{"as it is", "mirrored left and right", "mirrored up and down", "turned by 180°",
	"mirrored at its diagonal", "turned by 90° anticlockwise", "turned by 90° clockwise", "mirrored at its other diagonal"}

// turn has the normal picture be the source, in one of its symmetries.
func (j *nsaJob) turn() {
	n := len(symmetries)
	if j.size.X != j.size.Y {
		n /= 2
	}
	k := j.draws.Choose(n, 1)[0]
	j.how.Notes = append(j.how.Notes, "there is no other picture: patches come from the normal one, "+symmetries[k])
	j.source, j.sourceObject = image.NewRGBA(image.Rectangle{Max: j.size}), nil
	if j.object != nil {
		j.sourceObject = newBits(j.size)
	}
	for y := range j.size.Y {
		for x := range j.size.X {
			u, v := x, y
			if k&4 != 0 {
				u, v = y, x
			}
			if k&1 != 0 {
				u = j.size.X - 1 - u
			}
			if k&2 != 0 {
				v = j.size.Y - 1 - v
			}
			copy(j.source.Pix[4*(y*j.size.X+x):][:4], j.Normal.Pix[v*j.Normal.Stride+4*u:])
			if j.object != nil {
				j.sourceObject.on[y*j.size.X+x] = j.object.on[v*j.size.X+u]
			}
		}
	}
}
