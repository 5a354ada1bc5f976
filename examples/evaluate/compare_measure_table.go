package main

import "fmt"

// figureTitles are the columns of figures in tables, in the order of cells.
var figureTitles = []string{"found", "asked for", "judge's IoU", "mask's IoU", "stray", "PSNR", "spread", "Lite0 spread", "Lite0-KID", "s"}

// cells are the figures for a table, a dash for one that is not defined.
func (f figures) cells() []string {
	psnr := cell("%.1f", f.Outside, 1)
	if f.Outside == nil && f.Untouched != nil && *f.Untouched == 1 {
		psnr = "∞"
	}
	return []string{
		cell("%.0f %%", f.Found, 100), cell("%.0f %%", f.Asked, 100), cell("%.2f", f.JudgeIoU, 1),
		cell("%.2f", f.Overlap, 1), cell("%.0f %%", f.Stray, 100), psnr,
		cell("%.2f", f.Spread, 1), cell("%.2f", f.FeatureSpread, 1), f.Distance.cell(), cell("%.2g", f.Seconds, 1),
	}
}

// cell is a figure times a factor.
func cell(format string, v *float64, times float64) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf(format, *v*times)
}

// cell is the distance with its interval.
func (d *featureDistance) cell() string {
	if d == nil {
		return "–"
	}
	return fmt.Sprintf("%.3f (%.3f to %.3f)", d.Value, d.Low, d.High)
}
