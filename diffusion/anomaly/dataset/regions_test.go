package dataset

import (
	"image"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// drawn is a mask of a text, white where it has #.
func drawn(rows ...string) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, len(rows[0]), len(rows)))
	for y, row := range rows {
		for x, c := range row {
			if c == '#' {
				m.Pix[y*m.Stride+x] = 255
			}
		}
	}
	return m
}

// masks are shapes that a tracer may get wrong.
var masks = map[string][]string{
	"nothing":          {"...", "..."},
	"a pixel":          {"#"},
	"all":              {"####", "####"},
	"a step":           {"#..", "##.", "###"},
	"corners":          {"#.#", ".#.", "#.#"},
	"two":              {"##..#", "....#"},
	"a hole":           {"####", "#..#", "####"},
	"a ring of corner": {".#.", "#.#", ".#."},
	"hole at a corner": {"##.", "#.#", "###"},
	"holes in a row":   {"########", "#.#..#.#", "########"},
	"holes that touch": {"######", "#.####", "##.###", "###.##", "######"},
	"one within":       {"#######", "#.....#", "#.###.#", "#.#.#.#", "#.###.#", "#.....#", "#######"},
	"a comb":           {"#.#.#.#", "#.#.#.#", "#######"},
	"a spiral":         {"######", "#....#", "#.##.#", "#.#..#", "#.####"},
	"at the border":    {".##.", "#..#", "#..#", ".##."},
	"chessboard":       {"#.#.#.#.", ".#.#.#.#", "#.#.#.#.", ".#.#.#.#"},
}

func TestTrace(t *testing.T) {
	for name, rows := range masks {
		t.Run(name, func(t *testing.T) { checkTrace(t, drawn(rows...)) })
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		m := image.NewGray(image.Rect(0, 0, 1+r.IntN(24), 1+r.IntN(24)))
		share := r.Float64()
		for i := range m.Pix {
			if r.Float64() < share {
				m.Pix[i] = uint8(128 + r.IntN(128))
			}
		}
		checkTrace(t, m)
	}
}

// TestTraceLarge has as many regions and holes as pixels allow, for which nothing may take time
// that grows faster than they do.
func TestTraceLarge(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 300, 300))
	for i := range m.Pix {
		if i/300%2 == 0 && i%2 == 0 || i%299 == 0 {
			m.Pix[i] = 255
		}
	}
	checkTrace(t, m)
	for i := range m.Pix {
		m.Pix[i] = 255 - m.Pix[i]
	}
	checkTrace(t, m)
}

// checkTrace wants the polygons, filled by either rule, to give the mask again, each region once.
func checkTrace(t *testing.T, mask *image.Gray) {
	t.Helper()
	regions, err := Trace(mask)
	if err != nil {
		t.Fatal(err)
	}
	w, h := mask.Rect.Dx(), mask.Rect.Dy()
	sum := make([]int, w*h) // how often a pixel is in a region
	for _, r := range regions {
		area, box := 0, image.Rectangle{}
		for i, n := range windings(t, r) {
			if n != 0 && n != 1 {
				t.Fatalf("a polygon goes %d times around a pixel of\n%s", n, textOf(mask))
			}
			if n == 1 {
				x, y := r.Box.Min.X+i%(r.Box.Dx()+1), r.Box.Min.Y+i/(r.Box.Dx()+1)
				area++
				box = box.Union(image.Rect(x, y, x+1, y+1))
				sum[y*w+x]++
			}
		}
		if area != r.Area || box != r.Box {
			t.Errorf("area %d and box %v, want those of the polygon, %d and %v", r.Area, r.Box, area, box)
		}
	}
	for i, n := range sum {
		if want := int(mask.Pix[i] >> 7); n != want {
			t.Fatalf("pixel %d is in %d regions, want %d, of\n%s", i, n, want, textOf(mask))
		}
	}
	if got := len(regions); got != countRegions(mask) {
		t.Errorf("%d regions, want %d, of\n%s", got, countRegions(mask), textOf(mask))
	}
}

// windings counts how often a region's polygon goes around each pixel of its box and of a column
// beside it.
func windings(t *testing.T, r Region) []int {
	t.Helper()
	w := r.Box.Dx() + 1
	n := make([]int, w*r.Box.Dy())
	for i, p := range r.Polygon {
		q := r.Polygon[(i+1)%len(r.Polygon)]
		if p.X != q.X && p.Y != q.Y || p == q {
			t.Fatalf("the polygon goes from %v to %v", p, q)
		}
		if out := (image.Rectangle{r.Box.Min, r.Box.Max.Add(image.Pt(1, 1))}); !p.In(out) {
			t.Fatalf("%v is outside of %v", p, r.Box)
		}
		if p.X == q.X {
			for y := min(p.Y, q.Y); y < max(p.Y, q.Y); y++ {
				n[(y-r.Box.Min.Y)*w+p.X-r.Box.Min.X] += sign(p.Y - q.Y)
			}
		}
	}
	for i := range n {
		if i%w > 0 {
			n[i] += n[i-1]
		}
	}
	return n
}

// countRegions counts by joining neighbours one by one.
func countRegions(mask *image.Gray) int {
	parent := map[image.Point]image.Point{}
	root := func(p image.Point) image.Point {
		for parent[p] != p {
			parent[p] = parent[parent[p]]
			p = parent[p]
		}
		return p
	}
	n := 0
	for y := range mask.Rect.Dy() {
		for x := range mask.Rect.Dx() {
			if mask.GrayAt(x, y).Y < 128 {
				continue
			}
			p := image.Pt(x, y)
			parent[p] = p
			n++
			for _, d := range []image.Point{{-1, 0}, {-1, -1}, {0, -1}, {1, -1}} {
				if q := p.Add(d); q.In(mask.Rect) && mask.GrayAt(q.X, q.Y).Y >= 128 && root(p) != root(q) {
					parent[root(p)] = root(q)
					n--
				}
			}
		}
	}
	return n
}

func textOf(mask *image.Gray) string {
	var b strings.Builder
	for y := range min(mask.Rect.Dy(), 40) {
		for x := range min(mask.Rect.Dx(), 100) {
			b.WriteByte(".#"[mask.GrayAt(x, y).Y>>7])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestPolygon(t *testing.T) {
	regions, err := Trace(drawn(
		"####.",
		"#..#.",
		"####.",
		"....#"))
	if err != nil {
		t.Fatal(err)
	}
	pt := image.Pt
	want := []Region{{
		Polygon: []image.Point{pt(0, 0), pt(4, 0), pt(4, 3), pt(5, 3), pt(5, 4), pt(4, 4), pt(4, 3), pt(0, 3), pt(0, 1), pt(1, 1), pt(1, 2), pt(3, 2), pt(3, 1), pt(0, 1)},
		Box:     image.Rect(0, 0, 5, 4), Area: 11,
	}}
	if diff := cmp.Diff(want, regions); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// TestTracePart traces a mask that is a part of a larger picture.
func TestTracePart(t *testing.T) {
	whole := drawn("......", "..##..", "..#...", "......")
	part := whole.SubImage(image.Rect(1, 1, 5, 3)).(*image.Gray)
	got, err := Trace(part)
	if err != nil || len(got) != 1 || got[0].Box != image.Rect(1, 0, 3, 2) || got[0].Area != 3 {
		t.Errorf("%+v, %v", got, err)
	}
}
