package main

import (
	"fmt"
	"image"
	"strconv"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// resolution is what maps and masks are brought to before pixels are judged, which decides as much as the detector
// does. The zero value is the masks' own.
type resolution struct {
	side   int  // of the shorter side, in pixels; 0 for as it is
	square bool // both sides are side, whatever the picture's shape
	crop   int  // of both sides, around the centre, after that; 0 for none
	whole  bool // a mask's pixel counts where all that it is made of is defective, and not where its centre is
	method bool // what the detector's authors do, which differs between them
}

// mostSide is as long as pictures are made.
const mostSide = 8192

func parseResolution(text string) (resolution, error) {
	switch text {
	case "native":
		return resolution{}, nil
	case "method":
		return resolution{method: true}, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 16 || n > mostSide {
		return resolution{}, fmt.Errorf("--resolution is %.100q, want native, method, or a number of pixels from 16 to %d", text, mostSide)
	}
	return resolution{side: n}, nil
}

// of is the resolution for a detector: what its reference implementation does, where that is asked for.
func (r resolution) of(detector, reading string) resolution {
	switch {
	case !r.method:
		return r
	case detector == "anomalydino", detector == "subspace":
		return resolution{}
	case detector == "promptad": // maps bilinear to 400×400, masks nearest
		return resolution{side: 400, square: true}
	case detector == "winclip": // nearest to the model's input; the authors have published no code
		return resolution{side: 240, square: true}
	case reading == "anomalib": // nearest to the model's input, which is squashed
		return resolution{side: 256, square: true}
	case detector == "patchcore": // bilinear, and then astype(int): what is not wholly defective counts as normal
		return resolution{side: 256, crop: 224, whole: true}
	}
	return resolution{side: 256, crop: 224} // PaDiM
}

func (r resolution) native() bool { return r == resolution{} }

// String says it to people.
func (r resolution) String() string {
	switch {
	case r.native():
		return "native: maps bilinear to the masks' own size"
	}
	text := fmt.Sprintf("maps bilinear and masks nearest to a shorter side of %d pixels", r.side)
	if r.square {
		text = fmt.Sprintf("maps bilinear and masks nearest to %d×%d pixels", r.side, r.side)
	}
	if r.whole {
		text = fmt.Sprintf("maps bilinear to a shorter side of %d pixels, masks too, and what is not wholly defective is normal", r.side)
	}
	if r.crop > 0 {
		text += fmt.Sprintf(", the %d×%d in the centre", r.crop, r.crop)
	}
	return text
}

// size is that of a picture's map before it is cropped.
func (r resolution) size(of image.Point) (image.Point, error) {
	if r.square {
		return image.Pt(r.side, r.side), nil
	}
	return images.ShorterSide(of, r.side)
}

// pixels is how many of a picture are judged.
func (r resolution) pixels(of image.Point) int {
	switch {
	case r.native(), r.method && of.X*of.Y < 1<<16:
		return of.X * of.Y
	case r.method:
		return 1 << 16 // at most
	case r.crop > 0:
		return r.crop * r.crop
	}
	to, err := r.size(of)
	if err != nil {
		return of.X * of.Y
	}
	return to.X * to.Y
}

// apply brings a map and the mask of its size, nil for a normal picture, to the resolution.
func (r resolution) apply(m anomaly.Map, truth *image.Gray) (anomaly.Map, *image.Gray, error) {
	if r.native() {
		return m, truth, nil
	}
	from := image.Pt(m.Width, m.Height)
	to, err := r.size(from)
	if err != nil {
		return m, nil, err
	}
	part := image.Rectangle{Max: to}
	if r.crop > 0 {
		if part, err = images.CentreCrop(to, image.Pt(r.crop, r.crop)); err != nil {
			return m, nil, err
		}
	}
	values, err := images.ResizeMap(m.Values, from.Y, from.X, 1, to.Y, to.X, images.TorchBilinear)
	if err != nil {
		return m, nil, err
	}
	small := anomaly.Map{Values: cut(values, to.X, part), Width: part.Dx(), Height: part.Dy()}
	if truth == nil {
		return small, nil, nil
	}
	mask, err := r.mask(truth, to)
	if err != nil {
		return m, nil, err
	}
	out := image.NewGray(image.Rectangle{Max: part.Size()})
	copy(out.Pix, cut(mask, to.X, part))
	return small, out, nil
}

// mask is a mask at another size, 255 and 0.
func (r resolution) mask(truth *image.Gray, to image.Point) ([]byte, error) {
	size := truth.Rect.Size()
	values := make([]float32, 0, size.X*size.Y)
	for y := range size.Y {
		for _, v := range truth.Pix[y*truth.Stride:][:size.X] {
			values = append(values, min(float32(v), 1))
		}
	}
	rule, least := images.PillowNearest, float32(0.5) // the pixel under the new one's centre
	switch {
	case r.square: // as anomalib resizes, from corner to corner
		rule = images.TorchNearest
	case r.whole:
		rule, least = images.PillowBilinear, 254.5/255 // what 8 bits round to white
	}
	values, err := images.ResizeMap(values, size.Y, size.X, 1, to.Y, to.X, rule)
	if err != nil {
		return nil, err
	}
	mask := make([]byte, len(values))
	for i, v := range values {
		if v >= least {
			mask[i] = 255
		}
	}
	return mask, nil
}

// cut takes a part out of rows of a width.
func cut[T any](values []T, width int, part image.Rectangle) []T {
	if part.Dx() == width && part.Min.Y == 0 && part.Max.Y*width == len(values) {
		return values
	}
	var out []T
	for y := part.Min.Y; y < part.Max.Y; y++ {
		out = append(out, values[y*width+part.Min.X:][:part.Dx()]...)
	}
	return out
}
