package main

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// measure says what the pictures of all methods are like.
func (c *Compare) measure(ctx context.Context, g *ground, chosen []method, r *GroundReport) error {
	bar := show.NewProgress(ctx, os.Stderr, float64(len(g.parts)+len(chosen)))
	bar.Tenths = true
	bar.Begin(g.words()+", measuring: ", "%d of %d, ", len(g.parts)+len(chosen))
	defer bar.End()
	m, err := newMeasuring(ctx, g.drawn)
	if err != nil {
		return err
	}
	for _, p := range g.parts {
		normal, defective := p.truth()
		if err := m.learn(ctx, p.name, normal, defective); err != nil {
			return err
		}
		bar.Step(1, "")
	}
	s, err := m.scale()
	if err != nil {
		return err
	}
	r.Scale = &s
	for _, by := range chosen {
		f, err := m.measure(ctx, c.made(ctx, g, by))
		if err != nil {
			return fmt.Errorf("%s: %w", by.name, err)
		}
		r.of(by.name).Figures = &f
		bar.Step(1, "")
	}
	return nil
}

// made are all pictures of a method.
func (c *Compare) made(ctx context.Context, g *ground, m method) iter.Seq2[madePicture, error] {
	return func(yield func(madePicture, error) bool) {
		for _, e := range c.errands(g, m) {
			for p, err := range e.made(ctx) {
				if !yield(p, err) || err != nil {
					return
				}
			}
		}
	}
}

// mostColumns is how many parts a sheet shows, so that a README can.
const mostColumns = 6

// sheet shows the first picture that each method made of the first reference of a part, below that reference.
func (c *Compare) sheet(ctx context.Context, g *ground, chosen []method) error {
	var columns []string
	rows := []sheetRow{{name: "normal"}}
	for _, m := range chosen {
		rows = append(rows, sheetRow{name: strings.Replace(m.name, anomalyDiffusionName, "anomaly-\ndiffusion", 1)}) // or the sheet is too wide
	}
	n := min(len(g.parts), mostColumns)
	for i := range n {
		p := g.parts[i*len(g.parts)/n]
		reference, err := p.reference(ctx, c.Seeds[0])
		if err != nil {
			return err
		}
		rows[0].cells = append(rows[0].cells, anomaly.Sample{Picture: reference.picture})
		title := p.name
		if g.drawn && len(p.defects) == 1 {
			title += "\n" + p.defects[0]
		}
		columns = append(columns, title)
		for j, m := range chosen {
			cell := anomaly.Sample{}
			for made, err := range (errand{g, m, p, c.Seeds[0]}).made(ctx) {
				if err != nil {
					return err
				}
				cell = made.sample
				break
			}
			rows[1+j].cells = append(rows[1+j].cells, cell)
		}
	}
	data, err := compareSheet(columns, rows)
	if err != nil {
		return err
	}
	return files.Write(filepath.Join(c.Out, g.sheetName()), data)
}

// sheetName is the file with some of a ground's pictures.
func (g *ground) sheetName() string { return g.name + ".png" }

// words name a ground.
func (g *ground) words() string {
	if g.name == photographs {
		return g.name
	}
	return g.name + " pairs"
}
