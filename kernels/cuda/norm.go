package cuda

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
)

// LayerNorm normalises every row of [rows, c] to mean 0 and variance 1 and applies gamma and beta, both [c]; see
// [kernels.LayerNorm]. out may be x.
func (d *Device) LayerNorm(out, x, gamma, beta []float32, rows, c int, eps float32) {
	const op = "LayerNorm"
	wantLen(op, "out", out, rows*c)
	wantLen(op, "x", x, rows*c)
	wantLen(op, "gamma", gamma, c)
	wantLen(op, "beta", beta, c)
	d.overRows("layer_norm", rows, address(out), address(x), address(gamma), address(beta), int32(rows), int32(c), eps)
}

// LayerNormGrad sets dx to the gradient of [Device.LayerNorm] with respect to x, where dy and x are [rows, c]. dx may
// be dy.
func (d *Device) LayerNormGrad(dx, dy, x, gamma []float32, rows, c int, eps float32) {
	const op = "LayerNormGrad"
	wantLen(op, "dx", dx, rows*c)
	wantLen(op, "dy", dy, rows*c)
	wantLen(op, "x", x, rows*c)
	wantLen(op, "gamma", gamma, c)
	d.overRows("layer_norm_grad", rows, address(dx), address(dy), address(x), address(gamma), int32(rows), int32(c),
		eps)
}

// GroupNorm normalises x of shape [b, hw, c] over each group of c/groups consecutive channels and all hw positions of
// a batch entry, applies gamma and beta, both [c], and then act; see [kernels.GroupNorm]. groups must divide c. out
// may be x.
func (d *Device) GroupNorm(out, x, gamma, beta []float32, b, hw, c, groups int, eps float32, act kernels.Activation) {
	g := d.groupNorm("GroupNorm", out, x, gamma, beta, b, hw, c, groups)
	if len(x) == 0 {
		return
	}
	stats := g.stats(address(x), eps)
	d.overElements("group_norm_apply", len(x), address(out), address(x), address(gamma), address(beta), stats,
		int64(len(x)), int32(hw), int32(c), int32(groups), flag(act == kernels.SiLU))
}

// GroupNormGrad sets dx to the gradient of [Device.GroupNorm], act included, with respect to x, where dx, dy and x are
// [b, hw, c]. dx may be dy.
func (d *Device) GroupNormGrad(dx, dy, x, gamma, beta []float32, b, hw, c, groups int, eps float32,
	act kernels.Activation) {
	g := d.groupNorm("GroupNormGrad", dx, x, gamma, beta, b, hw, c, groups)
	wantLen("GroupNormGrad", "dy", dy, len(dx))
	if len(x) == 0 {
		return
	}
	stats := g.stats(address(x), eps)
	partial, means := d.temporary(slotPartial, 2*g.parts*g.all()), d.temporary(slotMeans, 2*g.all())
	d.launch("group_norm_comoments", g.grid(), [3]uint32{wide, 1, 1}, 0, partial, address(dy), address(x),
		address(gamma), address(beta), stats, int32(hw), int32(c), int32(groups), int32(g.rows),
		flag(act == kernels.SiLU))
	d.launch("group_norm_means", [3]uint32{uint32(g.all()), 1, 1}, [3]uint32{warp, 1, 1}, 0, means, partial,
		int32(g.parts), int32(hw), int32(c/groups))
	d.overElements("group_norm_grad", len(x), address(dx), address(dy), address(x), address(gamma), address(beta),
		stats, means, int64(len(x)), int32(hw), int32(c), int32(groups), flag(act == kernels.SiLU))
}

// groupNorm is one call of GroupNorm or GroupNormGrad. Groups are cut into parts of so many rows, which depend on the
// shape alone, for sums to have one order.
type groupNorm struct {
	d                *Device
	b, hw, c, groups int
	rows, parts      int
}

// partNumbers is about how many numbers a part has: enough for a block of threads to be worth it.
const partNumbers = 4096

func (d *Device) groupNorm(op string, out, x, gamma, beta []float32, b, hw, c, groups int) groupNorm {
	wantLen(op, "the result", out, b*hw*c)
	wantLen(op, "x", x, b*hw*c)
	wantLen(op, "gamma", gamma, c)
	wantLen(op, "beta", beta, c)
	if groups < 1 || c < 1 || c%groups != 0 {
		panic(fmt.Sprintf("cuda: %s: %d groups do not divide %d channels", op, groups, c))
	}
	rows := max(partNumbers*groups/c, 1)
	return groupNorm{d: d, b: b, hw: hw, c: c, groups: groups, rows: rows, parts: (hw + rows - 1) / rows}
}

// all is the number of groups of all entries.
func (g groupNorm) all() int { return g.b * g.groups }

func (g groupNorm) grid() [3]uint32 { return [3]uint32{uint32(g.parts), uint32(g.groups), uint32(g.b)} }

// stats launches what takes each group's mean and deviation.
func (g groupNorm) stats(x uintptr, eps float32) uintptr {
	partial := g.d.temporary(slotPartial, 2*g.parts*g.all())
	stats := g.d.temporary(slotStats, 2*g.all())
	g.d.launch("group_norm_moments", g.grid(), [3]uint32{wide, 1, 1}, 0, partial, x, int32(g.hw), int32(g.c),
		int32(g.groups), int32(g.rows))
	g.d.launch("group_norm_stats", [3]uint32{uint32(g.all()), 1, 1}, [3]uint32{warp, 1, 1}, 0, stats, partial,
		int32(g.parts), int32(g.hw), int32(g.c/g.groups), int32(g.rows), eps)
	return stats
}
