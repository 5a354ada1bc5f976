package anomaly

import (
	"errors"
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/tensor/images"
)

// ShapeKind is what a drawn mask is like.
type ShapeKind string

// The kinds of shapes. The first three are AnoStyler's.
const (
	LineShape    ShapeKind = "line"    // a scratch: straight or wavy, thickest in its middle
	DotShape     ShapeKind = "dot"     // a blot with a rough edge
	FreeShape    ShapeKind = "free"    // what a random walk has covered
	EllipseShape ShapeKind = "ellipse" // two axes at an angle
)

// Shapes draw masks of lines, dots, free forms and ellipses: the same mask of the same draws. What each
// kind is like are its Line, Dot, Free and Ellipse, whose lengths are pixels of a picture with a shorter
// side of 256 and grow with it. Size, Angle, Aspect and At set what a person wants instead; the zero
// Range, and nil, leave it as the kind has it. The zero Shapes draws nothing: DefaultShapes has numbers.
type Shapes struct {
	Kinds []ShapeKind // each shape is one of them, all equally likely

	// Up to Most shapes are united, m with a probability proportional to e^(-Decay·m).
	Most  int
	Decay float64

	Line    LineShapes
	Dot     DotShapes
	Free    FreeShapes
	Ellipse EllipseShapes

	Size   Range        // longest extent, in pixels of this picture, from 1
	Angle  Range        // of the longest extent: degrees, 0 is horizontal, 45 rises to the right
	Aspect Range        // extent across the longest one, divided by that: above 0 to 1
	At     *image.Point // the pixel on which the middle of the shape's box lies

	// Whole moves each shape to a pixel of the place, drawn again while the place does not hold all of
	// the shape, 50 times at most; of these the one that holds most. So sizes stay as they were drawn.
	// At comes before it.
	Whole bool

	Attempts int // so often a mask is drawn again that has nothing inside the place
}

// DefaultShapes returns AnoStyler's priors: one to five lines, dots and free forms anywhere, 100 attempts
// (its code, meta_shape_priors.py). Ellipses have numbers of our own: as large as the dots.
func DefaultShapes() Shapes {
	return Shapes{
		Kinds: []ShapeKind{LineShape, DotShape, FreeShape},
		Most:  5, Decay: 0.7,
		Line: LineShapes{
			Length: Range{Lo: 60, Hi: 200}, Angle: Range{Lo: 0, Hi: 180}, Points: [2]int{20, 40},
			Wavy: 0.5, Wave: 14, Thin: 1, Thick: 7, Unsteady: 0.1,
		},
		Dot: DotShapes{
			Radius: Range{Lo: 5, Hi: 35}, Corners: [2]int{12, 30}, Stretch: Range{Lo: 0.6, Hi: 1.4},
			Rough: Range{Lo: 0.05, Hi: 0.35}, Even: 0.34, Smooth: 0.5,
		},
		Free:     FreeShapes{Steps: [2]int{300, 18001}, Blur: Range{Lo: 2, Hi: 12}, Closed: 0.5},
		Ellipse:  EllipseShapes{Length: Range{Lo: 10, Hi: 70}, Aspect: Range{Lo: 0.3, Hi: 1}, Angle: Range{Lo: 0, Hi: 180}},
		Attempts: 100,
	}
}

// Draw returns a mask of a size in pixels, 255 for white, whose white lies inside the white of the place;
// nil is everywhere. For each attempt it draws how many shapes there are, if Most is above 1, and for each
// its kind, its kind's numbers, Size, Angle and Aspect, and its pixel of the place. It is an error if an
// option is out of its range, if the place has another size or is empty, if At lies outside the picture or
// the place, or if no attempt has anything inside the place.
func (s Shapes) Draw(d Draws, size image.Point, place *image.Gray) (*image.Gray, error) {
	if err := s.check(d, size, place); err != nil {
		return nil, err
	}
	ground := newGround(size, place)
	if ground.count == 0 {
		return nil, errors.New("the place is empty: white is where shapes may be")
	}
	if s.At != nil && !ground.has(s.At.X, s.At.Y) {
		return nil, fmt.Errorf("a shape at %d,%d: that pixel is not inside the place where shapes may be", s.At.X, s.At.Y)
	}
	for range s.Attempts {
		mask := image.NewGray(image.Rectangle{Max: size})
		for range s.number(d) {
			f, middle := s.one(d, ground)
			f.paint(mask, middle, ground)
		}
		if anyWhite(mask) {
			return mask, nil
		}
	}
	return nil, fmt.Errorf("of %d shapes none has a pixel inside the place where they may be, %d of the picture's %d×%d pixels", s.Attempts, ground.count, size.X, size.Y)
}

// number draws how many shapes are united.
func (s Shapes) number(d Draws) int {
	if s.Most == 1 {
		return 1
	}
	var sum float64
	for m := 1; m <= s.Most; m++ {
		sum += math.Exp(-s.Decay * float64(m-1))
	}
	x := d.Uniform(0, sum)
	for m := 1; m < s.Most; m++ {
		if x -= math.Exp(-s.Decay * float64(m-1)); x < 0 {
			return m
		}
	}
	return s.Most
}

// one draws a shape, around 0, and where its middle lies.
func (s Shapes) one(d Draws, g *ground) (figure, complex128) {
	frame := frame{float64(g.size.X), float64(g.size.Y), float64(min(g.size.X, g.size.Y)) / 256, s.Whole || s.At != nil}
	var f figure
	switch s.Kinds[d.Whole(0, len(s.Kinds))] {
	case LineShape:
		f = s.Line.draw(d, frame)
	case DotShape:
		f = s.Dot.draw(d, frame)
	case FreeShape:
		f = s.Free.draw(d, frame)
	case EllipseShape:
		f = s.Ellipse.draw(d, frame)
	}
	f, middle := f.centred()
	f = s.fit(d, f)
	switch {
	case s.At != nil:
		return f, centreOf(*s.At)
	case s.Whole:
		return f, centreOf(g.choose(d, f))
	}
	return f, middle
}

// fit gives a shape the extent and the direction that are wanted.
func (s Shapes) fit(d Draws, f figure) figure {
	var w wanted
	if s.Size.set() {
		w.size = max(1, s.Size.draw(d))
	}
	if s.Angle.set() {
		degrees := s.Angle.draw(d)
		w.angle = &degrees
	}
	if s.Aspect.set() {
		w.aspect = min(1, max(leastAspect, s.Aspect.draw(d)))
	}
	return f.fit(w)
}

// leastAspect is as narrow as a shape may be asked to be.
const leastAspect = 1e-3

// check says which option is out of its range.
func (s Shapes) check(d Draws, size image.Point, place *image.Gray) error {
	switch err := images.CheckSize(size.X, size.Y); {
	case d == nil:
		return errors.New("there are no draws: NewDraws makes those of a seed")
	case err != nil:
		return fmt.Errorf("a mask like %w", err)
	case len(s.Kinds) == 0:
		return errors.New("there are no kinds of shapes: DefaultShapes has all numbers")
	case s.Most < 1 || s.Most > 1000:
		return fmt.Errorf("up to %d shapes, want 1 to 1000", s.Most)
	case !(math.Abs(s.Decay) <= 100):
		return fmt.Errorf("a decay of %v, want -100 to 100", s.Decay)
	case s.Attempts < 1 || s.Attempts > 100_000:
		return fmt.Errorf("%d attempts, want 1 to 100000", s.Attempts)
	}
	checks := []error{
		s.Size.check("size", 1, largestShape),
		s.Angle.check("angle", -360, 360),
		s.Aspect.check("aspect", leastAspect, 1),
	}
	for _, kind := range s.Kinds {
		switch kind {
		case LineShape:
			checks = append(checks, s.Line.check())
		case DotShape:
			checks = append(checks, s.Dot.check())
		case FreeShape:
			checks = append(checks, s.Free.check())
		case EllipseShape:
			checks = append(checks, s.Ellipse.check())
		default:
			return fmt.Errorf("a shape of kind %.40q, want %q, %q, %q or %q", string(kind), LineShape, DotShape, FreeShape, EllipseShape)
		}
	}
	if i := slices.IndexFunc(checks, func(err error) bool { return err != nil }); i >= 0 {
		return checks[i]
	}
	if place == nil {
		return nil
	}
	if err := checkMask(place, size); err != nil {
		return fmt.Errorf("the place where shapes may be: %w", err)
	}
	return nil
}
