package cuda

import (
	"fmt"
	"math"
)

// gemm is a product out[m, n] = Σ left[m, k]·right[k, n] + bias + residual of src/gemm.h, by which linear layers,
// convolutions and their gradients are computed. Addresses of bias and residual are 0 where there is none.
type gemm struct {
	kind                         string // forward, or grad for weights that are read the other way
	memory, math                 format
	out, x, w                    uintptr
	bias, residual               uintptr
	factor                       uintptr // of a gradient, see gradFactor
	m, n, k                      int
	inputs                       int // of x
	windows                      windows
	side, firstY, firstX, toNext int // TapOrder of src/gemm_operands.h
	places                       places
}

// windows is Windows of src/gemm_operands.h: pictures, and the windows of them that are a product's rows.
type windows struct {
	height, width, channels    int
	outHeight, outWidth, tapsX int
	stride, top, left          int
}

// places is Places of src/gemm.h: the pictures that a result's rows are pixels of.
type places struct{ height, width, firstY, firstX, step int }

// pixels are windows of a linear layer: every row is a picture of one pixel.
func pixels(channels int) windows {
	return windows{height: 1, width: 1, channels: channels, outHeight: 1, outWidth: 1, tapsX: 1, stride: 1}
}

// onePixel are the places of a linear layer's rows.
var onePixel = places{height: 1, width: 1, step: 1}

// gemmDepth is gemm_depth of src/gemm_operands.h: how many numbers of the sum are one step.
func gemmDepth(math format) int { return 64 / math.bytes() }

const (
	gemmStages = 3   // tiles of each operand in shared memory
	gemmRows   = 128 // of a tile of the result
	wideTile   = 128 // columns of it
	narrowTile = 64
)

// gemmPlan is how a product is spread over a device.
type gemmPlan struct {
	columns int // of tiles
	parts   int // that the sum is cut into
	part    int // numbers of one
}

// processors is how many multiprocessors products are spread over. It is that of an A100, on every device, so that
// results do not depend on where they are computed.
const processors = 108

// plan weighs wide tiles, which read operands less often, against narrow ones, of which there are more and which waste
// less where the result ends; and parts of the sum, which keep more processors busy, against the work of adding them
// up. columns are those of all tiles, or 0 for the best.
func (g *gemm) plan(columns int) gemmPlan {
	const shortest, mostParts = 4, 16 // steps in a part; parts, which take memory
	steps := int(blocks(g.k, gemmDepth(g.math)))
	best, least := gemmPlan{}, math.Inf(1)
	for _, c := range []int{narrowTile, wideTile} {
		for parts := 1; parts <= mostParts && (parts == 1 || steps >= parts*shortest); parts++ {
			part := int(blocks(steps, parts))
			p := gemmPlan{c, max(1, int(blocks(steps, max(1, part)))), part * gemmDepth(g.math)}
			if t := g.time(p); (columns == 0 || columns == c) && t < least {
				best, least = p, t
			}
		}
	}
	return best
}

// blocks is how many a plan has.
func (g *gemm) blocks(p gemmPlan) int {
	return int(blocks(g.m, gemmRows)*blocks(g.n, p.columns)) * p.parts
}

// time estimates how long a plan takes, in products that a processor computes meanwhile.
func (g *gemm) time(p gemmPlan) float64 {
	const (
		narrowTiles = 0.9 // speed of narrow tiles
		oneSum      = 4   // time for a number of a part to be written and read, by way of the L2 cache
		launch      = 2e6 // time from one kernel to the next
	)
	each := (g.blocks(p) + processors - 1) / processors // blocks of a processor, which two or three keep busy
	speed := min(1, 0.4+0.3*float64(each)*float64(p.columns)/narrowTile/2)
	if p.columns == narrowTile {
		speed *= narrowTiles
	}
	time := float64(each*gemmRows*p.columns*p.part) / speed
	sum := 0.0
	if p.parts > 1 {
		sum = float64(p.parts*g.m*g.n)*oneSum + launch
	}
	if g.math == f32 {
		sum /= 16 // as much slower are products without tensor cores
	}
	return time + sum
}

// gemm launches a product.
func (d *Device) gemm(op string, g gemm) {
	g.math = d.math
	if g.m == 0 || g.n == 0 {
		return
	}
	for _, count := range []int{g.inputs, g.n * g.k} {
		if count > math.MaxInt32 {
			panic(fmt.Sprintf("cuda: %s: an operand has %d numbers, kernels take %d at most", op, count, math.MaxInt32))
		}
	}
	plan := g.plan(d.tile)
	if plan.parts == 1 {
		d.gemmKernel(g, plan)
		return
	}
	whole := g
	g.out, g.bias, g.residual, g.places = d.temporary(slotParts, plan.parts*g.m*g.n), 0, 0, onePixel
	d.gemmKernel(g, plan)
	d.gemmSum(whole, g.out, plan.parts)
}

func (d *Device) gemmKernel(g gemm, p gemmPlan) {
	v := g.windows
	args := []any{g.out, g.x, g.w, g.bias, g.residual, g.factor, int32(g.m), int32(g.n), int32(g.k), int32(p.part),
		int32(v.height), int32(v.width), int32(v.channels), int32(v.outHeight), int32(v.outWidth), int32(v.tapsX),
		int32(v.stride), int32(v.top), int32(v.left), int32(g.side), int32(g.firstY), int32(g.firstX), int32(g.toNext)}
	d.launch(fmt.Sprintf("gemm_%s_%v_%v_%d", g.kind, g.memory, g.math, p.columns),
		[3]uint32{uint32(g.blocks(p) / p.parts), uint32(p.parts), 1}, [3]uint32{threads, 1, 1},
		gemmStages*(gemmRows+p.columns)*gemmDepth(g.math)*g.math.bytes(), append(args, g.places.arguments()...)...)
}

// gemmSum adds up the parts of a product's sums.
func (d *Device) gemmSum(g gemm, sums uintptr, parts int) {
	args := []any{g.out, sums, g.bias, g.residual, int32(parts), int32(g.m), int32(g.n), int32(g.windows.outHeight),
		int32(g.windows.outWidth)}
	d.overElements("gemm_sum", g.m*g.n, append(args, g.places.arguments()...)...)
}

// arguments are those of kernels.
func (p places) arguments() []any {
	return []any{int32(p.height), int32(p.width), int32(p.firstY), int32(p.firstX), int32(p.step)}
}

// gradFactor is where the device has the power of two that a gradient is multiplied by before its numbers are rounded
// to float16, which has none as small as they may be: it brings the largest to between 1/2 and 1. It is 0 for other
// numbers.
func (d *Device) gradFactor(dy []float32) uintptr {
	const most, size = 256, 256
	if d.math != f16 {
		return 0
	}
	n := max(1, min(blocks(len(dy), size), most))
	largest, factor := d.temporary(slotMagnitudes, int(n)), d.temporary(slotFactor, 1)
	d.launch("gemm_largest", [3]uint32{n, 1, 1}, [3]uint32{size, 1, 1}, 0, largest, address(dy), int64(len(dy)))
	d.launch("gemm_factor", [3]uint32{1, 1, 1}, [3]uint32{size, 1, 1}, 0, factor, largest, int32(n))
	return factor
}
