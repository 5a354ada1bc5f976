package images

import (
	"image"
	"image/color"
	"strings"
	"testing"
)

// TestMasksOfLabels refuses masks whose shades are not meant as shades, and says what their lightest value is.
func TestMasksOfLabels(t *testing.T) {
	grey := func(values ...uint8) image.Image {
		p := image.NewGray(image.Rect(0, 0, len(values), 1))
		copy(p.Pix, values)
		return p
	}
	deep := func(values ...uint16) image.Image {
		p := image.NewGray16(image.Rect(0, 0, len(values), 1))
		for x, v := range values {
			p.SetGray16(x, 0, color.Gray16{Y: v})
		}
		return p
	}
	palette := func(colours ...color.Color) image.Image {
		p := image.NewPaletted(image.Rect(0, 0, len(colours), 1), append(colours, color.RGBA{9, 200, 9, 255}, color.RGBA{200, 9, 9, 255}))
		for x := range colours {
			p.Pix[x] = uint8(x)
		}
		return p
	}
	alpha := func(c color.NRGBA64) image.Image {
		p := image.NewNRGBA64(image.Rect(0, 0, 2, 1))
		p.SetNRGBA64(1, 0, c)
		return p
	}
	black, red, sand := color.RGBA{0, 0, 0, 255}, color.RGBA{128, 0, 0, 255}, color.RGBA{224, 224, 192, 255}
	for name, c := range map[string]struct {
		mask image.Image
		says string // "" for a mask that is read
	}{
		"labels 0 and 1":     {grey(0, 1, 1, 0), "its lightest value is 1 of 255"},
		"labels 0 to 20":     {grey(0, 1, 20, 3), "its lightest value is 20 of 255"},
		"dark":               {grey(0, 127), "its lightest value is 127 of 255"},
		"light enough":       {grey(0, 128), ""},
		"white and dark":     {grey(0, 1, 255), ""},
		"black":              {grey(0, 0), ""},
		"16 bits, 1":         {deep(0, 1), "its lightest value is 1 of 65535"},
		"16 bits, 255":       {deep(0, 255), "its lightest value is 255 of 65535"},
		"16 bits, white":     {deep(0, 65535), ""},
		"16 bits, colours":   {alpha(color.NRGBA64{2, 2, 2, 0xffff}), "its lightest value is 2 of 65535"},
		"16 bits, alpha":     {alpha(color.NRGBA64{0xffff, 0xffff, 0xffff, 0x4000}), "its lightest value is 16384 of 65535"},
		"palette of labels":  {palette(black, red, sand), "its palette has 2 colours, such as #800000 and #e0e0c0"},
		"palette, one label": {palette(black, red), "its lightest value is 38 of 255"},
		"palette, greys":     {palette(black, color.RGBA{255, 255, 255, 255}, color.RGBA{90, 90, 90, 255}), ""},
		"palette, one light": {palette(black, sand), ""},
	} {
		_, err := ReadMask(t.Context(), savePNG(t, c.mask))
		switch {
		case c.says == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: error %v, want one that says %s", name, err, c.says)
		}
		if _, err := Read(t.Context(), savePNG(t, c.mask)); err != nil {
			t.Errorf("%s, as a picture: %v", name, err)
		}
	}
}
