package gemm

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestBatch compares products that are computed at once with those of one tile each.
func TestBatch(t *testing.T) {
	eachLevel(t, func(t *testing.T, p *Primitives) {
		testBatch(t, p)
		if p.Half != nil {
			t.Run("pairs", func(t *testing.T) { testBatch(t, p.Half) })
		}
	})
}

func testBatch(t *testing.T, p *Primitives) {
	const count, padding = 3, 5
	r := rand.New(rand.NewPCG(1, 2))
	for _, rows := range []int{1, p.Rows/2 + 1, p.Rows} {
		for _, cols := range []int{p.Cols, p.Cols / 4} {
			for _, k := range []int{1, 16, 37} {
				for _, add := range []bool{false, true} {
					_, width := p.tile(cols)
					b := Batch{
						LDC: width + padding, NextC: rows*(width+padding) + padding,
						LDA: k + padding, NextA: rows*(k+padding) + padding, NextPanel: k*p.Cols + padding,
						K: k, Rows: rows, Cols: cols, Count: count, Add: add,
					}
					b.A, b.Panel = packedAtRandom(r, p, count*b.NextA), packedAtRandom(r, p, count*b.NextPanel)
					start := newRandom(r, count*b.NextC).x
					name := fmt.Sprintf("rows %d, columns %d, k %d, add %v", rows, cols, k, add)

					b.C = slices.Clone(start)
					b.Run(p)
					want := slices.Clone(start)
					for n := range count {
						tileOf(p, b, want, n)
					}
					if !slices.Equal(b.C, want) {
						t.Fatalf("%s: Run differs from one tile after the other", name)
					}
				}
			}
		}
	}
}

// TestBatchTall compares a product of more rows than a tile has with its tiles.
func TestBatchTall(t *testing.T) {
	eachLevel(t, func(t *testing.T, p *Primitives) {
		for _, p := range []*Primitives{p, p.Half} {
			if p == nil {
				continue
			}
			r := rand.New(rand.NewPCG(3, 4))
			for _, rows := range []int{0, 1, p.Rows, p.Rows + 1, 3*p.Rows + p.Rows/2} {
				const k = 21
				b := Batch{LDC: p.Cols, LDA: k, K: k, Rows: rows, Cols: p.Cols}
				b.A, b.Panel, b.C = packedAtRandom(r, p, rows*k), packedAtRandom(r, p, k*p.Cols), make([]float32, rows*p.Cols)
				b.RunTall(p)
				want := make([]float32, len(b.C))
				for row := range rows {
					p.Tiles[0](want[row*p.Cols:], p.Cols, b.A[row*k:], k, b.Panel, k, nil, 0, nil, 1, 1, nil)
				}
				for i := range want {
					if d := b.C[i] - want[i]; !(d*d < 1e-8) {
						t.Fatalf("%d rows: number %d is %v, want %v", rows, i, b.C[i], want[i])
					}
				}
			}
		}
	})
}

// packedAtRandom is n elements of an operand.
func packedAtRandom(r *rand.Rand, p *Primitives, n int) []float32 {
	x := make([]float32, n)
	if n > 0 {
		p.Lines(x, n, newRandom(r, n*p.Depth).x, n*p.Depth, 1, n)
	}
	return x
}

// tileOf computes product n of a batch, into c, by a single tile.
func tileOf(p *Primitives, b Batch, c []float32, n int) {
	tile, _ := p.tile(b.Cols)
	c = c[n*b.NextC:]
	var add []float32
	if b.Add {
		add = c
	}
	tile(c, b.LDC, b.A[n*b.NextA:], b.LDA, b.Panel[n*b.NextPanel:], b.K, add, b.LDC, nil, b.Rows, 1, nil)
}
