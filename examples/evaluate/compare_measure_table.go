package main

import "fmt"

// figureTitles are the columns of figures in tables, in the order of cells.
var figureTitles = []string{"found", "asked for", "judge's IoU", "mask's IoU", "stray", "PSNR", "spread", "Lite0 spread", "Lite0-KID", "s"}

// figureLegend says what they mean.
var figureLegend = []string{
	"found, asked for: share of pictures in which the judge of the drawn world finds a defect, and the one that was asked for; of nothing done, its false alarms",
	"judge's IoU: of the mask with what the judge calls defective; mask's IoU: with the pixels that changed, and stray, the share of these outside it",
	"PSNR: outside the mask, in dB, ∞ where no pixel there changed",
	"spread: how far pictures of one reference lie apart, the RMSE inside the masks of either (of levels from -1 to 1); Lite0 spread: in features of whole pictures",
	"Lite0-KID: distance from the true defects (0 is alike, with 95 % intervals), of EfficientNet-Lite0's features around the mask: not to be compared with KIDs of Inception",
	"true defects: one half of them against the other; nothing done: normal pictures, looked at in the places of true defects; a generator whose distance is no smaller has made nothing like them",
	"s: seconds a picture, the median, with tries that came to nothing",
}

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
