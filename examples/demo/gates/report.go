package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// mean is the mean of numbers, and of how many. Numbers that are not finite,
// of what could not be measured, do not count.
type mean struct {
	Mean float64 `json:"mean"`
	N    int     `json:"n"`
}

func (m *mean) add(v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return
	}
	m.N++
	m.Mean += (v - m.Mean) / float64(m.N)
}

func (m *mean) count(hit bool) {
	if hit {
		m.add(1)
	} else {
		m.add(0)
	}
}

func addTo(of map[string]mean, name string, v float64) {
	m := of[name]
	m.add(v)
	of[name] = m
}

func countIn(of map[string]mean, name string, hit bool) {
	m := of[name]
	m.count(hit)
	of[name] = m
}

// report is everything that was measured. A gate of what was not is not there.
type report struct {
	Drawings int    `json:"drawings"` // of seen and of unseen pairs each
	Seed     uint64 `json:"seed"`

	Reconstruction *reconstruction `json:"reconstruction"`
	Naming         *naming         `json:"naming"`
	Seen           *attention      `json:"attention_seen"`
	Unseen         *attention      `json:"attention_unseen"`
	Samples        *samples        `json:"samples,omitempty"`
}

// gate is a number that has to be at least another.
type gate struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	N     int     `json:"n"`
	Least float64 `json:"least"`
	Pass  bool    `json:"pass"`
}

// gates are what a good model passes.
func (r *report) gates() []gate {
	gates := []gate{
		{Name: "autoencoder, PSNR in dB", Value: r.Reconstruction.PSNR.Mean, N: r.Reconstruction.PSNR.N, Least: 27},
		{Name: "CLIP names the subject", Value: r.Naming.Subject.Mean, N: r.Naming.Subject.N, Least: 0.95},
		{Name: "CLIP names the defect, seen pairs", Value: r.Naming.Seen.Mean, N: r.Naming.Seen.N, Least: 0.75},
		{Name: "CLIP names the defect, unseen pairs", Value: r.Naming.Unseen.Mean, N: r.Naming.Unseen.N, Least: 0.60},
	}
	for _, of := range []struct {
		pairs string
		*attention
		least float64
	}{{"seen pairs", r.Seen, 0.90}, {"unseen pairs", r.Unseen, 0.88}} {
		word := gate{Name: "attention finds the defect, AUROC, " + of.pairs, Value: of.Word.Mean, N: of.Word.N, Least: of.least}
		above := word
		above.Name = "... by how much more than the best control"
		above.Value -= max(of.End.Mean, of.Other.Mean, of.Normal.Mean)
		above.Least = 0
		gates = append(gates, word, above)
	}
	for i := range gates {
		gates[i].Pass = gates[i].Value >= gates[i].Least
	}
	return gates
}

func (r *report) passed() bool {
	return !slices.ContainsFunc(r.gates(), func(g gate) bool { return !g.Pass })
}

// json is the gates and everything that was measured.
func (r *report) json() ([]byte, error) {
	data, err := json.MarshalIndent(struct {
		Gates []gate `json:"gates"`
		*report
	}{r.gates(), r}, "", "  ")
	return append(data, '\n'), err
}

// table is all for people, in Markdown.
func (r *report) table() string {
	var b bytes.Buffer
	t := show.NewTable(&b)
	head := func(cells ...string) {
		t.Flush()
		fmt.Fprintln(&b)
		t.Row(cells...)
		t.Row(slices.Repeat([]string{"---"}, len(cells))...)
	}
	head("gate", "value", "at least", "pictures", "")
	for _, g := range r.gates() {
		t.Row(g.Name, number(g.Value), number(g.Least), fmt.Sprint(g.N), map[bool]string{true: "pass", false: "FAIL"}[g.Pass])
	}
	head("attention, AUROC", "seen pairs", "unseen pairs")
	for _, m := range []struct {
		name string
		of   func(a *attention) mean
	}{
		{"the defect's word", func(a *attention) mean { return a.Word }},
		{"control: the end token", func(a *attention) mean { return a.End }},
		{"control: another defect's word", func(a *attention) mean { return a.Other }},
		{"control: the picture without the defect", func(a *attention) mean { return a.Normal }},
	} {
		t.Row(m.name, number(m.of(r.Seen).Mean), number(m.of(r.Unseen).Mean))
	}
	head("defect", "AUROC, seen", "AUROC, unseen", "named by CLIP", "PSNR inside, dB", "contrast kept")
	for _, d := range slices.Sorted(maps.Keys(r.Naming.Defects)) {
		k := r.Reconstruction.Defects[d]
		t.Row(d, r.Seen.Defects[d].String(), r.Unseen.Defects[d].String(), r.Naming.Defects[d].String(), k.PSNR.String(), k.Contrast.String())
	}
	head("subject", "AUROC, seen", "AUROC, unseen", "named by CLIP", "PSNR, dB")
	for _, s := range slices.Sorted(maps.Keys(r.Naming.Subjects)) {
		t.Row(s, r.Seen.Subjects[s].String(), r.Unseen.Subjects[s].String(), r.Naming.Subjects[s].String(), r.Reconstruction.Subjects[s].String())
	}
	t.Flush()
	fmt.Fprintf(&b, "\nError of the colour differences after the autoencoder: %.1f of 255.\n", r.Reconstruction.Chroma.Mean)
	if s := r.Samples; s != nil {
		fmt.Fprintf(&b, "Of %d pictures from noise CLIP names the subject of %.0f %%, and of those with a defect the defect of %.0f %%: %s\n",
			s.Subject.N, 100*s.Subject.Mean, 100*s.Defect.Mean, s.Sheet)
	}
	return b.String()
}

// String is the mean, or a dash where there is none.
func (m mean) String() string {
	if m.N == 0 {
		return "-"
	}
	return number(m.Mean)
}

func number(v float64) string {
	if math.Abs(v) >= 10 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.3f", v)
}
