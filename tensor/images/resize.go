package images

import (
	"errors"
	"fmt"
	"image"

	"github.com/sdgraph/sdgraph/kernels"
)

// Rule is how a library computes a picture's or a map's values at another size. Networks and detectors were trained
// and judged with the pictures of one rule, and differ visibly with those of another.
//
// Compared with Pillow 13.0, OpenCV 5.0, torch 2.15 and torch-fidelity 0.4.
type Rule int

// The rules, named after what they reproduce.
const (
	PillowNearest  Rule = iota // Image.resize, NEAREST: the pixel under the new one's centre
	PillowBox                  // BOX: the mean of the pixels whose centres the new one covers
	PillowBilinear             // BILINEAR: a triangle, widened where the picture gets smaller, as all that follow
	PillowBicubic              // BICUBIC: Keys's cubic with a = -0.5
	PillowLanczos              // LANCZOS: of three lobes

	OpenCVNearest  // cv2.resize, INTER_NEAREST: the pixel under the new one's corner
	OpenCVBilinear // INTER_LINEAR, between half-pixel centres, without antialiasing; of bytes in 11 bits

	TorchNearest           // torch.nn.functional.interpolate, mode nearest: the pixel under the new one's corner, in float32
	TorchBilinear          // mode bilinear, align_corners=False
	TorchBilinearAntialias // … with antialias: torchvision's and anomalib's Resize of floats, which nothing clips
	TorchBicubic           // mode bicubic: Keys's cubic with a = -0.75
	TorchBicubicAntialias  // … with antialias: a = -0.5

	TensorFlow1Bilinear // tf.image.resize_bilinear of TensorFlow 1: from corner to corner; torch-fidelity's Inception
)

// rule is what Resize and ResizeMap do for a Rule.
type rule struct {
	name  string
	taps  func(in, out int) kernels.Taps                  // for floats
	bytes func(out, in *image.RGBA, from, to image.Point) // for pictures; nil where the library has no rule of its own
}

// rules has an entry for each Rule.
var rules = [...]rule{
	PillowNearest:          nearestRule("PillowNearest", pillowNearest),
	PillowBox:              pillowRule("PillowBox", filter{0.5, box}),
	PillowBilinear:         pillowRule("PillowBilinear", filter{1, triangle}),
	PillowBicubic:          pillowRule("PillowBicubic", filter{2, cubic}),
	PillowLanczos:          pillowRule("PillowLanczos", filter{3, lanczos}),
	OpenCVNearest:          nearestRule("OpenCVNearest", openCVNearest),
	OpenCVBilinear:         {"OpenCVBilinear", openCVTaps, openCVBytes},
	TorchNearest:           nearestRule("TorchNearest", torchNearest),
	TorchBilinear:          {name: "TorchBilinear", taps: kernels.BilinearTaps},
	TorchBilinearAntialias: {name: "TorchBilinearAntialias", taps: kernels.BilinearAntialiasTaps},
	TorchBicubic:           {name: "TorchBicubic", taps: func(in, out int) kernels.Taps { return kernels.BicubicTaps(in, out, false) }},
	TorchBicubicAntialias:  {name: "TorchBicubicAntialias", taps: func(in, out int) kernels.Taps { return kernels.BicubicTaps(in, out, true) }},
	TensorFlow1Bilinear:    {name: "TensorFlow1Bilinear", taps: tensorFlow1Taps},
}

// String returns the rule's name.
func (r Rule) String() string {
	if r < 0 || int(r) >= len(rules) {
		return fmt.Sprintf("Rule(%d)", int(r))
	}
	return rules[r].name
}

// Resize returns a picture at another size, to the bit what the rule's library makes of its 8-bit pictures. It is an
// error for the rules of torch and TensorFlow but TorchNearest, which are about floats (ToTensor, ResizeMap).
//
// Pillow computes in whole numbers, along rows and then along columns, each rounded to 8 bits; Pillow 13 does columns
// first where the height loses more than twice the pixels that the width loses, which Pillow 12 does not. OpenCV rounds
// once. Colours of transparent pictures are resized as image.RGBA has them, multiplied with alpha, which is Pillow's way.
func Resize(picture *image.RGBA, to image.Point, r Rule) (*image.RGBA, error) {
	if err := Check(picture); err != nil {
		return nil, fmt.Errorf("images: %w", err)
	}
	from := picture.Rect.Size()
	if err := r.check(from, to); err != nil {
		return nil, err
	}
	if rules[r].bytes == nil {
		return nil, fmt.Errorf("images: %v is a rule for floats: make a tensor of the picture and use ResizeMap", r)
	}
	out := image.NewRGBA(image.Rectangle{Max: to})
	rules[r].bytes(out, picture, from, to)
	return out, nil
}

// ResizeMap returns a map [h, w, c] as [toH, toW, c]: ToTensor's ChannelsLast of a picture, with c = 3, or a plain map
// or mask, with c = 1. Sums are in float32; nothing is clipped. PillowBox and its neighbours are Pillow's for floats
// (mode F), where they agree to float32's rounding.
func ResizeMap(m []float32, h, w, c, toH, toW int, r Rule) ([]float32, error) {
	if err := r.check(image.Pt(w, h), image.Pt(toW, toH)); err != nil {
		return nil, err
	}
	if c < 1 || len(m)%c != 0 || len(m)/c != h*w {
		return nil, fmt.Errorf("images: a map of %d×%d pixels and %d channels does not have %d values", h, w, c, len(m))
	}
	if toW*toH > 4*MaxPixels/c {
		return nil, fmt.Errorf("images: a map of %d×%d pixels and %d channels, want at most %d million values", toH, toW, c, 4*MaxPixels/1_000_000)
	}
	out := make([]float32, toH*toW*c)
	kernels.Resample(out, m, 1, h, w, c, rules[r].taps(h, toH), rules[r].taps(w, toW))
	return out, nil
}

// maxSide bounds the memory that the weights of one side take.
const maxSide = 1 << 16

// check refuses what is no rule, and sizes that are too large, also on the way, where one side has been resized.
func (r Rule) check(from, to image.Point) error {
	if r < 0 || int(r) >= len(rules) {
		return fmt.Errorf("images: there is no rule %d to resize by", int(r))
	}
	err := errors.Join(CheckSize(from.X, from.Y), CheckSize(to.X, to.Y))
	if longest := max(from.X, from.Y, to.X, to.Y); err == nil && longest > maxSide {
		err = fmt.Errorf("sides may have at most %d pixels, not %d", maxSide, longest)
	}
	if err == nil {
		err = errors.Join(CheckSize(to.X, from.Y), CheckSize(from.X, to.Y))
	}
	if err != nil {
		return fmt.Errorf("images: resizing %s to %s: %w", sizeOf(from), sizeOf(to), err)
	}
	return nil
}

// nearestRule takes for each output the input that at chooses.
func nearestRule(name string, at func(in, out int) []int) rule {
	taps := func(in, out int) kernels.Taps {
		t := kernels.Taps{In: in, Out: out, Start: at(in, out)}
		for range out {
			t.Count, t.Weight = append(t.Count, 1), append(t.Weight, []float32{1})
		}
		return t
	}
	bytes := func(out, in *image.RGBA, from, to image.Point) {
		columns := at(from.X, to.X)
		for y, row := range at(from.Y, to.Y) {
			line := in.Pix[row*in.Stride:]
			for x, column := range columns {
				copy(out.Pix[y*out.Stride+4*x:][:4], line[4*column:][:4])
			}
		}
	}
	return rule{name, taps, bytes}
}

// torchNearest is torch's choice: the corner's position in float32, rounded down.
func torchNearest(in, out int) []int {
	scale := float32(in) / float32(out)
	at := make([]int, out)
	for i := range at {
		at[i] = min(int(float32(i)*scale), in-1)
	}
	return at
}

// tensorFlow1Taps interpolates between the two inputs around i·in/out: pixels lie at their corners, so that the
// picture moves by up to half a pixel.
func tensorFlow1Taps(in, out int) kernels.Taps {
	scale := float32(float64(in) / float64(out))
	return lines(in, out, func(i int) float32 { return float32(i) * scale })
}

// lines interpolates linearly at positions in float32; beyond the ends it is the last input.
func lines(in, out int, position func(i int) float32) kernels.Taps {
	t := kernels.Taps{In: in, Out: out}
	for i := range out {
		first, f := linear(position(i), in)
		weight := []float32{1 - f, f}
		if f == 0 {
			weight = weight[:1]
		}
		t.Start, t.Count, t.Weight = append(t.Start, first), append(t.Count, len(weight)), append(t.Weight, weight)
	}
	return t
}

// linear returns the input before a position, and how far the position is from it: 0 at and beyond the ends.
func linear(position float32, in int) (first int, f float32) {
	if position <= 0 {
		return 0, 0
	}
	first = int(position)
	if first >= in-1 {
		return in - 1, 0
	}
	return first, position - float32(first)
}
