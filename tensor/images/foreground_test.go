package images

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// scene is a photograph as a computer draws it: a shaded ellipse on an uneven ground, with noise and some
// pixels that are altogether wrong.
type scene struct {
	w, h           int
	ground, object float64 // lightness
	rx, ry         float64 // of the ellipse, in shares of the sides
	hole           float64 // radius of a hole in it, in shares of the ellipse's
	second         bool    // a second, smaller ellipse
}

// in reports whether a pixel belongs to the object, and how bright the light falls there.
func (s scene) in(x, y int) (bool, float64) {
	u := (float64(x)/float64(s.w) - 0.45) / s.rx
	v := (float64(y)/float64(s.h) - 0.5) / s.ry
	if d := math.Hypot(u, v); d < 1 {
		return d >= s.hole, 1 - 0.3*d + 0.1*v
	}
	if s.second {
		return math.Hypot(float64(x)/float64(s.w)-0.9, float64(y)/float64(s.h)-0.2) < 0.12, 0.8
	}
	return false, 0
}

func (s scene) draw() *image.RGBA {
	rng := rand.New(rand.NewPCG(1, 2))
	p := image.NewRGBA(image.Rect(0, 0, s.w, s.h))
	for y := range s.h {
		for x := range s.w {
			v := s.ground + 0.03*float64(x)/float64(s.w)
			if in, light := s.in(x, y); in {
				v = s.object * light
			}
			v += 0.02 * rng.NormFloat64()
			if rng.IntN(200) == 0 {
				v = float64(rng.IntN(2))
			}
			shade := uint8(255 * max(0, min(v, 1)))
			p.SetRGBA(x, y, color.RGBA{shade, uint8(float64(shade) * 0.9), uint8(float64(shade) * 0.8), 255})
		}
	}
	return p
}

// agreement is the intersection of a mask and the scene's object, over their union. With filled, the object has
// no hole.
func (s scene) agreement(mask *image.RGBA, filled bool) float64 {
	if filled {
		s.hole = 0
	}
	both, either := 0.0, 0.0
	for i, m := range Binary(mask) {
		in, _ := s.in(i%s.w, i/s.w)
		if in && m == 1 {
			both++
		}
		if in || m == 1 {
			either++
		}
	}
	return both / either
}

func TestForeground(t *testing.T) {
	for name, c := range map[string]struct {
		scene  scene
		filled bool
	}{
		"dark on light":    {scene{w: 200, h: 150, ground: 0.85, object: 0.4, rx: 0.3, ry: 0.35}, false},
		"light on dark":    {scene{w: 200, h: 150, ground: 0.08, object: 0.7, rx: 0.3, ry: 0.35}, false},
		"large photograph": {scene{w: 1700, h: 1100, ground: 0.1, object: 0.7, rx: 0.3, ry: 0.4}, false},
		"small hole":       {scene{w: 200, h: 150, ground: 0.9, object: 0.4, rx: 0.3, ry: 0.35, hole: 0.2}, true},
		"large hole":       {scene{w: 200, h: 150, ground: 0.9, object: 0.4, rx: 0.3, ry: 0.35, hole: 0.5}, false},
		"two objects":      {scene{w: 200, h: 150, ground: 0.9, object: 0.4, rx: 0.3, ry: 0.35, second: true}, false},
	} {
		mask, err := Foreground(c.scene.draw())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if size := mask.Bounds().Size(); size != image.Pt(c.scene.w, c.scene.h) {
			t.Errorf("%s: the mask is %v", name, size)
		} else if got := c.scene.agreement(mask, c.filled); got < 0.97 {
			t.Errorf("%s: the mask agrees to %.3f", name, got)
		}
	}
}

func TestNoForeground(t *testing.T) {
	texture := scene{w: 120, h: 120, ground: 0.5, object: 0.5, rx: 0.3, ry: 0.3}.draw()
	rng := rand.New(rand.NewPCG(3, 4))
	for y := range 120 {
		for x := range 120 {
			texture.Set(x, y, color.Gray{uint8(100 + 100*((x/10+y/10)%2) + rng.IntN(30))}) // squares up to the border
		}
	}
	for name, c := range map[string]struct {
		picture *image.RGBA
		says    string
	}{
		"one shade":  {image.NewRGBA(image.Rect(0, 0, 64, 64)), "no contrast"},
		"noise":      {scene{w: 64, h: 64, ground: 0.5, object: 0.5, rx: 1e-3, ry: 1e-3}.draw(), "no contrast"},
		"cut off":    {scene{w: 200, h: 150, ground: 0.9, object: 0.3, rx: 0.5, ry: 0.75}.draw(), "cut off by the border"},
		"texture":    {texture, "% of the photograph's border are background"},
		"tiny":       {scene{w: 400, h: 400, ground: 0.9, object: 0.2, rx: 0.02, ry: 0.02}.draw(), "would be foreground"},
		"one pixel":  {image.NewRGBA(image.Rect(0, 0, 1, 1)), "no contrast"},
		"everything": {bordered(200, 200), "would be foreground"},
	} {
		if _, err := Foreground(c.picture); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %s", name, err, c.says)
		}
	}
}

// bordered is black but for a white border.
func bordered(w, h int) *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			v := uint8(0)
			if x < 2 || y < 2 || x >= w-2 || y >= h-2 {
				v = 255
			}
			p.SetRGBA(x, y, color.RGBA{v, v, v, 255})
		}
	}
	return p
}
