package main

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"image/draw"
	"path"
	"path/filepath"
	"slices"
	"sort"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// Of a sheet: how many pictures it has, in two columns, and the longer side of each in pixels at most.
const (
	sheetPictures = 10
	sheetSide     = 192
)

// wrong is a picture that a detector is wrong about, or least sure.
type wrong struct {
	Score
	share float64 // of the pictures of the other kind that the detector has on the wrong side of it; equal ones count half
	rank  float64 // share of all pictures that are on its right side: 0 is worst
}

// worst returns the pictures that the detector is most wrong about, the worst first: normal ones that score higher than
// most defective ones, and defective ones that score lower than most normal ones. Where it is wrong about none, those
// that are the next to be.
func worst(scores []Score, n int) []wrong {
	var of [2][]float64 // the scores of normal pictures and of defective ones
	for _, s := range scores {
		of[kindOf(s.Defective)] = append(of[kindOf(s.Defective)], s.Score)
	}
	for i := range of {
		slices.Sort(of[i])
	}
	var all []wrong
	for _, s := range scores {
		own, others := of[kindOf(s.Defective)], of[kindOf(!s.Defective)]
		w := wrong{Score: s, share: below(others, s.Score), rank: below(own, s.Score)}
		if s.Defective {
			w.share = 1 - w.share
		} else {
			w.rank = 1 - w.rank
		}
		if len(others) == 0 {
			w.share = 0
		}
		all = append(all, w)
	}
	slices.SortStableFunc(all, func(a, b wrong) int { return cmp.Or(cmp.Compare(b.share, a.share), cmp.Compare(a.rank, b.rank)) })
	return all[:min(n, len(all))]
}

func kindOf(defective bool) int {
	if defective {
		return 1
	}
	return 0
}

// below is the share of sorted numbers that are smaller; equal ones count half.
func below(sorted []float64, v float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	first := sort.SearchFloat64s(sorted, v)
	past := first + sort.Search(len(sorted)-first, func(i int) bool { return sorted[first+i] > v })
	return float64(first+past) / 2 / float64(len(sorted))
}

// says is the line above a picture, short enough for its place.
func (w wrong) says() string {
	kind, side, others := "normal", "below", "defective"
	if w.Defective {
		kind, side, others = others, "above", kind
	}
	return fmt.Sprintf("%s, %.4g; %.0f%% of %s ones %s", kind, w.Score.Score, 100*w.share, others, side)
}

// sheetsName is the folder of sheets.
const sheetsName = "sheets"

// sheet has the detector of a row see the pictures again that it is most wrong about, since maps of all pictures together
// would fill the memory, and draws them with their masks and maps: of the first seed alone, of others nil.
func (r *runner) sheet(ctx context.Context, c *testCase, detector anomaly.Detector, scores []Score) ([]files.File, error) {
	if r.d.plain || c.Seed != r.first {
		return nil, nil
	}
	of := worst(scores, sheetPictures)
	var items []dataset.Item
	for _, w := range of {
		i := slices.IndexFunc(c.category.Test, func(it dataset.Item) bool { return it.Picture == w.Picture })
		items = append(items, c.category.Test[i])
	}
	var seen []anomaly.Sample
	var maps []anomaly.Map
	for s, err := range dataset.Samples(r.root, items) {
		if err != nil {
			return nil, err
		}
		found, err := detector.Detect(ctx, s.Picture)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Path, err)
		}
		seen, maps = append(seen, s), append(maps, found.Map)
	}
	picture, err := drawSheet(c.key.String(), of, seen, maps)
	if err != nil {
		return nil, err
	}
	data, err := images.EncodePNG(picture, nil)
	return []files.File{{Path: filepath.Join(r.d.Out, sheetsName, sheetName(c.key)), Data: data}}, err
}

// sheetName is the file of a row's sheet.
func sheetName(k key) string {
	name := fmt.Sprintf("%s-%s-%s", files.Name(k.Category), k.Detector, k.Shots.words())
	if k.Generated {
		name += "-generated"
	}
	return files.Name(name) + ".png"
}

// drawSheet draws pictures, each beside its mask and its map, in two columns. All maps have one scale.
func drawSheet(title string, of []wrong, seen []anomaly.Sample, maps []anomaly.Map) (*image.RGBA, error) {
	scale := scaleOf(maps...)
	var cells []image.Image
	for i, w := range of {
		cell, err := drawWrong(w, seen[i], maps[i], scale)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.Picture, err)
		}
		cells = append(cells, cell)
	}
	half := (len(cells) + 1) / 2
	var rows [][]image.Image
	for i := range half {
		row := []image.Image{cells[i]}
		if half+i < len(cells) {
			row = append(row, cells[half+i])
		}
		rows = append(rows, row)
	}
	lines := []image.Image{
		show.Writing(title, 2),
		show.Writing(fmt.Sprintf("what it is most wrong about: picture, mask and map, black %.4g to light yellow %.4g", scale.Black, scale.Yellow), 1),
		show.Grid(rows),
	}
	var column [][]image.Image
	for _, l := range lines {
		column = append(column, []image.Image{l})
	}
	return show.Grid(column), nil
}

// drawWrong is one picture of a sheet.
func drawWrong(w wrong, s anomaly.Sample, m anomaly.Map, scale heatScale) (image.Image, error) {
	heat, err := scale.over(s.Picture, m)
	if err != nil {
		return nil, err
	}
	size := s.Picture.Rect.Size()
	mask := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(mask, mask.Rect, image.Black, image.Point{}, draw.Src)
	if s.Mask != nil {
		draw.Draw(mask, mask.Rect, s.Mask, s.Mask.Rect.Min, draw.Src)
	}
	to := images.StretchTo(size, fitted(size))
	row := make([]image.Image, 3)
	for i, p := range []*image.RGBA{s.Picture, mask, heat} {
		if row[i], err = to.Picture(p); err != nil {
			return nil, err
		}
	}
	const most = 82 // letters above three pictures
	says := w.says()
	if room := most - len(says) - len(": "); len(w.Picture) <= room {
		says = w.Picture + ": " + says
	} else if name := path.Base(w.Picture); len(name) <= room {
		says = name + ": " + says
	}
	return show.Grid([][]image.Image{{show.Writing(says, 1)}, {show.SideBySide(row...)}}), nil
}

// fitted is the size of a picture on a sheet: no larger than it is.
func fitted(size image.Point) image.Point {
	longer := max(size.X, size.Y)
	if longer <= sheetSide {
		return size
	}
	return image.Pt(max(1, size.X*sheetSide/longer), max(1, size.Y*sheetSide/longer))
}
