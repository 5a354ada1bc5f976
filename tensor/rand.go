package tensor

import (
	"math"

	"gonum.org/v1/gonum/mathext/prng"
)

// Rand draws the random numbers that torch draws on a CPU, so that a seed gives the
// same picture as there. It is the Mersenne Twister MT19937 and the two ways in
// which ATen makes normal numbers of its output
// (aten/src/ATen/native/cpu/DistributionTemplates.h and
// aten/src/ATen/core/DistributionsHelper.h). The zero Rand is that of NewRand(0). A
// Rand must not be used by two goroutines at once.
type Rand struct {
	mt       *prng.MT19937
	spare    float64 // the second number of the last pair that normal drew
	hasSpare bool
}

// NewRand returns a generator in the state after torch.manual_seed(seed), or
// torch.Generator().manual_seed(seed). As in torch only the seed's lower 32
// bits count.
func NewRand(seed uint64) *Rand {
	mt := prng.NewMT19937()
	mt.Seed(seed)
	return &Rand{mt: mt}
}

// Randn returns the n standard normal numbers of torch.randn(n, generator=g) in
// float32, and leaves the generator as torch does. torch's own numbers differ by a
// few units in the last place between processors; these are within that. For a
// tensor of several dimensions, n is the number of its elements.
func (r *Rand) Randn(n int) []float32 {
	if r.mt == nil {
		*r = *NewRand(0)
	}
	out := make([]float32, max(n, 0))
	if n < 16 {
		for i := range out {
			out[i] = float32(r.normal())
		}
		return out
	}
	r.fill(out)
	for i := 0; i+16 <= n; i += 16 {
		boxMuller16(out[i:][:16])
	}
	if n%16 != 0 { // the last 16 are drawn anew, over some that were done already
		tail := out[len(out)-16:]
		r.fill(tail)
		boxMuller16(tail)
	}
	return out
}

// fill draws uniform numbers in [0, 1) of 24 bits, as at::uniform_real_distribution<float>.
func (r *Rand) fill(out []float32) {
	for i := range out {
		out[i] = float32(r.mt.Uint32()&(1<<24-1)) / (1 << 24)
	}
}

// boxMuller16 turns 16 uniform numbers into normal ones: the first eight hold
// the radii and become the cosines, the last eight hold the angles and become
// the sines (normal_fill_16). Every step is rounded to float32, as in ATen,
// because an angle's rounding alone is worth 1e-6 of the result.
func boxMuller16(v []float32) {
	for i := range 8 {
		u1, u2 := 1-v[i], v[i+8] // u1 in (0, 1], for the logarithm
		radius := float32(math.Sqrt(float64(-2 * float32(math.Log(float64(u1))))))
		sin, cos := math.Sincos(float64(float32(2*math.Pi) * u2))
		v[i], v[i+8] = radius*float32(cos), radius*float32(sin)
	}
}

// normal draws one number as at::normal_distribution<double> does: in pairs,
// the second of which the generator keeps for the next call.
func (r *Rand) normal() float64 {
	if r.hasSpare {
		r.hasSpare = false
		return r.spare
	}
	u1, u2 := r.uniform53(), r.uniform53()
	radius := math.Sqrt(-2 * math.Log1p(-u2))
	sin, cos := math.Sincos(2 * math.Pi * u1)
	r.spare, r.hasSpare = radius*sin, true
	return radius * cos
}

// uniform53 draws a uniform number in [0, 1) of 53 bits from two draws, the
// upper half first.
func (r *Rand) uniform53() float64 {
	hi, lo := uint64(r.mt.Uint32()), uint64(r.mt.Uint32())
	return float64((hi<<32|lo)&(1<<53-1)) / (1 << 53)
}
