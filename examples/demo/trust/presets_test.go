package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestInterval knows the interval of ten numbers.
func TestInterval(t *testing.T) {
	got := intervalOf([]float64{1, 0, 0, -1, 0, 1, 1, 0, 0, 0})
	// Their deviation is 0.632…, over √10 times 1.96 0.392.
	if math.Abs(got.mean-0.2) > 1e-12 || math.Abs(got.low+0.192) > 1e-3 || math.Abs(got.high-0.592) > 1e-3 || got.n != 10 {
		t.Errorf("%+v, want 0.2 (-0.192 to 0.592)", got)
	}
	if text := got.format(true); text != "+20.0 (-19.2 to +59.2)" {
		t.Errorf("printed %q", text)
	}
	if text := intervalOf([]float64{1}).format(true); text != "-" {
		t.Errorf("of one number: %q", text)
	}
}

// TestPaired compares the same drawings, where both have a number.
func TestPaired(t *testing.T) {
	of := func(v float64) *float64 { return &v }
	a := map[string]*glimpse{"1": {Judge: "crack", Defect: "crack", IoU: of(0.5)}, "2": {Defect: "hole"}, "3": {Judge: "dent", Defect: "dent", IoU: of(0.25)}, "4": {}}
	b := map[string]*glimpse{"1": {Judge: "crack", Defect: "crack", IoU: of(0.75)}, "2": {Judge: "hole", Defect: "hole", IoU: of(1)}, "3": {Judge: "hole", Defect: "dent", IoU: of(0.5)}}
	keys := []string{"1", "2", "3"}
	if got := paired(a, b, keys, measures[0].of); got.mean != 0 || got.n != 3 {
		t.Errorf("found: %+v, want no difference of 3", got)
	}
	if got := paired(a, b, keys, measures[2].of); got.mean != 0.25 || got.n != 2 {
		t.Errorf("IoU: %+v, want 0.25 of 2", got)
	}
	var out bytes.Buffer
	rows := []wayFound{{"paper", a}, {"fast", b}}
	levels(&out, rows, keys)
	differences(&out, rows, keys)
	for _, want := range []string{"| paper | 66.7 %", "66.7 %", "0.375", "0.750", "| less paper", "+0.250 (+0.250 to +0.250)"} {
		if !strings.Contains(strings.Join(strings.Fields(out.String()), " "), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// TestPresets measures two drawings both ways, and the same command again makes nothing anew.
func TestPresets(t *testing.T) {
	if testing.Short() {
		t.Skip("makes four pictures")
	}
	p := presets{N: 2, Seed: 9_600_000, Keep: true, Out: filepath.Join(t.TempDir(), "trust")}
	if err := p.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(p.Out, "presets-fast-kept.json")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"kept": "`, `"defect": "`} {
		if strings.Count(string(before), want) != 2 {
			t.Errorf("%s has not two of %s:\n%s", path, want, before)
		}
	}
	if err := p.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the same command again measured anew, error %v", err)
	}
	p.Only = []string{"quickly"}
	if err := p.Validate(); err == nil || !strings.Contains(err.Error(), "--only quickly: the ways are paper, paper-100, ") {
		t.Errorf("a way that there is not: %v", err)
	}
}
