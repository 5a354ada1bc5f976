package world

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var textures = []Subject{tile(), wood(), leather(), carpet(), grid(), brick(), concrete()}

const textureCells, textureSeeds = 256, 8

func layTexture(subject Subject, seed uint64) (*Surface, string) {
	s := NewSurface(textureCells)
	return s, subject.draw(s, rand.New(rand.NewPCG(seed, 1)))
}

func eachTexture(t *testing.T, check func(t *testing.T, s *Surface, colour string)) {
	for _, subject := range textures {
		t.Run(subject.Name, func(t *testing.T) {
			for seed := range uint64(textureSeeds) {
				s, colour := layTexture(subject, seed)
				check(t, s, colour)
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
		})
	}
}

func TestTexturesFillThePictureWithSaneValues(t *testing.T) {
	eachTexture(t, func(t *testing.T, s *Surface, _ string) {
		for i, a := range s.Albedo {
			if s.Cover[i] != 1 {
				t.Errorf("cell %d is covered %g, not wholly", i, s.Cover[i])
			}
			for _, v := range []float32{a.R, a.G, a.B, s.Gloss[i]} {
				if !(v >= 0 && v <= 1) {
					t.Errorf("cell %d has albedo %v and gloss %g, beyond 0 to 1", i, a, s.Gloss[i])
				}
			}
			if !(abs(s.Height[i]) < 0.1) {
				t.Errorf("cell %d is %g sides high, beyond a tenth", i, s.Height[i])
			}
			if t.Failed() {
				return
			}
		}
	})
}

// Steep faces turn away from the lamp and come out black: there may be few, such
// as the sides of wires.
func TestTexturesAreNotSteep(t *testing.T) {
	for _, subject := range textures {
		for seed := range uint64(textureSeeds) {
			s, _ := layTexture(subject, seed)
			steep := 0
			for i := range s.Height {
				if _, _, z := s.normal(i); z < math.Sqrt2/2 {
					steep++
				}
			}
			if share := float64(steep) / float64(len(s.Height)); share > 0.3 {
				t.Errorf("%s, seed %d: %.0f%% of the surface is steeper than 45 degrees, beyond 30%%", subject.Name, seed, 100*share)
			}
		}
	}
}

func TestTexturesFollowTheirSeed(t *testing.T) {
	for _, subject := range textures {
		first, word := layTexture(subject, 5)
		again, sameWord := layTexture(subject, 5)
		if word != sameWord || !slices.Equal(first.Albedo, again.Albedo) || !slices.Equal(first.Height, again.Height) ||
			!slices.Equal(first.Gloss, again.Gloss) {
			t.Errorf("%s: seed 5 gave two different surfaces", subject.Name)
		}
		for seed := uint64(6); seed < 10; seed++ {
			other, _ := layTexture(subject, seed)
			if slices.Equal(first.Albedo, other.Albedo) || slices.Equal(first.Height, other.Height) {
				t.Errorf("%s: seeds 5 and %d gave the same surface", subject.Name, seed)
			}
		}
	}
}

// The word for the colour goes into captions: it has to be what one sees.
func TestTexturesHaveTheColourTheySay(t *testing.T) {
	looks := map[string]func(c RGB) bool{
		"":       func(RGB) bool { return true },
		"white":  func(c RGB) bool { return min(c.R, c.G, c.B) > 0.45 },
		"black":  func(c RGB) bool { return max(c.R, c.G, c.B) < 0.06 },
		"grey":   func(c RGB) bool { return max(c.R, c.G, c.B) < 1.35*min(c.R, c.G, c.B) },
		"red":    func(c RGB) bool { return c.R > 1.8*c.G && c.R > 1.8*c.B },
		"brown":  func(c RGB) bool { return c.R > 1.3*c.G && c.G > 1.1*c.B && c.R < 0.4 },
		"beige":  func(c RGB) bool { return c.R > c.G && c.G > 1.15*c.B && c.R > 0.2 },
		"yellow": func(c RGB) bool { return min(c.R, c.G) > 1.3*c.B },
		"green":  func(c RGB) bool { return c.G > 1.1*c.R && c.G > 1.05*c.B },
		"blue":   func(c RGB) bool { return c.B > 1.1*c.G && c.B > 1.3*c.R },
	}
	eachTexture(t, func(t *testing.T, s *Surface, colour string) {
		look, known := looks[colour]
		if !known {
			t.Fatalf("%q is no colour known here", colour)
		}
		if c := medianColour(s); !look(c) {
			t.Errorf("called %q, but the median of its albedo is %v", colour, c)
		}
	})
}

// medianColour is the median of each part, which joints and gaps do not pull.
func medianColour(s *Surface) RGB {
	median := func(part func(RGB) float32) float32 {
		values := make([]float32, len(s.Albedo))
		for i, a := range s.Albedo {
			values[i] = part(a)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return RGB{
		median(func(c RGB) float32 { return c.R }), median(func(c RGB) float32 { return c.G }),
		median(func(c RGB) float32 { return c.B }),
	}
}
