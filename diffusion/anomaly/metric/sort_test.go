package metric

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestKeysAreInOrder(t *testing.T) {
	all := []float32{-math.MaxFloat32, -3, -2.5, -1e-30, -math.SmallestNonzeroFloat32, 0, math.SmallestNonzeroFloat32, 1e-30, 0.5, 1, 40, math.MaxFloat32}
	for i, v := range all {
		if got := newPixel(v).value(); got != float64(v) {
			t.Errorf("%v has become %v", v, got)
		}
		if i > 0 && newPixel(all[i-1]) >= newPixel(v) {
			t.Errorf("%v is not above %v", v, all[i-1])
		}
	}
	if minus := float32(math.Copysign(0, -1)); newPixel(minus) != newPixel(0) {
		t.Error("-0 is not 0")
	}
}

// TestSort has numbers of several blocks that are alike in some of their bytes or in all, and regions that must
// stay with them.
func TestSort(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for name, draw := range map[string]func(i int) float32{
		"normal":   func(int) float32 { return float32(rng.NormFloat64()) },
		"few":      func(int) float32 { return float32(rng.IntN(5) - 2) },
		"equal":    func(int) float32 { return 0.5 },
		"last bit": func(i int) float32 { return math.Float32frombits(0x3f800000 + uint32(rng.IntN(300))) },
		"rising":   func(i int) float32 { return float32(i) },
		"falling":  func(i int) float32 { return -float32(i) },
	} {
		for _, n := range []int{0, 1, fewPixels, fewPixels + 1, blockSize - 1, blockSize, 3*blockSize + 77} {
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				var s sorter
				var want []pixel
				for i := range n {
					p := newPixel(draw(i)) | pixel(i%7)
					s.add(p)
					want = append(want, p)
				}
				s.sort()
				got := make([]pixel, n)
				for i := range got {
					got[i] = *s.at(i)
				}
				if !slices.IsSortedFunc(got, func(a, b pixel) int { return int(int64(a.key()) - int64(b.key())) }) {
					t.Error("not in order")
				}
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Error("not the same pixels")
				}
				if most := n + blockSize; len(s.blocks)*blockSize > most {
					t.Errorf("%d blocks for %d pixels", len(s.blocks), n)
				}
			})
		}
	}
}

func BenchmarkSort(b *testing.B) {
	const n = 1 << 24
	for range b.N {
		b.StopTimer()
		rng := rand.New(rand.NewPCG(7, 8))
		var s sorter
		for range n {
			s.add(newPixel(float32(math.Abs(rng.NormFloat64()))))
		}
		b.StartTimer()
		s.sort()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/n*1e9, "ns/pixel")
}
