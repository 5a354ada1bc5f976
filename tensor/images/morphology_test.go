package images

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// speckled is a mask of which about a share is 1.
func speckled(r *rand.Rand, w, h int, share float64) []float32 {
	mask := make([]float32, w*h)
	for i := range mask {
		if r.Float64() < share {
			mask[i] = 1
		}
	}
	return mask
}

// drawn is a mask of rows, # for 1.
func drawn(rows ...string) (mask []float32, h, w int) {
	for _, row := range rows {
		for _, c := range row {
			mask = append(mask, map[bool]float32{true: 1}[c == '#'])
		}
	}
	return mask, len(rows), len(rows[0])
}

// asRows is drawn backwards.
func asRows(mask []float32, w int) (rows []string) {
	for row := range slices.Chunk(mask, w) {
		line := make([]byte, w)
		for i, v := range row {
			line[i] = ".#"[int(v)]
		}
		rows = append(rows, string(line))
	}
	return rows
}

// TestDistances compares with the least distance over all pixels.
func TestDistances(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range [][2]int{{1, 1}, {1, 17}, {17, 1}, {9, 13}, {16, 16}} {
		for _, share := range []float64{0, 0.02, 0.3, 1} {
			w, h := size[0], size[1]
			mask := speckled(r, w, h, share)
			got, err := Distances(mask, h, w)
			if err != nil {
				t.Fatal(err)
			}
			for i, d := range got {
				want := math.Inf(1)
				for k, m := range mask {
					if m == 1 {
						want = min(want, math.Hypot(float64(i%w-k%w), float64(i/w-k/w)))
					}
				}
				if float64(d) != want && math.Abs(float64(d)-want) > 1e-5 {
					t.Fatalf("%d×%d, share %g, pixel %d: %g, want %g", w, h, share, i, d, want)
				}
			}
		}
	}
}

func TestGrownAndClosed(t *testing.T) {
	mask, h, w := drawn(
		"........",
		".##.##..",
		".##.##..",
		"........",
		"#......#",
	)
	grown, err := Grown(mask, h, w, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := asRows(grown, w), []string{
		".##.##..",
		"#######.",
		"#######.",
		"###.##.#",
		"##....##",
	}; !slices.Equal(got, want) {
		t.Errorf("grown: %q, want %q", got, want)
	}
	mask, h, w = drawn(
		".......",
		".##.##.",
		".##.##.",
		".##.##.",
		".......",
	)
	closed, err := Closed(mask, h, w, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := asRows(closed, w), []string{
		".......",
		".##.##.",
		".#####.",
		".##.##.",
		".......",
	}; !slices.Equal(got, want) {
		t.Errorf("closed: %q, want %q", got, want)
	}
}

// TestClosedIsIdempotent: closing closes nothing twice, away from the border, and takes nothing away.
func TestClosedIsIdempotent(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		mask := speckled(r, 23, 19, 0.15)
		for i := range mask {
			if x, y := i%23, i/23; min(x, 22-x, y, 18-y) < 4 {
				mask[i] = 0
			}
		}
		once, err := Closed(mask, 19, 23, 2.5)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := Closed(once, 19, 23, 2.5)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(once, twice) {
			t.Fatal("a closed mask is not closed")
		}
		for i, m := range mask {
			if m > once[i] {
				t.Fatal("something of the mask is gone")
			}
		}
	}
}

func TestFilled(t *testing.T) {
	mask, h, w := drawn(
		"..####..",
		"..#..#..",
		"..#...#.",
		"..#####.",
		"##......",
		".#......",
	)
	filled, err := Filled(mask, h, w)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := asRows(filled, w), []string{
		"..####..",
		"..####..",
		"..#####.",
		"..#####.",
		"##......",
		".#......",
	}; !slices.Equal(got, want) {
		t.Errorf("filled: %q, want %q", got, want)
	}
}

func TestRegions(t *testing.T) {
	mask, h, w := drawn(
		"#..##",
		".#...",
		"....#",
	)
	regions, err := Regions(mask, h, w)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]int{{0, 6}, {3, 4}, {14}}
	if len(regions) != len(want) {
		t.Fatalf("%v, want %v", regions, want)
	}
	for i := range want {
		slices.Sort(regions[i])
		if !slices.Equal(regions[i], want[i]) {
			t.Errorf("region %d: %v, want %v", i, regions[i], want[i])
		}
	}
}

// TestGaussian has scipy's numbers: gaussian_filter([0, 0, 0, 1, 0, 4], 0.8), and of the same as a column.
func TestGaussian(t *testing.T) {
	line := []float32{0, 0, 0, 1, 0, 4}
	want := []float64{0.00044074, 0.0219103, 0.2300737, 0.5880807, 1.2291948, 2.9302997}
	for _, shape := range [][2]int{{1, 6}, {6, 1}} {
		got, err := Gaussian(line, shape[0], shape[1], 0.8)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, v := range got {
			sum += float64(v)
			if math.Abs(float64(v)-want[i]) > 1e-6 {
				t.Errorf("%v: number %d is %g, want %g", shape, i, v, want[i])
			}
		}
		if math.Abs(sum-5) > 1e-5 {
			t.Errorf("the sum is %g, want 5", sum)
		}
	}
	if got, err := Gaussian(line, 2, 3, 0); err != nil || !slices.Equal(got, line) {
		t.Errorf("without blur: %v, %v", got, err)
	}
}

func TestMorphologyRefuses(t *testing.T) {
	mask := make([]float32, 6)
	for name, call := range map[string]func(h, w int) error{
		"Distances":    func(h, w int) error { _, err := Distances(mask, h, w); return err },
		"Grown":        func(h, w int) error { _, err := Grown(mask, h, w, 1); return err },
		"Closed":       func(h, w int) error { _, err := Closed(mask, h, w, 1); return err },
		"Filled":       func(h, w int) error { _, err := Filled(mask, h, w); return err },
		"SquareClosed": func(h, w int) error { _, err := SquareClosed(mask, h, w, 1); return err },
		"SquareOpened": func(h, w int) error { _, err := SquareOpened(mask, h, w, 1); return err },
		"Regions":      func(h, w int) error { _, err := Regions(mask, h, w); return err },
		"Gaussian":     func(h, w int) error { _, err := Gaussian(mask, h, w, 1); return err },
	} {
		for _, size := range [][2]int{{0, 0}, {-2, -3}, {2, 2}, {1 << 40, 1 << 40}} {
			if call(size[0], size[1]) == nil {
				t.Errorf("%s of %v: no error", name, size)
			}
		}
	}
	for _, sigma := range []float64{-1, math.NaN(), math.Inf(1)} {
		if _, err := Gaussian(mask, 2, 3, sigma); err == nil {
			t.Errorf("sigma %g: no error", sigma)
		}
	}
}
