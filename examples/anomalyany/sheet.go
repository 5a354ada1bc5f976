package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"slices"
	"strconv"

	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// sheet is one picture of several jobs, from what they have saved: for each the
// prompt, and in a row the photograph and some seeds' pictures, each with its mask and
// heat map beneath.
func sheet(ctx context.Context, jobs []*job) (*image.RGBA, error) {
	var rows [][]image.Image
	for _, j := range jobs {
		j = j.with(j.model)
		if err := j.open(ctx); err != nil {
			return nil, err
		}
		row, err := j.row()
		if err != nil {
			return nil, err
		}
		rows = append(rows, []image.Image{j.heading()}, []image.Image{show.Grid([][]image.Image{row})})
	}
	return show.Grid(rows), nil
}

// lettering is the scale of a job's texts.
func (j *job) lettering() int { return max(1, j.canvas.Photograph().Bounds().Dx()/192) }

// heading is the prompt, marked where the model never saw the pair, and how many of its
// pictures are usable.
func (j *job) heading() image.Image {
	texts := []image.Image{show.Writing(heading(j.spec.Generator, j.spec.Object, j.options.Prompt), j.lettering())}
	for _, word := range j.spec.Anomaly {
		if j.model.vocabulary.IsUnseen(j.spec.Object, word) {
			texts = append(texts, inverted(show.Writing("never seen in training", j.lettering())))
		}
	}
	usable := 0
	for seed := range j.seeds {
		if e := j.entryOf(seed); e != nil && e.Usable() {
			usable++
		}
	}
	texts = append(texts, show.Writing(fmt.Sprintf("%d of %d usable", usable, j.spec.N), j.lettering()))
	return show.SideBySide(texts...)
}

// inverted turns black on white into white on dark red.
func inverted(m *image.RGBA) *image.RGBA {
	red := color.RGBA{0xa8, 0x20, 0x1a, 0xff}
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			if m.RGBAAt(x, y).R > 127 {
				m.SetRGBA(x, y, red)
			} else {
				m.SetRGBA(x, y, color.RGBA{0xff, 0xff, 0xff, 0xff})
			}
		}
	}
	return m
}

// legend says what lies beneath each picture.
func (j *job) legend() string {
	if j.spec.isOther() {
		return "right: mask, soft"
	}
	return "right: mask, heat"
}

// sheetColumns is how many pictures of a scene the sheet shows.
const sheetColumns = 5

// shown are the seeds of the sheet: the first ones whose pictures are usable, and where
// they are too few the first of the others, in their order.
func (j *job) shown() []uint64 {
	var usable, others []uint64
	for seed := range j.seeds {
		if e := j.entryOf(seed); e == nil || e.Usable() {
			usable = append(usable, seed)
		} else {
			others = append(others, seed)
		}
	}
	usable = usable[:min(sheetColumns, len(usable))]
	all := append(usable, others[:min(sheetColumns-len(usable), len(others))]...)
	slices.Sort(all)
	return all
}

// row is the photograph and the seeds that are shown.
func (j *job) row() ([]image.Image, error) {
	scale := j.lettering()
	row := []image.Image{show.Grid([][]image.Image{
		{j.canvas.Photograph()}, {show.Writing("normal", scale)}, {show.Writing(j.legend(), scale)},
	})}
	for _, seed := range j.shown() {
		column, err := j.column(seed)
		if err != nil {
			return nil, err
		}
		row = append(row, column)
	}
	return row, nil
}

// column is a seed's picture above its mask and heat map. A picture that failed,
// or that somebody has decided about, is called so; it is white where it was not
// kept.
func (j *job) column(seed uint64) (image.Image, error) {
	label := "seed " + strconv.FormatUint(seed, 10)
	if e := j.entryOf(seed); e != nil && e.State() != "good" {
		label += ": " + e.State()
	}
	picture, err1 := j.saved(seed, ".png")
	mask, err2 := j.saved(seed, "-mask.png")
	heat, err3 := j.saved(seed, "-heat.png")
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	size := picture.Bounds().Size()
	half := images.StretchTo(size, image.Pt((size.X-8)/2, (size.Y-8)/2))
	mask, err1 = half.Picture(mask)
	heat, err2 = half.Picture(heat)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return show.Grid([][]image.Image{
		{picture}, {show.SideBySide(mask, heat)}, {show.Writing(label, j.lettering())},
	}), nil
}

// saved reads one of a seed's pictures back; white where there is none.
func (j *job) saved(seed uint64, suffix string) (*image.RGBA, error) {
	path := j.stem(seed) + suffix
	if !files.Exists(path) {
		return white(j.canvas.Photograph().Bounds()), nil
	}
	return images.Read(context.Background(), path) // a file of our own
}

func white(r image.Rectangle) *image.RGBA {
	m := image.NewRGBA(r)
	for i := range m.Pix {
		m.Pix[i] = 0xff
	}
	return m
}

// mayWriteSheet refuses to overwrite a sheet that is not this program's. What an
// earlier version wrote is the sheet of the pictures that are there.
func mayWriteSheet(ctx context.Context, b *batch) error {
	d := b.folder
	refused := d.mayWrite(shared{name: sheetName})
	if refused == nil || len(d.index.Files[sheetName]) > 0 {
		return refused
	}
	picture, err := sheet(ctx, b.jobs)
	if err != nil {
		return refused
	}
	data, err := images.EncodePNG(picture, nil)
	if err != nil {
		return err
	}
	if there, err := files.HashPlain(d.Path(sheetName)); err != nil || there != files.SHA256(data) {
		return refused
	}
	d.index.Files[sheetName] = []string{files.SHA256(data)}
	return nil
}
