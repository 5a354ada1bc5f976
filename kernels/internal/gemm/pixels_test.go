package gemm

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/kernels/internal/isa"
)

// TestPixels compares the rows of packed pixels with those of packed windows, element by element.
func TestPixels(t *testing.T) {
	p := table[isa.AMX].Half
	if p == nil {
		t.Skip("this processor or build cannot make pairs of bfloat16 numbers")
	}
	for _, m := range []Windows{
		{H: 4, W: 32, C: 32, OutH: 4, OutW: 32, KH: 3, KW: 3, Stride: 1, OffY: -1, OffX: -1},
		{H: 5, W: 64, C: 160, OutH: 5, OutW: 64, KH: 3, KW: 3, Stride: 1, OffY: -1, OffX: -1},
		{H: 3, W: 33, C: 64, OutH: 2, OutW: 32, KH: 3, KW: 3, Stride: 1, OffY: 0, OffX: 0},
		{H: 3, W: 30, C: 32, OutH: 4, OutW: 32, KH: 1, KW: 5, Stride: 1, OffY: -1, OffX: -3},
		{H: 3, W: 40, C: 1280, OutH: 3, OutW: 32, KH: 3, KW: 3, Stride: 1, OffY: -1, OffX: 2},
	} {
		testPixels(t, p, m, 2)
	}
}

func testPixels(t *testing.T, p *Primitives, m Windows, pictures int) {
	t.Helper()
	r := rand.New(rand.NewPCG(3, uint64(m.C)))
	m.X = newRandom(r, pictures*m.H*m.W*m.C).x
	q := Product{M: pictures * m.OutH * m.OutW, N: 32, K: m.KH * m.KW * m.C, Left: m, Right: Transposed{}, Half: true}
	if _, ok := q.asPixels(p); !ok {
		t.Fatalf("%+v is not packed by pixels", m)
	}
	pixels := q.packPixels(p, m, inOrder)
	defer pixels.Free()
	depths := q.depths(p)
	for d := range depths.Count {
		k0, k1 := depths.At(d)
		want := make([]float32, k1-k0)
		for row := range q.M {
			got, _ := pixels.from(d, row)
			m.pack(p, want, 0, row, 1, k0*p.Depth, k1*p.Depth)
			if !slices.EqualFunc(got[:len(want)], want, same) {
				t.Fatalf("%+v: row %d from element %d on is\n%v, want\n%v", m, row, k0, got[:len(want)], want)
			}
			if row%p.Rows > 0 {
				first, lda := pixels.from(d, row-row%p.Rows)
				if &first[row%p.Rows*lda] != &got[0] {
					t.Fatalf("%+v: row %d is not %d elements behind the one before", m, row, lda)
				}
			}
		}
	}
}
