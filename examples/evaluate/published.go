package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// Published is a row of a table that others have published: figures that stand beside ours, and were not computed here.
type Published struct {
	Data    string             `json:"data"`   // "MVTec AD" or "VisA"
	Method  string             `json:"method"` // as its authors call it
	Shots   string             `json:"shots,omitempty"`
	Figures map[string]float64 `json:"figures"` // in percent, or as the table has them
	Source  string             `json:"source"`
	Care    string             `json:"care,omitempty"` // what is known of why it does not come back
}

// The names of what published rows of detectors have.
const (
	pictureAUROC = "picture AUROC"
	pixelAUROC   = "pixel AUROC"
	pixelAUPRO   = "AUPRO 0.3"
)

// set is a data set by the names of its categories.
type set struct {
	name       string
	categories []string
}

// sets are those that tables are published of.
var sets = []set{
	{"MVTec AD", []string{"bottle", "cable", "capsule", "carpet", "grid", "hazelnut", "leather", "metal_nut", "pill", "screw", "tile", "toothbrush", "transistor", "wood", "zipper"}},
	{"VisA", []string{"candle", "capsules", "cashew", "chewinggum", "fryum", "macaroni1", "macaroni2", "pcb1", "pcb2", "pcb3", "pcb4", "pipe_fryum"}},
}

// setOf is the data set that all categories are of, if it is known, and how many of its own are not among them.
func setOf(categories []string) (s set, missing int, ok bool) {
	for _, s := range sets {
		if len(categories) > 0 && !slices.ContainsFunc(categories, func(c string) bool { return !slices.Contains(s.categories, c) }) {
			return s, len(s.categories) - len(categories), true
		}
	}
	return set{}, 0, false
}

// What is known of published rows.
const (
	careSeeds    = "of the WinCLIP paper; which code and coreset it took is not known"
	carePromptAD = "the best epoch on the test set, judged with red and blue swapped, references by an unsorted list of files"
	careSubspace = "of ViT-g, where this program has up to ViT-L; read in its paper alone, not in code"
	careVision   = "not among this program's detectors"
	careAny      = "the paper's detector is not in its code, and has not been said what it is; nobody has reported these figures again"
)

// publishedDetectors are one-shot rows. Those of papers whose tables were read in a survey say so.
var publishedDetectors = []Published{
	oneShot("MVTec AD", "PaDiM", "WinCLIP, arXiv 2303.14814 (in a survey)", careSeeds, 76.6, 89.3),
	oneShot("MVTec AD", "PatchCore", "WinCLIP, arXiv 2303.14814 (in a survey)", careSeeds, 83.4, 92.0, 79.7),
	oneShot("MVTec AD", "WinCLIP+", "arXiv 2303.14814 (in a survey)", "the authors have published no code", 93.1, 95.2, 87.1),
	oneShot("MVTec AD", "PromptAD", "CVPR 2024 (in a survey)", carePromptAD, 94.6, 95.9),
	oneShot("MVTec AD", "AnomalyAny", "CVPR 2025, arXiv 2406.01078 (in a survey)", careAny, 94.9, 95.4),
	oneShot("MVTec AD", "AnomalyDINO-S, 448", "arXiv 2405.14529 (in a survey)", "", 96.5, 96.3, 91.7),
	oneShot("MVTec AD", "AnomalyDINO-S, 672", "arXiv 2405.14529 (in a survey)", "", 96.6, 96.8, 92.7),
	oneShot("MVTec AD", "SubspaceAD, DINOv2-g", "arXiv 2602.23013 (in a survey)", careSubspace, 97.1, 97.5, 94.5),
	oneShot("MVTec AD", "VisionAD, DINOv2-L", "arXiv 2504.11895 (in a survey)", careVision, 97.4, 96.2, 92.5),
	oneShot("VisA", "PaDiM", "WinCLIP, arXiv 2303.14814 (in a survey)", careSeeds, 62.8, 89.9),
	oneShot("VisA", "PatchCore", "WinCLIP, arXiv 2303.14814 (in a survey)", careSeeds, 79.9, 95.4, 80.5),
	oneShot("VisA", "WinCLIP+", "arXiv 2303.14814 (in a survey)", "the authors have published no code", 83.8, 96.4, 85.1),
	oneShot("VisA", "PromptAD", "CVPR 2024 (in a survey)", carePromptAD, 86.9, 96.7),
	oneShot("VisA", "AnomalyAny", "CVPR 2025, arXiv 2406.01078 (in a survey)", careAny, 89.7, 97.7),
	oneShot("VisA", "AnomalyDINO-S, 672", "arXiv 2405.14529 (in a survey)", "", 87.4, 97.8, 92.5),
	oneShot("VisA", "SubspaceAD, DINOv2-g", "arXiv 2602.23013 (in a survey)", careSubspace, 93.2, 98.2, 95.5),
	oneShot("VisA", "VisionAD, DINOv2-L", "arXiv 2504.11895 (in a survey)", careVision, 94.8, 97.6, 91.6),
}

// oneShot is a row of AUROC of pictures and pixels and, where it is published, AUPRO.
func oneShot(data, method, source, care string, figures ...float64) Published {
	p := Published{Data: data, Method: method, Shots: "1", Source: source, Care: care, Figures: map[string]float64{}}
	for i, name := range []string{pictureAUROC, pixelAUROC, pixelAUPRO}[:len(figures)] {
		p.Figures[name] = figures[i]
	}
	return p
}

// publishedBeside are the rows that belong beside figures of categories, if some of them are of one shot.
func publishedBeside(categories []string, oneShot bool) []Published {
	s, _, ok := setOf(categories)
	if !ok || !oneShot {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(publishedDetectors), func(p Published) bool { return p.Data != s.name })
}

// printPublished is a table of published rows, in its own right: nothing in it was computed here.
func printPublished(w io.Writer, rows []Published, categories []string) {
	if len(rows) == 0 {
		return
	}
	s, missing, _ := setOf(categories)
	var names []string
	for _, r := range rows {
		for _, name := range []string{pictureAUROC, pixelAUROC, pixelAUPRO} {
			if _, ok := r.Figures[name]; ok && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	t := show.NewTable(w)
	head, rule := append([]string{"published, " + s.name + ", 1-shot"}, names...), []string{"---"}
	for range names {
		rule = append(rule, "---:")
	}
	t.Row(append(head, "source")...)
	t.Row(append(rule, "---")...)
	for _, r := range rows {
		cells := []string{r.Method}
		for _, name := range names {
			cell := "–"
			if v, ok := r.Figures[name]; ok {
				cell = fmt.Sprintf("%.1f", v)
			}
			cells = append(cells, cell)
		}
		t.Row(append(cells, strings.TrimSuffix(r.Source+"; "+r.Care, "; "))...)
	}
	t.Flush()
	fmt.Fprintf(w, "\nThese rows are published, means over all %d categories of %s, and were not computed here.", len(s.categories), s.name)
	if missing > 0 {
		fmt.Fprintf(w, " Ours are of %d of them, so they are not to be compared.", len(s.categories)-missing)
	}
	fmt.Fprint(w, "\n\n")
}
