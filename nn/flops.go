package nn

// FLOPs returns the work of one run: the multiplications and additions of its matrix
// products, those of recomputed blocks twice. Operations without products, such as
// norms, do not count.
func (p *Program) FLOPs() int64 {
	var n int64
	for i := range p.plan.code {
		n += p.plan.code[i].flops()
	}
	return n
}
