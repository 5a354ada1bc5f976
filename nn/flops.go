package nn

// FLOPs is the work of one run of the program: the multiplications and additions
// of its matrix products, recomputed blocks counted as often as they run. What
// takes time without products, such as norms, does not count.
func (p *Program) FLOPs() int64 {
	var n int64
	for i := range p.plan.code {
		n += p.plan.code[i].flops()
	}
	return n
}
