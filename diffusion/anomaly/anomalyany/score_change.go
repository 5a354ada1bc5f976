package anomalyany

import (
	"errors"
	"fmt"
	"image"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// plain is a change that everybody sees: by more than 25 of 255 shades of a colour, of numbers in [-1, 1].
const plain = 25.0 / 127.5

// Compare returns the scores that a picture of any anomaly.Generator has, which need neither words nor a model: Area,
// Outside, Inside and Stray. Outside begins so many pixels from the mask, 0 to 1000; 0 for OutsideMargin.
func Compare(normal *image.RGBA, made anomaly.Sample, margin float64) (Scores, error) {
	err1, err2 := images.Check(normal), images.Check(made.Picture)
	if err := errors.Join(err1, err2); err != nil {
		return Scores{}, badArgument(err)
	}
	if made.Mask == nil {
		return Scores{}, badArgument(errors.New("the sample has no mask"))
	}
	if !(margin >= 0 && margin <= maxMargin) {
		return Scores{}, badArgument(fmt.Errorf("the outside begins %g pixels from the mask, want 0 to %d", margin, maxMargin))
	}
	stray, err := anomaly.Stray(normal, made) // which wants everything to be of one size
	if err != nil {
		return Scores{}, badArgument(err)
	}
	mask := make([]float32, 0, normal.Rect.Dx()*normal.Rect.Dy())
	for y := range made.Mask.Rect.Dy() {
		for _, v := range made.Mask.Pix[y*made.Mask.Stride:][:made.Mask.Rect.Dx()] {
			mask = append(mask, float32(v/128))
		}
	}
	m := Made{Annotation: &Annotation{Mask: mask}, Picture: images.ForModel(made.Picture), Reference: images.ForModel(normal), Margin: margin}
	if margin == 0 {
		m.Margin = OutsideMargin
	}
	m.Result = &Result{Image: m.Picture}
	scores := Scores{Area: share(mask), Stray: &stray}
	if err := m.findOutside(); err != nil {
		return scores, err
	}
	return scores, m.compare(&scores)
}

// compare is how the picture differs from its reference, outside the defect and inside.
func (m Made) compare(scores *Scores) error {
	alike, err := m.alike()
	if err != nil {
		return err
	}
	x, y := tensor.Float32s(m.Picture), tensor.Float32s(m.Reference)
	n := len(m.outside)
	var out, in struct{ pixels, changed, alike float64 }
	for i := range n {
		at := &out
		switch {
		case m.Annotation.Mask[i] >= 0.5:
			at = &in
		case m.outside[i] == 0:
			continue
		}
		at.pixels++
		at.alike += float64(alike[i])
		for c := range 3 {
			if abs(x[c*n+i]-y[c*n+i]) > plain {
				at.changed++
				break
			}
		}
	}
	scores.Outside = &Change{SSIM: 1}
	if out.pixels > 0 {
		scores.Outside = &Change{Share: out.changed / out.pixels, SSIM: min(1, out.alike/out.pixels)}
	}
	scores.Inside = value(in.changed / max(1, in.pixels))
	return nil
}

// findOutside sets what is further than the margin from the defect.
func (m *Made) findOutside() (err error) {
	s := m.Result.Image.Shape()
	m.outside, err = images.Grown(m.Annotation.Mask, s[2], s[3], m.Margin)
	for i, v := range m.outside {
		m.outside[i] = 1 - v
	}
	return err
}

// alike is the structural similarity of picture and reference around each pixel.
func (m Made) alike() ([]float32, error) {
	a, err := images.FromModel(m.Picture)
	if err != nil {
		return nil, err
	}
	b, err := images.FromModel(m.Reference)
	if err != nil {
		return nil, err
	}
	return images.SSIM(a, b)
}

// around is the part of a picture that shows the defect: the square around the mask with an eighth of the picture's
// shorter side to spare, at least three eighths of it large. Without a mask it is the whole picture.
func around(picture *gt.Dense, mask []float32) *gt.Dense {
	s := picture.Shape()
	h, w := s[2], s[3]
	var box image.Rectangle
	for i, v := range mask {
		if v >= 0.5 {
			box = box.Union(image.Rect(i%w, i/w, i%w+1, i/w+1))
		}
	}
	if box.Empty() {
		return picture
	}
	short := min(h, w)
	side := min(short, max(3*short/8, max(box.Dx(), box.Dy())+short/8))
	x := min(max(0, (box.Min.X+box.Max.X-side)/2), w-side)
	y := min(max(0, (box.Min.Y+box.Max.Y-side)/2), h-side)
	v, out := tensor.Float32s(picture), make([]float32, 0, 3*side*side)
	for c := range 3 {
		for row := range side {
			out = append(out, v[(c*h+y+row)*w+x:][:side]...)
		}
	}
	return tensor.FromFloat32s(out, 1, 3, side, side)
}
