package metric

import (
	"errors"
	"image"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/nn/nntest"
	gt "gorgonia.org/tensor"
)

// example is the map 0 … 11 of 4×3 pixels, and a mask of two pixels that touch at a corner and one apart, cut out of
// a larger picture.
func example() (anomaly.Map, *image.Gray) {
	m := anomaly.Map{Width: 4, Height: 3, Values: make([]float32, 12)}
	for i := range m.Values {
		m.Values[i] = float32(i)
	}
	large := image.NewGray(image.Rect(0, 0, 9, 9))
	for i := range large.Pix {
		large.Pix[i] = 255
	}
	mask := large.SubImage(image.Rect(2, 3, 6, 6)).(*image.Gray)
	for y := range 3 {
		clear(mask.Pix[y*mask.Stride:][:4])
	}
	mask.Pix[1], mask.Pix[mask.Stride+2], mask.Pix[2*mask.Stride] = 1, 255, 128
	return m, mask
}

// TestRegions has the curve of per-region overlap at hand: normal pixels 11, 10, 9, then the region of 8, then 7,
// then half of the other region with 6, and 5, 4, 3, 2, then its other half with 1, and 0.
func TestRegions(t *testing.T) {
	m, mask := example()
	var p Pixels
	if err := p.Add(m, mask); err != nil {
		t.Fatal(err)
	}
	if normal, defective, regions := p.Count(); normal != 9 || defective != 3 || regions != 2 {
		t.Errorf("%d normal and %d defective pixels, %d regions, want 9, 3, 2", normal, defective, regions)
	}
	for limit, want := range map[float64]float64{3.0 / 9: 0, 4.0 / 9: 0.5 / 4, 5.0 / 9: (0.5 + 0.75) / 5, 1: (0.5 + 4*0.75 + 1) / 9} {
		got, err := p.AUPRO(limit)
		if err != nil || math.Abs(got-want) > 1e-15 {
			t.Errorf("AUPRO up to %v is %v, %v, want %v", limit, got, err, want)
		}
	}
	if auroc, err := p.AUROC(); err != nil || auroc != (6.0+5+1)/27 {
		t.Errorf("AUROC %v, %v", auroc, err)
	}
}

// TestNoMoreThanOne has regions whose shares add up to more than 1 by rounding.
func TestNoMoreThanOne(t *testing.T) {
	const w, h = 100, 200
	m, truth := anomaly.Map{Width: w, Height: h, Values: make([]float32, w*h)}, image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Values {
		if y := i / w; y%2 == 0 && i%w < y/2 {
			m.Values[i], truth.Pix[i] = 1, 1
		}
	}
	var p Pixels
	if err := p.Add(m, truth); err != nil {
		t.Fatal(err)
	}
	for _, limit := range []float64{0.05, 0.3, 1} {
		if aupro, err := p.AUPRO(limit); err != nil || aupro > 1 || aupro < 1-1e-12 {
			t.Errorf("AUPRO up to %v is %v, %v", limit, aupro, err)
		}
	}
	pro, err := p.PRO()
	if err != nil || slices.ContainsFunc(pro, func(p Point) bool { return p.Y > 1 }) {
		t.Errorf("per-region overlap %v, %v", pro, err)
	}
}

func TestEqualNumbers(t *testing.T) {
	m, mask := example()
	for i := range m.Values {
		m.Values[i] = 1e9 + 1
	}
	var p Pixels
	if err := errors.Join(p.Add(m, mask), p.Add(m, nil)); err != nil {
		t.Fatal(err)
	}
	auroc, _ := p.AUROC()
	ap, _ := p.AveragePrecision()
	f1, _ := p.F1Max()
	aupro, _ := p.AUPRO(0.3)
	if auroc != 0.5 || ap != 3.0/24 || f1 != (F1{6.0 / 27, 1e9, 3.0 / 24, 1}) || math.Abs(aupro-0.15) > 1e-15 {
		t.Errorf("AUROC %v, average precision %v, %+v, AUPRO %v", auroc, ap, f1, aupro)
	}
}

// TestCurves has the points of few pixels, and of many those that are to be seen.
func TestCurves(t *testing.T) {
	m, mask := example()
	var p Pixels
	if err := p.Add(m, mask); err != nil {
		t.Fatal(err)
	}
	pro, err := p.PRO()
	if err != nil || !slices.Equal(pro[:6], []Point{{0, 0}, {1.0 / 9, 0}, {2.0 / 9, 0}, {3.0 / 9, 0}, {3.0 / 9, 0.5}, {4.0 / 9, 0.5}}) {
		t.Errorf("per-region overlap %v, %v", pro, err)
	}
	roc, err := ROC([]float64{1, 3, 2, 2}, []bool{false, true, true, false})
	if err != nil || !slices.Equal(roc, []Point{{0, 0}, {0, 0.5}, {0.5, 1}, {1, 1}}) {
		t.Errorf("true over false positives %v, %v", roc, err)
	}

	large, truth := anomaly.Map{Width: 300, Height: 300}, image.NewGray(image.Rect(0, 0, 300, 300))
	for i := range 300 * 300 {
		large.Values, truth.Pix[i] = append(large.Values, float32(math.Sin(float64(i)))), byte(i%7/6)
	}
	if err := p.Add(large, truth); err != nil {
		t.Fatal(err)
	}
	auroc, err := p.AUROC()
	aupro, err2 := p.AUPRO(1)
	roc, err3 := p.ROC()
	pro, err4 := p.PRO()
	if err := errors.Join(err, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	for want, drawn := range map[float64][]Point{auroc: roc, aupro: pro} {
		area := 0.0
		for i, p := range drawn[1:] {
			area += (p.X - drawn[i].X) * (p.Y + drawn[i].Y) / 2
		}
		if math.Abs(area-want) > 1e-3 || len(drawn) > 2002 || len(drawn) < 500 || drawn[0] != (Point{}) || drawn[len(drawn)-1] != (Point{1, 1}) {
			t.Errorf("the area under %d points from %v to %v is %v, want %v", len(drawn), drawn[0], drawn[len(drawn)-1], area, want)
		}
	}
}

// TestRefused has errors that say what is wrong, and nothing added after them.
func TestRefused(t *testing.T) {
	m, mask := example()
	broken := m
	broken.Values = append([]float32(nil), m.Values...)
	broken.Values[6] = float32(math.NaN())
	var p Pixels
	for says, err := range map[string]error{
		"the map is NaN at pixel 2, 1":                         p.Add(broken, mask),
		"a mask of 3×4 pixels, want the map's 4×3":             p.Add(m, image.NewGray(image.Rect(0, 0, 3, 4))),
		"a mask of 4×3, with rows of 4 bytes, has only 9":      p.Add(m, &image.Gray{Pix: make([]byte, 9), Stride: 4, Rect: image.Rect(0, 0, 4, 3)}),
		"a map of 4×3 pixels has 11 numbers, want 12":          p.Add(anomaly.Map{Width: 4, Height: 3, Values: m.Values[:11]}, mask),
		"to be told apart: there are 0 normal and 0 defective": func() error { _, err := p.AUROC(); return err }(),
	} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want %q", err, says)
		}
	}
	if normal, defective, regions := p.Count(); normal+defective+regions != 0 {
		t.Errorf("%d and %d pixels, %d regions of what was refused", normal, defective, regions)
	}
	if err := p.Add(m, image.NewGray(image.Rect(0, 0, 4, 3))); err != nil {
		t.Error(err)
	}
	if _, err := p.AUPRO(0.3); !errors.Is(err, ErrOneClass) || !strings.Contains(err.Error(), "12 normal and 0 defective pixels") {
		t.Errorf("error %v of normal pixels only", err)
	}
	if _, err := AUROC([]float64{1, 2}, []bool{true, true}); !errors.Is(err, ErrOneClass) || !strings.Contains(err.Error(), "0 normal and 2 defective pictures") {
		t.Errorf("error %v of defective pictures only", err)
	}
}

// TestMisuse calls what is exported with arguments that make no sense.
func TestMisuse(t *testing.T) {
	refused := func(call func(score []float64, defective []bool) error) []func() error {
		return []func() error{
			func() error { return call(nil, nil) },
			func() error { return call([]float64{1}, nil) },
			func() error { return call(nil, []bool{true, false}) },
			func() error { return call([]float64{1, math.NaN()}, []bool{true, false}) },
			func() error { return call([]float64{1, math.Inf(1)}, []bool{true, false}) },
			func() error { return call([]float64{1, 2}, []bool{false, false}) },
		}
	}
	err := func(_ any, err error) error { return err }
	err2 := func(_, _ any, err error) error { return err }
	nan := float32(math.NaN())
	m, mask := example()
	var full Pixels
	if err := full.Add(m, mask); err != nil {
		t.Fatal(err)
	}
	few := features(2, 3, 0)
	nntest.Misuse{
		Refused: map[string][]func() error{
			"AUROC":            refused(func(s []float64, d []bool) error { return err(AUROC(s, d)) }),
			"AveragePrecision": refused(func(s []float64, d []bool) error { return err(AveragePrecision(s, d)) }),
			"ROC":              refused(func(s []float64, d []bool) error { return err(ROC(s, d)) }),
			"F1Max":            refused(func(s []float64, d []bool) error { return err(F1Max(s, d)) }),
			"InceptionScore": {
				func() error { return err(InceptionScore(nil, DefaultInceptionScore())) },
				func() error { return err(InceptionScore(make([][]float32, 9), InceptionScoreOptions{Splits: 1})) },
				func() error { return err(InceptionScore([][]float32{{1}, {nan}}, InceptionScoreOptions{Splits: 1})) },
				func() error { return err(InceptionScore([][]float32{{1}}, InceptionScoreOptions{})) },
			},
			"Clusters": {
				func() error { return err(Clusters(nil, 0, nil)) },
				func() error { return err(Clusters([][]float64{{1}, {1, 2}}, 0, nil)) },
				func() error { return err(Clusters([][]float64{{math.NaN()}}, 0, nil)) },
				func() error { return err(Clusters([][]float64{{1}, {1}}, 0, []int{0, 0})) },
				func() error { return err(Clusters([][]float64{{1}, {1}}, 0, []int{0})) },
				func() error { return err(Clusters([][]float64{{1}}, 0, []int{7})) },
			},
			"ICLPIPS": {
				func() error { return err(ICLPIPS(nil, func(int, int) (float64, error) { return 0, nil })) },
				func() error { return err(ICLPIPS([][]int{{0, 1}}, nil)) },
				func() error {
					return err(ICLPIPS([][]int{{0, 1}}, func(int, int) (float64, error) { return math.NaN(), nil }))
				},
			},
			"CMMD": {
				func() error { return err(CMMD(nil, nil)) },
				func() error { return err(CMMD([][]float32{{0}}, [][]float32{{1}})) },
				func() error { return err(CMMD([][]float32{{1}}, [][]float32{{1, 2}})) },
				func() error { return err(CMMD([][]float32{{nan}}, [][]float32{{1}})) },
			},
			"FID": {
				func() error { return err(FID(nil, nil)) },
				func() error { return err(FID([][]float32{{1}}, [][]float32{{1}, {2}})) },
				func() error { return err(FID([][]float32{{1}, {2}}, [][]float32{{1, 2}, {2, 1}, {3, 3}})) },
			},
			"SubsetKID": {
				func() error { return err2(SubsetKID(nil, nil, DefaultKIDSubsets())) },
				func() error { return err2(SubsetKID([][]float32{{1}, {2}}, [][]float32{{1}, {2}}, KIDSubsets{})) },
				func() error {
					return err2(SubsetKID([][]float32{{1}, {2}}, [][]float32{{1}, {2}}, KIDSubsets{Subsets: 1, Size: 3}))
				},
			},
			"Pixels.Add": {
				func() error { return (*Pixels)(nil).Add(m, mask) },
				func() error { return new(Pixels).Add(anomaly.Map{}, nil) },
				func() error {
					return new(Pixels).Add(anomaly.Map{Width: math.MaxInt, Height: math.MaxInt, Values: m.Values}, nil)
				},
				func() error { return new(Pixels).Add(m, &image.Gray{}) },
				func() error { return new(Pixels).Add(m, &image.Gray{Rect: image.Rect(0, 0, 4, 3)}) },
				func() error {
					return new(Pixels).Add(m, &image.Gray{Rect: image.Rect(0, 0, 4, 3), Stride: -4, Pix: make([]byte, 99)})
				},
				func() error {
					return new(Pixels).Add(m, &image.Gray{Rect: image.Rect(math.MinInt, math.MinInt, math.MaxInt, math.MaxInt)})
				},
			},
			"Pixels.AUROC":            {func() error { return err((*Pixels)(nil).AUROC()) }, func() error { return err(new(Pixels).AUROC()) }},
			"Pixels.AveragePrecision": {func() error { return err((*Pixels)(nil).AveragePrecision()) }, func() error { return err(new(Pixels).AveragePrecision()) }},
			"Pixels.F1Max":            {func() error { return err((*Pixels)(nil).F1Max()) }, func() error { return err(new(Pixels).F1Max()) }},
			"Pixels.ROC":              {func() error { return err((*Pixels)(nil).ROC()) }, func() error { return err(new(Pixels).ROC()) }},
			"Pixels.PRO":              {func() error { return err((*Pixels)(nil).PRO()) }, func() error { return err(new(Pixels).PRO()) }},
			"Pixels.AUPRO": {
				func() error { return err((*Pixels)(nil).AUPRO(0.3)) },
				func() error { return err(new(Pixels).AUPRO(0.3)) },
				func() error { return err(full.AUPRO(0)) },
				func() error { return err(full.AUPRO(1.1)) },
				func() error { return err(full.AUPRO(math.NaN())) },
			},
			"KID.Add": {
				func() error { return (*KID)(nil).Add(FeatureSet{Features: few}, FeatureSet{Features: few}) },
				func() error { return new(KID).Add(FeatureSet{}, FeatureSet{}) },
				func() error { return new(KID).Add(FeatureSet{Of: []int{1, 2}}, FeatureSet{Of: []int{1, 2}}) },
				func() error {
					return new(KID).Add(FeatureSet{Features: make([][]float32, 3)}, FeatureSet{Features: make([][]float32, 3)})
				},
			},
			"KID.Value": {func() error { return err((*KID)(nil).Value()) }, func() error { return err(new(KID).Value()) }},
			"KID.Interval": {
				func() error { _, _, err := (*KID)(nil).Interval(200, 1); return err },
				func() error { _, _, err := new(KID).Interval(200, 1); return err },
				func() error { _, _, err := kid(t, few, few).Interval(math.MaxInt, 1); return err },
			},
			"FeatureSpread": {
				func() error { return err(FeatureSpread(nil)) },
				func() error { return err(FeatureSpread(make([][]float32, 2))) },
				func() error { return err(FeatureSpread([][]float32{{1}, {1, 2}})) },
				func() error { return err(FeatureSpread([][]float32{{1}, {float32(math.NaN())}})) },
			},
		},
		Harmless: map[string][]func(){
			"LegacyPermutation":     {func() { LegacyPermutation(0, -1); LegacyPermutation(1, 0) }},
			"DefaultInceptionScore": {func() { _ = DefaultInceptionScore() }},
			"DefaultKIDSubsets":     {func() { _ = DefaultKIDSubsets() }},
			"ClusterRule.String":    {func() { _ = ClusterRule(-1).String() }},
			"Clamped":               {func() { Clamped(nil) }, func() { Clamped(&gt.Dense{}) }},
			"RMSE":                  {func() { RMSE(nil, nil, nil) }, func() { RMSE(gt.New(gt.FromScalar(float32(1))), gt.New(gt.FromScalar(float32(1))), nil) }},
			"PSNR":                  {func() { PSNR(&gt.Dense{}, nil, make([]float32, 1)) }},
			"Spread": {
				func() { Spread(make([]*gt.Dense, 2), nil) },
				func() { Spread(make([]*gt.Dense, 2), make([][]float32, 2)) },
				func() { Spread([]*gt.Dense{{}, {}}, make([][]float32, 2)) },
			},
			"IoU": {func() { IoU(nil, nil) }, func() { IoU(make([]float32, 1), nil) }},
			"Dilated": {
				func() { Dilated(nil, 0, 0, 0) },
				func() { Dilated(make([]float32, 1), math.MaxInt, math.MaxInt, 1) },
				func() { Dilated(make([]float32, 1), 1, 1, math.MaxInt) },
				func() { Dilated(make([]float32, 1), -1, -1, math.MinInt) },
			},
			"Pixels.Count": {func() { (*Pixels)(nil).Count() }, func() { new(Pixels).Count() }},
		},
	}.Check(t)
}
