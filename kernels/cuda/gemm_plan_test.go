package cuda

import "testing"

// TestPlans holds plans to covering the sum, and those of layers of Stable Diffusion's to keeping a GPU busy.
func TestPlans(t *testing.T) {
	for _, c := range []struct {
		name          string
		m, n, k       int
		columns, most int // the tile that is expected, and the least number of blocks
	}{
		{"the UNet's first level", 8192, 320, 320, 0, 192},
		{"its feed-forward layer", 8192, 2560, 320, wideTile, 1024},
		{"the last level", 128, 1280, 1280, narrowTile, 100},
		{"the text's keys", 154, 320, 768, narrowTile, 40},
		{"a convolution", 8192, 320, 2880, 0, 192},
		{"a convolution of the VAE", 262144, 256, 2304, wideTile, 1024},
		{"a convolution of the last level", 128, 1280, 11520, 0, 100},
		{"a vector", 2, 1280, 320, narrowTile, 20},
		{"one number", 1, 1, 1, narrowTile, 1},
		{"no sum", 5, 5, 0, narrowTile, 1},
	} {
		for _, math := range []format{f32, f16} {
			g := gemm{m: c.m, n: c.n, k: c.k, math: math}
			p := g.plan(0)
			t.Logf("%s, %v: %+v", c.name, math, p)
			if p.part%gemmDepth(math) != 0 || p.part*p.parts < c.k || c.k > 0 && p.part*(p.parts-1) >= c.k {
				t.Errorf("%s: %d parts of %d do not cut a sum of %d", c.name, p.parts, p.part, c.k)
			}
			if c.columns != 0 && p.columns != c.columns {
				t.Errorf("%s, %v: tiles of %d, want %d", c.name, math, p.columns, c.columns)
			}
			if n := g.blocks(p); n < c.most {
				t.Errorf("%s, %v: %d blocks, want %d at least", c.name, math, n, c.most)
			}
		}
	}
}
