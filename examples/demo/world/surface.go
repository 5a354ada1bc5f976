package world

// RGB is a colour in linear light, each part from 0 to 1.
type RGB struct{ R, G, B float32 }

// Hex is a colour as designers write it, 0xRRGGBB in sRGB.
func Hex(v uint32) RGB {
	return RGB{linear(float32(v>>16&255) / 255), linear(float32(v>>8&255) / 255), linear(float32(v&255) / 255)}
}

// Scale multiplies a colour by f, which makes it lighter or darker.
func (c RGB) Scale(f float32) RGB { return RGB{c.R * f, c.G * f, c.B * f} }

// Mix goes from c at t = 0 to d at t = 1; t is clamped.
func (c RGB) Mix(d RGB, t float32) RGB {
	t = clamp01(t)
	return RGB{c.R + (d.R-c.R)*t, c.G + (d.G-c.G)*t, c.B + (d.B-c.B)*t}
}

// Surface is a square piece of the world seen from above, before light falls on
// it: Size×Size cells, row by row. It is drawn finer than the picture, two cells
// to a pixel, so that edges come out smooth. Lengths are in units of the
// picture's side: positions run from 0 to 1 (see Surface.At), heights too, so
// that a subject looks the same at any size.
type Surface struct {
	Size   int
	Albedo []RGB     // colour under white light
	Height []float32 // towards the camera, in sides of the picture
	Gloss  []float32 // 0 for matt, 1 for polished
	Cover  []float32 // 1 where the subject is, 0 where the background shows; textures cover everything
}

// NewSurface returns a surface of size×size cells, black, flat and uncovered.
func NewSurface(size int) *Surface {
	n := size * size
	return &Surface{size, make([]RGB, n), make([]float32, n), make([]float32, n), make([]float32, n)}
}

// At is the centre of cell i: x to the right and y down, from 0 to 1.
func (s *Surface) At(i int) (x, y float32) {
	return (float32(i%s.Size) + 0.5) / float32(s.Size), (float32(i/s.Size) + 0.5) / float32(s.Size)
}

// Pixel is the side of a cell of the surface, the unit in which edges are
// softened.
func (s *Surface) Pixel() float32 { return 1 / float32(s.Size) }

// Each calls f for every cell with its place.
func (s *Surface) Each(f func(i int, x, y float32)) {
	for i := range s.Albedo {
		x, y := s.At(i)
		f(i, x, y)
	}
}

func clamp01(v float32) float32 { return min(max(v, 0), 1) }

// smoothstep goes smoothly from 0 at lo to 1 at hi; lo may be above hi.
func smoothstep(lo, hi, v float32) float32 {
	t := clamp01((v - lo) / (hi - lo))
	return t * t * (3 - 2*t)
}

func lerp(a, b, t float32) float32 { return a + (b-a)*t }
