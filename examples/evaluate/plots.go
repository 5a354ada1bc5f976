package main

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"path/filepath"
	"slices"

	"github.com/sdgraph/sdgraph/examples/internal/files"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// curveKind is a plot.
type curveKind struct {
	name, title, x, y string
	most              float64 // of x
	metric            string  // the area under it
	of                func(c *Curves) []Point
}

// curveKinds are the plots that there are.
var curveKinds = []curveKind{
	{"roc", "Pictures", "share of normal pictures", "share of defective pictures", 1, "picture_auroc", func(c *Curves) []Point { return c.ROC }},
	{"pixel-roc", "Pixels", "share of normal pixels", "share of defective pixels", 1, "pixel_auroc", func(c *Curves) []Point { return c.PixelROC }},
	{"pro", "Regions", "share of normal pixels", "mean share of a region", mostFalse, "aupro_0.3", func(c *Curves) []Point { return c.PRO }},
}

// plots draws the mean curves of rows that were summed up: files NAME.png and NAME.svg of a folder, with a panel for each
// number of shots. A plot of curves that no row has is left out.
func plots(dir string, all []*Summary, rows []*Row) (drawn []files.File, err error) {
	for _, kind := range curveKinds {
		var panels []*plot.Plot
		for i, s := range all {
			if slices.ContainsFunc(all[:i], func(before *Summary) bool { return before.Shots == s.Shots }) {
				continue
			}
			p, err := kind.panel(s.Shots, all, rows)
			if err != nil {
				return nil, err
			}
			if p != nil {
				panels = append(panels, p)
			}
		}
		if len(panels) == 0 {
			continue
		}
		raster, err1 := encodePlot(panels, func(w, h vg.Length) canvas {
			return vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(panelDPI))}
		})
		vector, err2 := encodePlot(panels, func(w, h vg.Length) canvas { return vgsvg.New(w, h) })
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		path := filepath.Join(dir, kind.name)
		drawn = append(drawn, files.File{Path: path + ".png", Data: raster}, files.File{Path: path + ".svg", Data: vector})
	}
	return drawn, nil
}

// canvas is what can be drawn on, and written as a file.
type canvas interface {
	vg.CanvasWriterTo
	vg.CanvasSizer
}

// encodePlot draws panels side by side, and returns the file.
func encodePlot(panels []*plot.Plot, blank func(w, h vg.Length) canvas) ([]byte, error) {
	on := blank(panelSide*vg.Length(len(panels)), panelSide)
	c := draw.New(on)
	row := plot.Align([][]*plot.Plot{panels}, draw.Tiles{Rows: 1, Cols: len(panels), PadX: 6 * vg.Millimeter, PadRight: 4 * vg.Millimeter, PadTop: vg.Millimeter}, c)
	for i, p := range panels {
		p.Draw(row[0][i])
	}
	var b bytes.Buffer
	_, err := on.WriteTo(&b)
	return b.Bytes(), err
}

// Of a panel.
const (
	panelSide = 13 * vg.Centimeter
	panelDPI  = 120
)

// panel is the plot of the detectors of one number of shots; nil where none has a curve.
func (kind curveKind) panel(k shots, all []*Summary, rows []*Row) (*plot.Plot, error) {
	p, found := kind.blank(k), false
	for _, s := range all {
		if s.Shots != k {
			continue
		}
		var curves [][]Point
		for _, r := range rows {
			if c := kind.of(&r.Curves); s.has(r) && len(c) > 0 {
				curves = append(curves, c)
			}
		}
		if len(curves) == 0 {
			continue
		}
		line, err := plotter.NewLine(meanCurve(curves, kind.most))
		if err != nil {
			return nil, err
		}
		line.LineStyle = lineOf(s)
		p.Add(line)
		p.Legend.Add(legend(s, kind.metric), line)
		found = true
	}
	if !found {
		return nil, nil
	}
	return p, nil
}

// blank is a panel without curves.
func (kind curveKind) blank(k shots) *plot.Plot {
	p := plot.New()
	p.Title.Text = fmt.Sprintf("%s, %s", kind.title, k.words())
	p.X.Label.Text, p.Y.Label.Text = kind.x+" called defective", kind.y+" found"
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, kind.most, 0, 1
	p.Legend.XOffs, p.Legend.YOffs, p.Legend.Padding = -2*vg.Millimeter, 2*vg.Millimeter, vg.Millimeter
	p.Legend.ThumbnailWidth = vg.Centimeter
	lines := plotter.NewGrid()
	light := color.Gray{0xdd}
	lines.Horizontal.Color, lines.Vertical.Color = light, light
	p.Add(lines)
	return p
}

// legend names a line, with the area under it in percent.
func legend(s *Summary, metric string) string {
	text := s.Detector
	if s.Generated {
		text += " + generated"
	}
	if f, ok := s.Figures[metric]; ok {
		text += fmt.Sprintf(": %.1f", 100*f.Mean)
	}
	return text
}

// hues are those of Okabe and Ito, which all eyes tell apart.
var hues = []color.RGBA{{0x00, 0x72, 0xb2, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff}, {0x00, 0x00, 0x00, 0xff}}

// lineOf is how a detector is drawn: in its colour, dashed where it knows no generated pictures.
func lineOf(s *Summary) draw.LineStyle {
	at := slices.Index(detectorNames, s.Detector)
	if at < 0 {
		at = len(hues) - 1
	}
	style := draw.LineStyle{Color: hues[at%len(hues)], Width: vg.Points(1.6)}
	if !s.Generated {
		style.Dashes = []vg.Length{vg.Points(5), vg.Points(3)}
	}
	return style
}

// curveSteps is how many pieces of one width the axis of a mean curve is cut into.
const curveSteps = 400

// meanCurve is the mean of curves at each x up to most. It begins at the origin, where curves may rise at once.
func meanCurve(curves [][]Point, most float64) plotter.XYs {
	mean := plotter.XYs{{}}
	for i := range curveSteps + 1 {
		x, sum := most*float64(i)/curveSteps, 0.0
		for _, c := range curves {
			sum += height(c, x)
		}
		mean = append(mean, plotter.XY{X: x, Y: sum / float64(len(curves))})
	}
	return mean
}

// height is that of a curve at x, on straight lines between its points; where it is upright the upper end.
func height(curve []Point, x float64) float64 {
	i, _ := slices.BinarySearchFunc(curve, x, func(p Point, x float64) int { // the first point beyond x
		if float64(p[0]) <= x {
			return -1
		}
		return 1
	})
	switch {
	case i == 0:
		return 0
	case i == len(curve):
		return float64(curve[i-1][1])
	}
	a, b := curve[i-1], curve[i]
	return float64(a[1] + (b[1]-a[1])*(coordinate(x)-a[0])/(b[0]-a[0]))
}
