package generate

import (
	"maps"
	"slices"
)

// nsaPart is what the authors chose for a part of MVTec AD.
type nsaPart struct {
	high       [2]float64 // of the half heights and widths; the least is 0.03
	patches    int
	background []NSAShade
	minObject  float64
	k, x0      float64
	texture    bool
}

var (
	nsaLight = []NSAShade{{200, 60}}
	nsaDark  = []NSAShade{{20, 20}}
	nsaWide  = [2]float64{0.4, 0.4}
)

// nsaParts are the table of the released code (train_mvtec.py).
var nsaParts = map[string]nsaPart{
	"bottle":     {nsaWide, 3, nsaLight, 0.7, 1. / 12, 24, false},
	"cable":      {nsaWide, 3, nil, 0.5, 1. / 12, 24, false},
	"capsule":    {[2]float64{0.15, 0.4}, 3, nsaLight, 0.7, 1. / 2, 4, false},
	"hazelnut":   {[2]float64{0.35, 0.35}, 3, nsaDark, 0.7, 1. / 12, 24, false},
	"metal_nut":  {nsaWide, 3, nsaDark, 0.5, 1. / 3, 7, false},
	"pill":       {[2]float64{0.2, 0.4}, 3, nsaDark, 0.7, 1. / 3, 7, false},
	"screw":      {[2]float64{0.12, 0.12}, 4, nsaLight, 0.5, 1, 3, false},
	"toothbrush": {[2]float64{0.4, 0.2}, 3, nsaDark, 0.25, 1. / 6, 15, false},
	"transistor": {nsaWide, 3, nil, 0.5, 1. / 6, 15, false},
	"zipper":     {[2]float64{0.4, 0.2}, 4, nsaLight, 0.7, 1. / 6, 15, false},
	"carpet":     {nsaWide, 4, nil, 0.5, 1. / 3, 7, true},
	"grid":       {nsaWide, 4, nil, 0.5, 1. / 3, 7, true},
	"leather":    {nsaWide, 4, nil, 0.5, 1. / 3, 7, true},
	"tile":       {nsaWide, 4, nil, 0.5, 1. / 3, 7, true},
	"wood":       {nsaWide, 4, nil, 0.5, 1. / 6, 15, true},
}

// NSAFor returns the authors' numbers for a category of MVTec AD, such as "metal_nut", and DefaultNSA for what they did
// not know.
func NSAFor(part string) (o NSAOptions, known bool) {
	o = DefaultNSA()
	p, known := nsaParts[part]
	if !known {
		return o, false
	}
	o.Patches, o.Background, o.MinObject = p.patches, slices.Clone(p.background), p.minObject
	o.HalfHeights[1], o.HalfWidths[1] = p.high[0], p.high[1]
	o.LogisticK, o.LogisticX0, o.Foreground = p.k, p.x0, Everywhere
	if part == "cable" {
		o.HalfHeights[0], o.HalfWidths[0] = 0.05, 0.05
	}
	if p.texture {
		o.Mode, o.ResizeBounds = NSAMixed, [2]float64{0.5, 2}
	}
	return o, true
}

// NSAParts returns the names that NSAFor knows, in order.
func NSAParts() []string { return slices.Sorted(maps.Keys(nsaParts)) }
