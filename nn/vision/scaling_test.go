package vision

import (
	"image"
	"image/color"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdgraph/sdgraph/tensor"
)

// TestScaling compares with torchvision's Normalize(ToTensor(x)) and with (level - 127) / 128, of pictures of which one
// is a part of a larger one.
func TestScaling(t *testing.T) {
	whole := image.NewRGBA(image.Rect(0, 0, 3, 2))
	whole.SetRGBA(1, 1, color.RGBA{0, 127, 255, 255})
	whole.SetRGBA(2, 1, color.RGBA{51, 255, 102, 255})
	part := whole.SubImage(image.Rect(1, 1, 3, 2)).(*image.RGBA)
	other := image.NewRGBA(image.Rect(0, 0, 2, 1))
	for name, c := range map[string]struct {
		scaling Scaling
		want    []float32
	}{
		"ImageNet": {ImageNet, []float32{
			-2.1179039, 0.18767506, 2.64, -1.2445415, 2.4285715, -0.026666578,
			-2.1179039, -2.0357144, -1.8044444, -2.1179039, -2.0357144, -1.8044444,
		}},
		"Lite0": {NewEfficientNetLite0().Scaling(), []float32{
			-127. / 128, 0, 1, -76. / 128, 1, -25. / 128, -127. / 128, -127. / 128, -127. / 128, -127. / 128, -127. / 128, -127. / 128,
		}},
	} {
		x, err := c.scaling.Apply(part, other)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]int{2, 2, 3}, []int(x.Shape())); diff != "" {
			t.Errorf("%s: shape (-want +got):\n%s", name, diff)
		}
		for i, v := range tensor.Float32s(x) {
			if d := v - c.want[i]; d > 3e-7 || d < -3e-7 {
				t.Errorf("%s: %d is %v, want %v", name, i, v, c.want[i])
			}
		}
	}
}
