package main

import (
	"errors"
	"fmt"
	"image"
	"math"
	"strconv"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// Places is the part of a Spec that draws where the defect is to be, for each picture
// anew.
type Places struct {
	Shape       string `placeholder:"KIND" help:"Draw where the defect is to be, for each picture anew from its seed and photograph, inside --mask where there is one: a line, a dot, a free form, an ellipse, or any of these (line, dot, free, ellipse, any)." json:"shape,omitempty"`
	ShapeSize   wish   `placeholder:"SIZE" help:"Longest extent of the shape, in pixels of the photograph, such as 40, or in percent of its shorter side, such as 15%; drawn evenly from a range, 20..60 or 10%..30%, or normally, 40±10 (default: as is usual for the kind)." json:"shape_size,omitempty"`
	ShapeAngle  wish   `placeholder:"DEGREES" help:"Direction of the longest extent: 0 is horizontal, 45 rises to the right; a range, such as 0..180, is drawn from (default: any)." json:"shape_angle,omitempty"`
	ShapeAspect wish   `placeholder:"RATIO" help:"Extent across the longest one, as a share of that, such as 0.3 or 10%..50% (default: as is usual for the kind)." json:"shape_aspect,omitempty"`
	ShapeAt     point  `placeholder:"X,Y" help:"Where the middle of the shape lies, in pixels of the photograph from its upper left corner or in percent of its sides, such as 50%,50% (default: drawn, so that the shape lies inside)." json:"shape_at,omitempty"`
}

// anyShape is the value of --shape that stands for one of all kinds.
const anyShape = "any"

// shapeKinds are the values of --shape.
var shapeKinds = map[string][]anomaly.ShapeKind{
	"line": {anomaly.LineShape}, "dot": {anomaly.DotShape}, "free": {anomaly.FreeShape}, "ellipse": {anomaly.EllipseShape},
	anyShape: {anomaly.LineShape, anomaly.DotShape, anomaly.FreeShape, anomaly.EllipseShape},
}

// check says what of the flags makes no sense together.
func (p *Places) check() error {
	given := map[string]bool{"size": p.ShapeSize != "", "angle": p.ShapeAngle != "", "aspect": p.ShapeAspect != "", "at": p.ShapeAt != ""}
	for _, name := range []string{"size", "angle", "aspect", "at"} {
		if given[name] && p.Shape == "" {
			return fmt.Errorf("--shape-%s needs --shape: line, dot, free, ellipse or any", name)
		}
	}
	switch {
	case p.Shape != "" && shapeKinds[p.Shape] == nil:
		return fmt.Errorf("--shape is %.40q, want line, dot, free, ellipse or any", p.Shape)
	case p.ShapeAngle.percent():
		return fmt.Errorf("--shape-angle is %s, want degrees", p.ShapeAngle)
	}
	return nil
}

// shapes is how masks of a photograph's size are drawn.
func (p *Places) shapes(size image.Point) anomaly.Shapes {
	s := anomaly.DefaultShapes()
	s.Kinds, s.Most, s.Whole = shapeKinds[p.Shape], 1, true
	s.Size = p.ShapeSize.of(float64(min(size.X, size.Y)))
	s.Angle = p.ShapeAngle.of(1)
	if s.Angle == (anomaly.Range{}) && p.ShapeAngle != "" {
		s.Angle = anomaly.Range{Lo: 180, Hi: 180} // the zero Range is no wish
	}
	s.Aspect = p.ShapeAspect.of(1)
	if at, err := p.ShapeAt.of(size); err == nil {
		s.At = &at
	}
	return s
}

// wish is what a number is drawn from: 40, 20..60, 40±10, with or without percent
// signs. Empty is none.
type wish string

// longestWish is more than two numbers need, in bytes.
const longestWish = 100

// UnmarshalText takes what a flag says, if it is a wish.
func (w *wish) UnmarshalText(text []byte) error {
	_, err := wish(text).read()
	if err == nil {
		*w = wish(text)
	}
	return err
}

func (w wish) percent() bool { return strings.HasSuffix(string(w), "%") }

// read is the range, in percent or not.
func (w wish) read() (r anomaly.Range, err error) {
	first, last, isRange := strings.Cut(string(w), "..")
	mean, deviation, isNormal := strings.Cut(string(w), "±")
	var err1, err2 error
	switch {
	case len(w) > longestWish:
		err1 = errors.New("too long")
	case isRange:
		r.Lo, err1 = finite(first)
		r.Hi, err2 = finite(last)
	case isNormal:
		r.Lo, err1 = finite(mean)
		r.Hi = r.Lo
		r.Deviation, err2 = finite(deviation)
	default:
		r.Lo, err1 = finite(string(w))
		r.Hi = r.Lo
	}
	if strings.Contains(first, "%") && !w.percent() || err1 != nil || err2 != nil {
		return r, fmt.Errorf("%.40q: want a number, a range such as 20..60, or a mean and a deviation such as 40±10; all in percent, or none", string(w))
	}
	if r.Hi < r.Lo {
		return r, fmt.Errorf("%.40q: a range from the smaller to the larger number", string(w))
	}
	return r, nil
}

// of is the range where 100 % stand for whole; the zero Range without a wish.
func (w wish) of(whole float64) anomaly.Range {
	r, err := w.read()
	scale := 1.0
	switch {
	case err != nil:
		return anomaly.Range{}
	case w.percent():
		scale = whole / 100
	}
	return anomaly.Range{Lo: r.Lo * scale, Hi: r.Hi * scale, Deviation: r.Deviation * scale}
}

// finite reads a finite number, with or without a percent sign.
func finite(text string) (float64, error) {
	x, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(text), "%"), 64)
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, errors.New("not finite")
	}
	return x, err
}

// point is a point of a photograph: 120,80 or 50%,25%. Empty is none.
type point string

// UnmarshalText takes what a flag says, if it is a point.
func (p *point) UnmarshalText(text []byte) error {
	_, err := point(text).of(image.Pt(100, 100))
	if err == nil {
		*p = point(text)
	}
	return err
}

// of is the pixel of a photograph of a size.
func (p point) of(size image.Point) (image.Point, error) {
	first, second, two := strings.Cut(string(p), ",")
	x, err1 := finite(first)
	y, err2 := finite(second)
	if !two || err1 != nil || err2 != nil || len(p) > longestWish || min(x, y) < 0 || max(x, y) > math.MaxInt32 {
		return image.Point{}, fmt.Errorf("%.40q: want a point X,Y in pixels or percent, such as 120,80 or 50%%,50%%", string(p))
	}
	of := func(x float64, text string, side int) int {
		if strings.HasSuffix(text, "%") {
			return min(int(x*float64(side)/100), side-1+int(max(0, x-100)))
		}
		return int(x)
	}
	return image.Pt(of(x, first, size.X), of(y, second, size.Y)), nil
}
