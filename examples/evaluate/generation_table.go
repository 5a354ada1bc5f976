package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// publishedGenerators are rows of others. That of AnomalyAny's own paper, and of those that it compares with, are not among
// them: their tables could not be read when this was written.
var publishedGenerators = []Published{{
	Data: "MVTec AD", Method: "AnomalyHybrid", Figures: map[string]float64{"IS": 2.06, "IC-LPIPS": 0.32},
	Source: "arXiv 2504.04340, abstract", Care: "how many pictures and splits is not said there",
}}

// tables are the report for people.
func (r *GenerationReport) tables(w io.Writer) {
	kids := kidsOf(r.Categories)
	t := show.NewTable(w)
	head := []string{"category", "defects", "pictures", "IS", "IC-LPIPS", "empty as 0", "clusters"}
	for _, name := range kids {
		head = append(head, name+"-KID")
	}
	if r.Means.FID != nil {
		head = append(head, "FID")
	}
	head = append(head, r.cmmd(), "agreement")
	t.Row(head...)
	rule := []string{"---"}
	for range head[1:] {
		rule = append(rule, "---:")
	}
	t.Row(rule...)
	for _, c := range r.Categories {
		cells := []string{c.Category, fmt.Sprint(len(c.Types)), fmt.Sprint(c.Made), c.score(), cell("%.3f", c.ICLPIPS, 1), cell("%.3f", c.EmptyAs0, 1), c.clusters()}
		for _, name := range kids {
			cells = append(cells, c.KID[name].text())
		}
		if r.Means.FID != nil {
			cells = append(cells, cell("%.1f", c.FID, 1))
		}
		t.Row(append(cells, c.CMMD.text(), cell("%.0f %%", c.Agreement, 100))...)
	}
	if len(r.Categories) > 1 {
		m := r.Means
		cells := []string{"mean", "", "", cell("%.2f", m.IS, 1), cell("%.3f", m.ICLPIPS, 1), cell("%.3f", m.EmptyAs0, 1), ""}
		for _, name := range kids {
			cells = append(cells, cell("%.4f", m.KID[name], 1))
		}
		if m.FID != nil {
			cells = append(cells, cell("%.1f", m.FID, 1))
		}
		t.Row(append(cells, cell("%.2f", m.CMMD, 1), cell("%.0f %%", m.Agreement, 100))...)
	}
	t.Flush()
	fmt.Fprintln(w)
	r.published(w)
	r.legend(w)
}

// cmmd is the title of that column: published ones are of the CLIP L/14@336, and those of another say of which.
func (r *GenerationReport) cmmd() string {
	for _, n := range r.Networks {
		if of, ok := strings.CutPrefix(n.Name, "CLIP "); ok && of != "L/14@336" {
			return "CMMD(" + strings.TrimSuffix(of, "@224") + ")"
		}
	}
	return "CMMD"
}

// score is the inception score of a category, with what it is of: it says nothing without.
func (c *CategoryJudgment) score() string {
	if c.Pooled != nil {
		return fmt.Sprintf("%.2f ± %.2f (%d pictures, %d splits)", c.Pooled.Mean, c.Pooled.Deviation, c.Pooled.Pictures, c.Pooled.Splits)
	}
	if c.IS == nil {
		return "–"
	}
	least, most, splits, deviation, n := 0, 0, 0, 0.0, 0
	for _, t := range c.Types {
		if t.IS == nil {
			continue
		}
		if least == 0 || t.IS.Pictures < least {
			least = t.IS.Pictures
		}
		most, splits, deviation, n = max(most, t.IS.Pictures), t.IS.Splits, deviation+t.IS.Deviation, n+1
	}
	of := fmt.Sprint(least)
	if most > least {
		of = fmt.Sprintf("%d to %d", least, most)
	}
	return fmt.Sprintf("%.2f ± %.2f (%s pictures, %d splits)", *c.IS, deviation/float64(n), of, splits)
}

// clusters says how many of all clusters have two pictures or more.
func (c *CategoryJudgment) clusters() string {
	used, all := 0, 0
	for _, t := range c.Types {
		used, all = used+t.Used, all+len(t.Sizes)
	}
	if all == 0 {
		return "–"
	}
	return fmt.Sprintf("%d of %d", used, all)
}

// text is a distance with its interval and its scale.
func (d *Distance) text() string {
	if d == nil {
		return "–"
	}
	text := fmt.Sprintf("%.4g", d.Value)
	if d.Low != nil {
		text += fmt.Sprintf(" (%.4g to %.4g)", *d.Low, *d.High)
	}
	if d.Floor != nil || d.Nothing != nil {
		text += fmt.Sprintf("; floor %s, nothing %s", cell("%.4g", d.Floor, 1), cell("%.4g", d.Nothing, 1))
	}
	if s := d.Subsets; s != nil {
		text += fmt.Sprintf("; of %d subsets of %d %.4g ± %.4g", s.Subsets, s.Size, s.Mean, s.Deviation)
	}
	return text
}

func (r *GenerationReport) published(w io.Writer) {
	if len(r.Published) == 0 {
		return
	}
	t := show.NewTable(w)
	t.Row("published, MVTec AD", "IS", "IC-LPIPS", "source")
	t.Row("---", "---:", "---:", "---")
	for _, p := range r.Published {
		t.Row(p.Method, fmt.Sprintf("%.2f", p.Figures["IS"]), fmt.Sprintf("%.2f", p.Figures["IC-LPIPS"]), strings.TrimSuffix(p.Source+"; "+p.Care, "; "))
	}
	t.Flush()
	fmt.Fprint(w, `
These rows are published, and were not computed here. AnomalyAny's own (CVPR 2025, table 1) stands on AnomalyDiffusion's
scripts; nobody has reported it again, its numbers of pictures, seeds and sizes are not known, and users get other values
from AnomalyDiffusion's own published pictures (issues 100 and 119 there).
`)
	if _, missing, _ := setOf(r.names()); missing > 0 {
		fmt.Fprintf(w, "Ours are of %d of its 15 categories, so they are not to be compared.\n", len(r.names()))
	}
	fmt.Fprintln(w)
}

// legend says what the figures mean, and what they stand on.
func (r *GenerationReport) legend(w io.Writer) {
	fmt.Fprintf(w, "- IS: inception score, mean over %s, ± the mean deviation of splits, seed %d; it grows with the pictures of a split, and noise has a high one\n", map[string]string{"type": "defects", "category": "all pictures of a category"}[r.Pool], r.Seed)
	fmt.Fprintf(w, "- IC-LPIPS by the rule of %s, of the %s; beside it with clusters that have no pair as 0, as other programs print it\n", r.Rule, r.Region)
	fmt.Fprint(w, "- KID, CMMD: distance from the true pictures with defects, less is nearer; KID with a 95 % interval. floor: one half of the true ones from the other. nothing: normal pictures from true ones with defects; a generator above that has made nothing like them. CMMD is of the CLIP below: published ones are of L/14@336\n")
	fmt.Fprint(w, "- agreement: share of the pixels that changed that are inside the mask, where what a picture was made of is known\n")
	for _, n := range r.Networks {
		fmt.Fprintf(w, "- %s: %s (SHA-256 %.16s)\n", n.Name, n.Sees, n.SHA256)
	}
	fmt.Fprintf(w, "- pictures decoded by %s\n", r.Decoder)
	for _, c := range r.Categories {
		for _, note := range c.Notes {
			fmt.Fprintf(w, "- %s: %s\n", c.Category, note)
		}
	}
}
