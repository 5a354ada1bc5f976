package gemm

import "testing"

// TestDivide checks that jobs cover a product once, and that threads get equally many
// of about the same size.
func TestDivide(t *testing.T) {
	eachLevel(t, func(t *testing.T, p *Primitives) {
		for _, size := range [][3]int{
			{0, 5, 3}, {1, 1, 1}, {1, 1280, 1280}, {64, 10240, 1280}, {77, 320, 768}, {257, 1024, 4096}, {1024, 5120, 640},
			{4096, 320, 320}, {4096, 2560, 320}, {4096, 4, 2880}, {65536, 128, 1152},
		} {
			for _, threads := range []int{1, 2, 3, 16} {
				q := Product{M: size[0], N: size[1], K: size[2]}
				testDivide(t, p, &q, threads)
			}
		}
	})
}

func testDivide(t *testing.T, p *Primitives, q *Product, threads int) {
	t.Helper()
	g := divide(p, q, 4*threads, threads)
	covered, most := 0, 0
	for i := range g.rows.Count {
		m0, m1 := g.rows.At(i)
		for j := range g.cols.Count {
			n0, n1 := g.cols.At(j)
			if n1-n0 > maxWidth {
				t.Errorf("%d×%d×%d: a job is %d columns wide", q.M, q.N, q.K, n1-n0)
			}
			covered += (m1 - m0) * (n1 - n0)
			most = max(most, (m1-m0)*(n1-n0))
		}
	}
	if covered != q.M*q.N {
		t.Errorf("%d×%d×%d: %d numbers in jobs", q.M, q.N, q.K, covered)
	}
	// Parts differ by a tile at most, and there are no smaller ones than one tile.
	rounds := (g.jobs() + threads - 1) / threads
	if longest := rounds * most; q.M*q.N*q.K > 1<<26 && longest*threads > covered*5/4 {
		t.Errorf("%d×%d×%d: %d jobs for %d threads: one takes up to %d numbers of %d", q.M, q.N, q.K, g.jobs(), threads, longest, covered)
	}
}
