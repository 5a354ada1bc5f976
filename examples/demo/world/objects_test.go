package world

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func drawObject(o Subject, seed uint64) (*Surface, string) {
	s := NewSurface(128)
	colour := o.draw(s, rand.New(rand.NewPCG(seed, subjectStream)))
	return s, colour
}

func eachObject(t *testing.T, f func(t *testing.T, o Subject)) {
	for _, o := range []Subject{hazelnut(), bottleCap(), metalNut(), capsule(), cookie()} {
		t.Run(o.Name, func(t *testing.T) { f(t, o) })
	}
}

func TestObjectsAreWithinRange(t *testing.T) {
	eachObject(t, func(t *testing.T, o Subject) {
		if !o.Object {
			t.Error("not marked as an object")
		}
		for seed := range uint64(8) {
			s, _ := drawObject(o, seed)
			for i, a := range s.Albedo {
				for name, v := range map[string]float32{"red": a.R, "green": a.G, "blue": a.B, "gloss": s.Gloss[i], "cover": s.Cover[i]} {
					if !(v >= 0 && v <= 1) {
						t.Fatalf("seed %d, cell %d: %s is %g, want 0 to 1", seed, i, name, v)
					}
				}
				if h := s.Height[i]; !(h >= 0 && h <= 0.35) {
					t.Fatalf("seed %d, cell %d: height is %g, want 0 to 0.35", seed, i, h)
				}
				if s.Cover[i] == 0 && s.Height[i] != 0 {
					t.Fatalf("seed %d, cell %d: the background is %g high, want 0", seed, i, s.Height[i])
				}
			}
		}
	})
}

func TestObjectsFillTheirPart(t *testing.T) {
	eachObject(t, func(t *testing.T, o Subject) {
		for seed := range uint64(16) {
			s, _ := drawObject(o, seed)
			var sum, height float64
			partial := 0
			for i, c := range s.Cover {
				sum += float64(c)
				height += float64(c * s.Height[i])
				if c > 0 && c < 1 {
					partial++
				}
			}
			if part := sum / float64(len(s.Cover)); part < 0.15 || part > 0.65 {
				t.Errorf("seed %d: covers %.2f of the picture, want 0.15 to 0.65", seed, part)
			}
			if mean := height / sum; mean < 0.04 {
				t.Errorf("seed %d: stands %.3f high, want at least 0.04", seed, mean)
			}
			if partial > len(s.Cover)/12 {
				t.Errorf("seed %d: %d cells are half covered, want a narrow edge only", seed, partial)
			}
		}
	})
}

// A part that the picture's border cuts would be a defect of the drawing.
func TestObjectsAreInView(t *testing.T) {
	eachObject(t, func(t *testing.T, o Subject) {
		for seed := range uint64(32) {
			s, _ := drawObject(o, seed)
			for i := range s.Size {
				last := s.Size * (s.Size - 1)
				for _, cell := range []int{i, last + i, i * s.Size, i*s.Size + s.Size - 1} {
					if s.Cover[cell] != 0 {
						t.Fatalf("seed %d: cell %d of the border is covered", seed, cell)
					}
				}
			}
		}
	})
}

func TestNutHasAHole(t *testing.T) {
	for seed := range uint64(8) {
		s, _ := drawObject(metalNut(), seed)
		var x, y, sum float64
		s.Each(func(i int, cx, cy float32) {
			c := float64(s.Cover[i])
			x, y, sum = x+c*float64(cx), y+c*float64(cy), sum+c
		})
		middle := int(y/sum*float64(s.Size))*s.Size + int(x/sum*float64(s.Size))
		if s.Cover[middle] != 0 {
			t.Errorf("seed %d: cover is %g in the middle of the nut, want 0", seed, s.Cover[middle])
		}
	}
}

func TestObjectsFollowTheSeed(t *testing.T) {
	eachObject(t, func(t *testing.T, o Subject) {
		a, colourA := drawObject(o, 5)
		b, colourB := drawObject(o, 5)
		if colourA != colourB || !slices.Equal(a.Albedo, b.Albedo) || !slices.Equal(a.Height, b.Height) ||
			!slices.Equal(a.Gloss, b.Gloss) || !slices.Equal(a.Cover, b.Cover) {
			t.Error("the same seed gave two surfaces")
		}
		c, _ := drawObject(o, 6)
		differ := 0
		for i := range a.Albedo {
			if math.Abs(float64(a.Albedo[i].G-c.Albedo[i].G)) > 0.01 {
				differ++
			}
		}
		if differ < len(a.Albedo)/4 {
			t.Errorf("only %d of %d cells differ between two seeds", differ, len(a.Albedo))
		}
	})
}

func TestColoursAreNamed(t *testing.T) {
	for _, c := range []struct {
		subject Subject
		want    []string
	}{
		{bottleCap(), []string{"red", "blue", "green", "yellow", "white", "black"}},
		{capsule(), []string{"red", "blue", "green", "orange", "yellow", "purple"}},
		{metalNut(), []string{"silver", "brass", "black"}},
	} {
		seen := map[string]bool{}
		for seed := range uint64(40) {
			s := NewSurface(16)
			seen[c.subject.draw(s, rand.New(rand.NewPCG(seed, subjectStream)))] = true
		}
		for _, word := range c.want {
			if !seen[word] {
				t.Errorf("%s: no seed of 40 is %s", c.subject.Name, word)
			}
			delete(seen, word)
		}
		for word := range seen {
			t.Errorf("%s: unexpected colour %q", c.subject.Name, word)
		}
	}
}
