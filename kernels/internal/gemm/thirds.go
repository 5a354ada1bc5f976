package gemm

// On AMX a product of float32 numbers with weights in half precision is fastest as
// several of bfloat16 numbers. A float32 is the sum of three, x₀+x₁+x₂, each what is
// left of it rounded to eight bits; a float16 is the sum of two, y₀+y₁, and a bfloat16
// is one. All products of them are summed but x₂·y₁, which is below 2⁻²⁴ of x·y, like
// what x·y itself loses when rounded: five, or three (Henry, Tang and Heinecke,
// "Leveraging the bfloat16 Artificial Intelligence Datatype For Higher-Precision
// Computations", ARITH 2019). Weights in float32 would take six, and the sixth of a
// tile's speed is no more than that of AVX-512 where two threads share a core.
//
// 16 pairs of the first parts lie together, then the same ones of the next parts, then
// the next 16 pairs. There is no remainder: K and N are multiples of grain. Infinities,
// and numbers that bfloat16 would round to one, make NaNs of the sums they are in.
const grain = 32

// fewThirds is how many rows a product has at the least for splitting weights to pay.
const fewThirds = 24

// thirds are the primitives of a product of numbers in parts, nil where it suits none.
func (q *Product) thirds(p *Primitives) *Primitives {
	if q.K%grain != 0 || q.N%grain != 0 || q.M < fewThirds || q.Left.runs()%grain != 0 || q.Right.runs()%grain != 0 {
		return nil
	}
	return p.Thirds[q.Right.format()]
}

// left and right are how many elements so many numbers of an operand take.
func (p *Primitives) left(numbers int) int  { return numbers / p.Depth * p.LeftParts }
func (p *Primitives) right(numbers int) int { return numbers / p.Depth * p.RightParts }
