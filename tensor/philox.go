package tensor

import "math"

// Philox draws the normal numbers that torch draws on a GPU, so that the seed of a
// picture that was made there gives the same noise. It is the counter-based
// generator Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as
// 1, 2, 3"), spread over a kernel's threads as in ATen
// (aten/src/ATen/native/cuda/DistributionTemplates.h), and cuRAND's Box-Muller
// transform (curand_normal.h).
//
// No GPU was at hand to verify it. The generator agrees with its authors' known
// answers (Random123, kat_vectors). Randn, several calls one after another, and the
// order of a tensor larger than a launch agree with torch's output on CUDA as others
// have published it, to four decimals. The last digits of a float32 are not
// verified: a GPU approximates logarithm, sine and cosine, and may differ by some
// 1e-6.
//
// A Philox must not be used by two goroutines at once.
type Philox struct {
	// Threads is how many threads the GPU that is imitated runs at once: its
	// multiprocessors times the threads of each (an A100: 108 · 2048), in blocks of
	// 256. It decides the order of tensors with more elements than that. 0 is a GPU
	// with a thread for each element, which every GPU is for a latent of Stable
	// Diffusion's usual sizes.
	Threads int

	key     [2]uint32
	counter uint64 // how many numbers of each thread's sequence were given away, over 4
}

// NewPhilox returns a generator in the state after
// torch.Generator("cuda").manual_seed(seed).
func NewPhilox(seed uint64) *Philox {
	return &Philox{key: [2]uint32{uint32(seed), uint32(seed >> 32)}}
}

// Randn returns the n standard normal numbers of
// torch.randn(n, device="cuda", generator=g) in float32, up to the GPU's rounding,
// and leaves the generator as torch does. For a tensor of several dimensions, n is
// the number of its elements.
func (p *Philox) Randn(n int) []float32 {
	out := make([]float32, max(n, 0))
	if n <= 0 {
		return out
	}
	threads := (n + philoxBlock - 1) / philoxBlock * philoxBlock
	if most := p.Threads / philoxBlock * philoxBlock; most > 0 {
		threads = min(threads, most)
	}
	// A thread draws four numbers at a time, which belong a launch's width apart.
	for base := 0; base < n; base += 4 * threads {
		for thread := range min(threads, n-base) {
			four := p.normal4(uint64(thread))
			for k, at := 0, base+thread; k < 4 && at < n; k, at = k+1, at+threads {
				out[at] = four[k]
			}
		}
		p.counter++
	}
	return out
}

// philoxBlock is how many threads a block of ATen's kernels has.
const philoxBlock = 256

// normal4 is curand_normal4: the next four numbers of a thread's sequence.
func (p *Philox) normal4(thread uint64) [4]float32 {
	r := philox4x32([4]uint32{uint32(p.counter), uint32(p.counter >> 32), uint32(thread), uint32(thread >> 32)}, p.key)
	a, b := boxMuller2(r[0], r[1])
	c, d := boxMuller2(r[2], r[3])
	return [4]float32{a, b, c, d}
}

// boxMuller2 turns two uniform numbers of 32 bits into two normal ones. The
// uniform ones are rounded to float32, as on a GPU.
func boxMuller2(x, y uint32) (sine, cosine float32) {
	const unit, circle = 1.0 / (1 << 32), float64(float32(2*math.Pi)) / (1 << 32)
	u := float32(float64(float32(x))*unit + unit/2) // in (0, 1]
	v := float32(float64(float32(y))*circle + circle/2)
	radius := math.Sqrt(-2 * math.Log(float64(u)))
	sin, cos := math.Sincos(float64(v))
	return float32(radius * sin), float32(radius * cos)
}

// philox4x32 is Philox4x32-10: ten rounds of two products whose halves change
// places, under a key that grows by Weyl's sequence.
func philox4x32(c [4]uint32, key [2]uint32) [4]uint32 {
	const (
		multiplier0, multiplier1 = 0xD2511F53, 0xCD9E8D57
		golden, root3            = 0x9E3779B9, 0xBB67AE85 // 32 bits of the golden ratio's and of √3's fraction
	)
	for range 10 {
		a, b := uint64(c[0])*multiplier0, uint64(c[2])*multiplier1
		c = [4]uint32{uint32(b>>32) ^ c[1] ^ key[0], uint32(b), uint32(a>>32) ^ c[3] ^ key[1], uint32(a)}
		key[0] += golden
		key[1] += root3
	}
	return c
}
