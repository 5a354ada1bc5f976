package world

import (
	"math"
	"math/rand/v2"
)

// Light is how a surface is lit: one lamp far away and light from all around.
type Light struct {
	X, Y, Z float32 // direction towards the lamp, of length 1; Z towards the camera
	Lamp    RGB     // what a matt white surface that faces the lamp sends back of it
	Ambient RGB     // ... and of the light from all around
	Grain   float32 // deviation of the camera's noise, of 1
}

// NewLight draws a light: from any side, between 35 and 70 degrees high, white
// with a warm or a cold tinge.
func NewLight(r *rand.Rand) Light {
	azimuth := 2 * math.Pi * r.Float64()
	elevation := (35 + 35*r.Float64()) * math.Pi / 180
	sin, cos := math.Sincos(azimuth)
	warm := between(r, -0.06, 0.08)
	tint := RGB{1 + warm, 1, 1 - warm}
	return Light{
		X: float32(cos * math.Cos(elevation)), Y: float32(sin * math.Cos(elevation)), Z: float32(math.Sin(elevation)),
		Lamp:    tint.Scale(between(r, 0.62, 0.88)),
		Ambient: RGB{1 - warm/2, 1, 1 + warm/2}.Scale(between(r, 0.22, 0.36)),
		Grain:   between(r, 0.002, 0.008),
	}
}

// Shade lights a surface and reduces it to a picture of half as many pixels each
// way: sRGB bytes, three for each pixel. The lamp's light falls by Lambert's
// cosine and shines by Blinn's model; hollows are darker (what is lower than its
// surroundings sees less of the sky), and the subject throws a soft shadow on
// the background.
func Shade(s *Surface, l Light, r *rand.Rand) []byte {
	occluded := occlusion(s)
	shadow := castShadow(s, l)
	lit := make([]RGB, len(s.Albedo))
	// Blinn's half vector between the lamp and the camera, which is straight above.
	length := sqrt(l.X*l.X + l.Y*l.Y + (l.Z+1)*(l.Z+1))
	hx, hy, hz := l.X/length, l.Y/length, (l.Z+1)/length
	for i := range lit {
		nx, ny, nz := s.normal(i)
		diffuse := max(0, nx*l.X+ny*l.Y+nz*l.Z) * shadow[i] / max(l.Z, 0.5)
		shine := float32(0)
		if g := s.Gloss[i]; g > 0 {
			facing := max(0, nx*hx+ny*hy+nz*hz)
			shine = g * g * pow(facing, 8+120*g) * shadow[i] * 0.8
		}
		a, open := s.Albedo[i], occluded[i]
		lit[i] = RGB{
			a.R*(l.Lamp.R*diffuse+l.Ambient.R*open) + shine*l.Lamp.R,
			a.G*(l.Lamp.G*diffuse+l.Ambient.G*open) + shine*l.Lamp.G,
			a.B*(l.Lamp.B*diffuse+l.Ambient.B*open) + shine*l.Lamp.B,
		}
	}
	return develop(lit, s.Size, l.Grain, r)
}

// normal is the direction in which cell i faces.
func (s *Surface) normal(i int) (x, y, z float32) {
	n := s.Size
	left, right, up, down := i, i, i, i
	if i%n > 0 {
		left--
	}
	if i%n < n-1 {
		right++
	}
	if i >= n {
		up -= n
	}
	if i < n*(n-1) {
		down += n
	}
	scale := float32(n) / 2
	x, y = (s.Height[left]-s.Height[right])*scale, (s.Height[up]-s.Height[down])*scale
	length := 1 / sqrt(x*x+y*y+1)
	return x * length, y * length, length
}

// occlusion is how much of the sky each cell sees: 1 on open ground, down to
// 0.25 in hollows that are deep against their surroundings.
func occlusion(s *Surface) []float32 {
	radius := s.Size / 24
	mean := boxBlur(boxBlur(s.Height, s.Size, radius), s.Size, radius)
	open := make([]float32, len(mean))
	for i, m := range mean {
		open[i] = min(1, max(0.25, 1-28*(m-s.Height[i])))
	}
	return open
}

// castShadow is how much of the lamp's light each cell receives: on the
// background, less where the subject stands in the way.
func castShadow(s *Surface, l Light) []float32 {
	soft := boxBlur(boxBlur(s.Cover, s.Size, s.Size/40), s.Size, s.Size/40)
	shadow := make([]float32, len(soft))
	reach := 0.05 * float32(s.Size)
	dx, dy := int(l.X*reach), int(l.Y*reach)
	for i := range shadow {
		x, y := min(max(i%s.Size+dx, 0), s.Size-1), min(max(i/s.Size+dy, 0), s.Size-1)
		shadow[i] = 1 - 0.6*soft[y*s.Size+x]*(1-s.Cover[i])
	}
	return shadow
}

// boxBlur is the mean over a square of 2·radius+1 cells a side, edges repeated.
func boxBlur(v []float32, size, radius int) []float32 {
	if radius < 1 {
		return v
	}
	rows := make([]float32, len(v))
	for y := range size {
		slide(rows[y*size:], v[y*size:], size, 1, radius)
	}
	out := make([]float32, len(v))
	for x := range size {
		slide(out[x:], rows[x:], size, size, radius)
	}
	return out
}

func slide(out, v []float32, n, stride, radius int) {
	at := func(i int) float32 { return v[min(max(i, 0), n-1)*stride] }
	sum := float32(0)
	for i := -radius; i <= radius; i++ {
		sum += at(i)
	}
	for i := range n {
		out[i*stride] = sum / float32(2*radius+1)
		sum += at(i+radius+1) - at(i-radius)
	}
}

// develop averages four cells to a pixel, adds the camera's noise and encodes
// sRGB.
func develop(lit []RGB, size int, grain float32, r *rand.Rand) []byte {
	half := size / 2
	out := make([]byte, 0, 3*half*half)
	for y := range half {
		for x := range half {
			i := 2*y*size + 2*x
			a, b, c, d := lit[i], lit[i+1], lit[i+size], lit[i+size+1]
			noise := grain * float32(r.NormFloat64())
			out = append(out,
				encode((a.R+b.R+c.R+d.R)/4, noise), encode((a.G+b.G+c.G+d.G)/4, noise), encode((a.B+b.B+c.B+d.B)/4, noise))
		}
	}
	return out
}

func encode(v, noise float32) byte { return byte(255*clamp01(srgb(v)+noise) + 0.5) }

// srgb is the transfer function of IEC 61966-2-1, from a table: v from 0 to 1.
func srgb(v float32) float32 { return srgbTable[int(clamp01(v)*float32(len(srgbTable)-1)+0.5)] }

var srgbTable = func() (t [4096]float32) {
	for i := range t {
		v := float64(i) / float64(len(t)-1)
		if v <= 0.0031308 {
			t[i] = float32(12.92 * v)
		} else {
			t[i] = float32(1.055*math.Pow(v, 1/2.4) - 0.055)
		}
	}
	return t
}()

// linear is the inverse of srgb.
func linear(v float32) float32 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return float32(math.Pow(float64(v+0.055)/1.055, 2.4))
}

func pow(v, e float32) float32 {
	return float32(math.Exp2(float64(e) * math.Log2(float64(max(v, 1e-6)))))
}
