package world

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// each calls f for every pair of a subject and a defect, with some seeds.
func each(f func(s Subject, d Defect, seed uint64)) {
	for i, s := range Subjects() {
		for j, d := range Defects() {
			for k := range 2 {
				f(s, d, uint64(100*i+10*j+k))
			}
		}
	}
}

// areas are the least and the most pixels of 128×128 that a defect has. The
// wires of a mesh are a part of its area, and so is what a bite takes.
var areas = map[string][2]int{
	"crack": {25, 800}, "scratch": {20, 600}, "hole": {35, 420},
	"stain": {25, 1500}, "dent": {80, 900}, "missing chunk": {50, 1100},
}

// TestDefectsShow checks that a mask is where the picture has changed: inside it
// the picture is another, and away from it the same. Up to reach pixels away
// a change of height may lighten or darken what is there.
func TestDefectsShow(t *testing.T) {
	const size, reach = 128, 14
	each(func(s Subject, d Defect, seed uint64) {
		good, bad := Draw(s, nil, seed, size), Draw(s, &d, seed, size)
		name := fmt.Sprintf("a %s on a %s, seed %d", d.Name, s.Name, seed)
		area, inside, away, changed := 0, 0, 0, 0
		far := farFrom(bad.Mask, size, reach)
		for p, m := range bad.Mask {
			difference := 0
			for c := 3 * p; c < 3*p+3; c++ {
				difference = max(difference, int(good.Picture[c])-int(bad.Picture[c]), int(bad.Picture[c])-int(good.Picture[c]))
			}
			switch {
			case m > 0:
				area++
				inside += difference
			case far[p]:
				away++
				if difference > 3 {
					changed++
				}
			}
		}
		limits := areas[d.Name]
		if area < limits[0] || area > limits[1] {
			t.Errorf("%s: %d pixels, want %d to %d", name, area, limits[0], limits[1])
		}
		if mean := float64(inside) / float64(max(area, 1)); mean < 12 {
			t.Errorf("%s: the defect changes its pixels by %.1f of 255 only", name, mean)
		}
		if changed*200 > away {
			t.Errorf("%s: %d of %d pixels away from the defect change", name, changed, away)
		}
	})
}

// farFrom marks the pixels that are more than reach from a mask in x or in y.
func farFrom(mask []byte, size, reach int) []bool {
	far := slices.Repeat([]bool{true}, len(mask))
	for p, m := range mask {
		if m == 0 {
			continue
		}
		x, y := p%size, p/size
		for v := max(0, y-reach); v <= min(size-1, y+reach); v++ {
			for u := max(0, x-reach); u <= min(size-1, x+reach); u++ {
				far[v*size+u] = false
			}
		}
	}
	return far
}

// TestDefectsStayOnTheSubject checks the rule of Defect.apply, for cells.
func TestDefectsStayOnTheSubject(t *testing.T) {
	each(func(sub Subject, d Defect, seed uint64) {
		s := NewSurface(192)
		sub.draw(s, rand.New(rand.NewPCG(seed, 1)))
		cover := slices.Clone(s.Cover)
		albedo, height := slices.Clone(s.Albedo), slices.Clone(s.Height)
		for i, c := range d.apply(s, rand.New(rand.NewPCG(seed, 2))) {
			if c < 0 || c > 1 || c > cover[i] {
				t.Fatalf("a %s on a %s, seed %d: %g of cell %d, where the subject is %g", d.Name, sub.Name, seed, c, i, cover[i])
			}
			if cover[i] == 0 && (s.Albedo[i] != albedo[i] || s.Height[i] != height[i] || s.Cover[i] != 0) {
				t.Fatalf("a %s on a %s, seed %d: the background changes in cell %d", d.Name, sub.Name, seed, i)
			}
		}
	})
}

// TestChunksOfObjectsAreGone checks that the background shows in their place,
// and that nothing but a missing chunk lets it show.
func TestChunksOfObjectsAreGone(t *testing.T) {
	each(func(sub Subject, d Defect, seed uint64) {
		s := NewSurface(192)
		sub.draw(s, rand.New(rand.NewPCG(seed, 1)))
		before := s.extent()
		d.apply(s, rand.New(rand.NewPCG(seed, 2)))
		if less, want := s.extent() < before, sub.Object && d.Name == "missing chunk"; less != want {
			t.Errorf("a %s on a %s, seed %d: some of it is gone: %v, want %v", d.Name, sub.Name, seed, less, want)
		}
	})
}

// TestGap finds the ground of a mesh, which only the grid is.
func TestGap(t *testing.T) {
	for _, sub := range Subjects() {
		for seed := range uint64(5) {
			s := NewSurface(192)
			sub.draw(s, rand.New(rand.NewPCG(seed, 1)))
			if _, mesh := s.gap(); mesh != (sub.Name == "grid") {
				t.Errorf("%s, seed %d: a mesh: %v", sub.Name, seed, mesh)
			}
		}
	}
}

// TestDetails checks the longer names of the defects.
func TestDetails(t *testing.T) {
	for _, d := range Defects() {
		if len(d.Detail) < 3 {
			t.Errorf("%s: %d details, want 3 or more", d.Name, len(d.Detail))
		}
		for _, phrase := range d.Detail {
			if !strings.Contains(phrase, d.Name) || phrase == d.Name || len(strings.Fields(phrase)) > 6 {
				t.Errorf("%q is not a short phrase for a %s in more words", phrase, d.Name)
			}
		}
	}
}

// TestStainTint stands out from whatever it is on.
func TestStainTint(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, v := range []uint32{0x000000, 0xffffff, 0x808080, 0x2e2117, 0x8a3f16, 0x1c2f78, 0x35501f, 0xe6e2d6} {
		if tint := stainTint(r, Hex(v)); difference(tint, Hex(v)) < 0.25 {
			t.Errorf("a stain of %v on %06x does not show", tint, v)
		}
	}
}
