package world

import (
	"math"
	"math/rand/v2"
)

// Noise is a smooth random field over the plane: gradient noise after Perlin
// ("Improving Noise", SIGGRAPH 2002), about -1 to 1, with features one unit
// apart.
type Noise struct{ seed uint32 }

// NewNoise draws a field.
func NewNoise(r *rand.Rand) Noise { return Noise{r.Uint32()} }

// At is the field at a place.
func (n Noise) At(x, y float32) float32 {
	fx, fy := floor(x), floor(y)
	ix, iy := int32(fx), int32(fy)
	u, v := x-fx, y-fy
	su, sv := u*u*u*(u*(u*6-15)+10), v*v*v*(v*(v*6-15)+10)
	top := lerp(n.gradient(ix, iy, u, v), n.gradient(ix+1, iy, u-1, v), su)
	bottom := lerp(n.gradient(ix, iy+1, u, v-1), n.gradient(ix+1, iy+1, u-1, v-1), su)
	return 1.5 * lerp(top, bottom, sv)
}

// Fractal adds octaves of the field, each twice as fine and half as strong
// (fractional Brownian motion), about -1 to 1.
func (n Noise) Fractal(x, y float32, octaves int) float32 {
	sum, weight, total := float32(0), float32(1), float32(0)
	for i := range octaves {
		sum += weight * Noise{n.seed + uint32(i)*0x9e3779b9}.At(x, y)
		total += weight
		x, y, weight = 2*x+17.3, 2*y-9.1, weight/2
	}
	return sum / total
}

// Cell is the distance to the nearest of randomly scattered points, one in each
// unit square, and to the second nearest (Worley, SIGGRAPH 1996); id tells the
// nearest points apart.
func (n Noise) Cell(x, y float32) (first, second float32, id uint32) {
	fx, fy := floor(x), floor(y)
	first, second = 9, 9
	for dy := float32(-1); dy <= 1; dy++ {
		for dx := float32(-1); dx <= 1; dx++ {
			h := hash(n.seed, int32(fx+dx), int32(fy+dy))
			px := fx + dx + float32(h&0xffff)/0x10000
			py := fy + dy + float32(h>>16)/0x10000
			d := (px-x)*(px-x) + (py-y)*(py-y)
			if d < first {
				first, second, id = d, first, h
			} else if d < second {
				second = d
			}
		}
	}
	return sqrt(first), sqrt(second), id
}

// White is a different number from 0 to 1 for each pair of whole numbers.
func (n Noise) White(x, y int) float32 {
	return float32(hash(n.seed, int32(x), int32(y))>>8) / (1 << 24)
}

var gradients = func() (g [64][2]float32) {
	for i := range g {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(len(g)))
		g[i] = [2]float32{float32(cos), float32(sin)}
	}
	return g
}()

func (n Noise) gradient(ix, iy int32, u, v float32) float32 {
	g := &gradients[hash(n.seed, ix, iy)&63]
	return g[0]*u + g[1]*v
}

// hash mixes three numbers (the finaliser of MurmurHash3).
func hash(seed uint32, x, y int32) uint32 {
	h := seed ^ uint32(x)*0x85ebca6b ^ uint32(y)*0xc2b2ae35
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}

func floor(v float32) float32 {
	f := float32(int32(v))
	if f > v {
		f--
	}
	return f
}

func sqrt(v float32) float32 { return float32(math.Sqrt(float64(v))) }

// between draws a number from lo to hi.
func between(r *rand.Rand, lo, hi float32) float32 { return lo + (hi-lo)*r.Float32() }
