package anomaly

import (
	"image"
	"image/color"
	"strings"
	"testing"
)

func TestInput(t *testing.T) {
	grey, box := color.Gray{Y: 100}, image.Rect(3, 4, 5, 6)
	part := maskOf(40, 30, image.Rect(29, 27, 30, 28)).SubImage(image.Rect(10, 10, 30, 28)).(*image.Gray)
	for name, c := range map[string]struct {
		in   Input
		says string
	}{
		"picture":       {Input{Normal: filled(20, 18, grey)}, ""},
		"place":         {Input{Normal: filled(20, 18, grey), Place: maskOf(20, 18, box)}, ""},
		"place, a part": {Input{Normal: filled(20, 18, grey), Place: part}, ""},
		"two":           {Input{Normal: filled(20, 18, grey), Others: []*image.RGBA{filled(20, 18, grey)}}, ""},
		"none":          {Input{}, "the normal picture: there is no picture"},
		"small":         {Input{Normal: filled(20, 15, grey)}, "the normal picture has 20×15 pixels, want at least 16×16"},
		"another size":  {Input{Normal: filled(20, 18, grey), Others: []*image.RGBA{filled(20, 18, grey), filled(18, 20, grey)}}, "picture 1 of the others has 18×20 pixels, want the normal picture's 20×18"},
		"no other":      {Input{Normal: filled(20, 18, grey), Others: []*image.RGBA{nil}}, "picture 0 of the others: there is no picture"},
		"another place": {Input{Normal: filled(20, 18, grey), Place: maskOf(18, 20, box)}, "the place where the picture may change: a mask of 18×20 pixels, want the picture's 20×18"},
		"nowhere":       {Input{Normal: filled(20, 18, grey), Place: maskOf(20, 18, image.Rectangle{})}, "is empty: white is what may change"},
		"cut off":       {Input{Normal: filled(20, 18, grey), Place: &image.Gray{Pix: make([]byte, 359), Stride: 20, Rect: image.Rect(0, 0, 20, 18)}}, "has only 359 bytes"},
	} {
		if err := c.in.Validate(); (err != nil) != (c.says != "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want %q", name, err, c.says)
		}
	}
}

func TestStray(t *testing.T) {
	normal := filled(20, 18, color.Gray{Y: 100})
	made := func(mask *image.Gray, shades map[image.Point]uint8) Sample {
		s := Sample{Picture: filled(20, 18, color.Gray{Y: 100}), Mask: mask}
		for at, shade := range shades {
			s.Picture.Pix[s.Picture.PixOffset(at.X, at.Y)+1] = shade // its green alone
		}
		return s
	}
	mask := maskOf(20, 18, image.Rect(3, 4, 5, 6))
	shades := map[image.Point]uint8{{X: 3, Y: 4}: 98, {X: 4, Y: 5}: 200, {X: 4, Y: 4}: 101, {X: 5, Y: 5}: 99, {X: 19, Y: 17}: 0, {X: 2, Y: 4}: 102}
	for name, c := range map[string]struct {
		made Sample
		want float64
	}{
		"nothing": {made(mask, nil), 0}, "half": {made(mask, shades), 0.5}, "no mask": {made(nil, shades), 1},
		"a level": {made(mask, map[image.Point]uint8{{X: 0, Y: 0}: 99}), 0},
	} {
		if got, err := Stray(normal, c.made); err != nil || got != c.want {
			t.Errorf("%s: %g, %v, want %g", name, got, err, c.want)
		}
	}
	part := normal.SubImage(image.Rect(2, 4, 7, 9)).(*image.RGBA) // with rows of others between its own
	where, err := Changed(part, made(nil, shades).Picture.SubImage(part.Rect).(*image.RGBA))
	if err != nil || where.Rect != image.Rect(0, 0, 5, 5) {
		t.Fatalf("%v, %v", where, err)
	}
	for i, v := range where.Pix {
		if at := image.Pt(2+i%5, 4+i/5); (v == 255) != (at == image.Pt(4, 5)) || v != 0 && v != 255 {
			t.Errorf("%d at %v", v, at)
		}
	}
	if _, err := Stray(normal, Sample{Picture: filled(18, 20, color.Black)}); err == nil || !strings.Contains(err.Error(), "the generated picture has 18×20 pixels, want the normal picture's 20×18") {
		t.Errorf("error %v", err)
	}
}
