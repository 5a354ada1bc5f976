package generate

import (
	"testing"
)

// TestAugmentationsAreImgaugs compares all channels of all pixels.
func TestAugmentationsAreImgaugs(t *testing.T) {
	g := readDRAEM(t)
	for name, a := range map[string]augmentation{
		"gamma":        gamma([3]float64{1.7, 1.7, 1.7}),
		"brightness":   brightness(1.15, -22, false),
		"sharpness":    sharpness(1.8),
		"softness":     sharpness(0.4),
		"hue":          hueAndSaturation(37, -20),
		"hue back":     hueAndSaturation(-41, 33),
		"solarize":     solarize(90),
		"posterize":    posterize(3),
		"invert":       augmenters[6].draw(nil),
		"autocontrast": autocontrast(12),
		"equalize":     byHistogram(equalized),
		"rotate":       turned(33),
	} {
		got, want := a(g.picture("source")), g.picture(name)
		differ, most := 0, 0
		for i, v := range want.Pix {
			if d := int(got.Pix[i]) - int(v); d != 0 {
				differ++
				most = max(most, d, -d)
			}
		}
		t.Logf("%s: %d of %d numbers differ, by up to %d", name, differ, 3*64*64, most)
		if differ > 0 {
			t.Errorf("%s: %d of %d numbers differ, by up to %d", name, differ, 3*64*64, most)
		}
	}
}
