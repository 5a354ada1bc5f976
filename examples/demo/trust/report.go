package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/diffusion/demo"
	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor"
)

// report prints the tables and writes them beside the findings.
func (p pictures) report(f *findings[finding], trials []trial.Trial) error {
	var all []*finding
	alarms := 0
	for _, t := range trials {
		switch found := f.Done[key(t)]; {
		case found.Normal != "": // the judge cannot tell what was generated
			alarms++
		default:
			all = append(all, found)
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d pictures of %s pairs; %d more left out, in whose drawing the judge sees a defect where there is none\n\n", len(all), p.Pairs, alarms)
	masks(&b, all)
	parts(&b, all)
	defaults, err := anomalyany.ReadDefaults(tensor.InFS(demo.FS()))
	if err != nil {
		return err
	}
	filters(&b, all, defaults.Limits)
	path := filepath.Join(p.Out, p.Pairs+".md")
	if err := files.Write(path, b.Bytes()); err != nil {
		return err
	}
	_, err = fmt.Printf("%s\n%s\n", b.String(), path)
	return err
}

// mean is the mean of numbers; what is nil does not count.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(v *float64) {
	if v != nil {
		m.sum, m.n = m.sum+*v, m.n+1
	}
}

func (m *mean) count(yes bool) {
	if m.n++; yes {
		m.sum++
	}
}

// decimals and percent are "-" where there were no numbers.
func (m mean) decimals(n int) string {
	if m.n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.*f", n, m.sum/float64(m.n))
}

func (m mean) percent() string {
	if m.n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*m.sum/float64(m.n))
}

// masks is the table of where the mask lies, for each defect and for all.
func masks(b *bytes.Buffer, all []*finding) {
	t := show.NewTable(b)
	t.Row("mask", "pictures", "attention alone", "attention and change", "judge on drawings", "share of that")
	t.Row("---", "---:", "---:", "---:", "---:", "---:")
	line := func(name string, of []*finding) {
		var attention, annotated, ceiling mean
		for _, f := range of {
			attention.add(f.Attention)
			annotated.add(f.Annotated)
			ceiling.add(f.Ceiling)
		}
		share := mean{annotated.sum / float64(max(1, annotated.n)) / (ceiling.sum / float64(max(1, ceiling.n))), annotated.n}
		if share.n > 0 {
			share.n = 1
		}
		t.Row(name, fmt.Sprint(annotated.n), attention.decimals(2), annotated.decimals(2), ceiling.decimals(2), share.decimals(2))
	}
	for _, d := range world.Defects() {
		line(d.Name, slices.DeleteFunc(slices.Clone(all), func(f *finding) bool { return f.Defect != d.Name }))
	}
	line("all", all)
	t.Flush()
	fmt.Fprint(b, "\nIoU of masks with what the judge finds in the model's own picture, before the photograph comes back; of drawings that went through the autoencoder, the judge's with the truth.\n\n")
}

// parts is the table of what is left of the part, and of the defect.
func parts(b *bytes.Buffer, all []*finding) {
	t := show.NewTable(b)
	t.Row("part", "asked defect found", "any found", "changed outside", "in the worst", "SSIM outside")
	t.Row("---", "---:", "---:", "---:", "---:", "---:")
	line := func(name string, of func(f *finding) found) {
		var asked, any, changed, alike mean
		worst := 0.0
		for _, f := range all {
			p := of(f)
			asked.count(p.Judge == f.Defect)
			any.count(p.Judge != "")
			if out := p.Scores.Outside; out != nil {
				changed.add(&out.Share)
				alike.add(&out.SSIM)
				worst = max(worst, out.Share)
			}
		}
		t.Row(name, asked.percent(), any.percent(), changed.percent(), fmt.Sprintf("%.1f %%", 100*worst), alike.decimals(3))
	}
	line("the model's own picture", func(f *finding) found { return f.Own })
	line("the photograph around the defect", func(f *finding) found { return f.Kept })
	t.Flush()
	fmt.Fprintf(b, "\nOutside: more than %d pixels from the mask; changed: by more than 25 of 255. The model's own picture is compared with the photograph after the autoencoder.\n\n", anomalyany.OutsideMargin)
}
