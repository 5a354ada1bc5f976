package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/examples/demo/learn"
	"github.com/sdgraph/sdgraph/examples/demo/world"
)

// TestLearned learns a word in two steps, and does not do it again.
func TestLearned(t *testing.T) {
	if testing.Short() {
		t.Skip("makes pictures")
	}
	l := learned{Pairs: "unseen", Parts: []string{"tile"}, Examples: []int{2}, Seeds: []uint64{3}, N: 1, Steps: 2, Workers: 1, Out: t.TempDir()}
	if err := l.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, err := l.plan()
	if err != nil || len(all) != 2 {
		t.Fatalf("%v: %v", all, err)
	}
	kept, err := openFindings[schooled](l.Out, "learned", l.options())
	if err != nil {
		t.Fatal(err)
	}
	for i, methods := range [][]string{{byTruth, byInitial, byInitialThin, byAny, byFree}, {byWord, byWordThin, byAnyWord, byFreeWord}} {
		made := kept.Done[all[i].key()].Made
		for _, m := range methods {
			if len(made[m]) != 1 {
				t.Errorf("%s: %v", m, made[m])
			}
		}
	}
	if v := kept.Done[all[0].key()].Made[byTruth][0]; v.Judge != all[0].Defect.Name || *v.IoU < 0.5 {
		t.Errorf("the judge finds %q in the true drawing, IoU %v", v.Judge, *v.IoU)
	}
	word := learn.New(all[1].Pair, 2, 3).Path(filepath.Join(l.Out, "words"))
	before, err := os.Stat(word)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(l.Out, "learned.json")); err != nil {
		t.Fatal(err)
	}
	if err := l.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(word); err != nil || !os.SameFile(before, after) {
		t.Errorf("the word was learned again: %v", err)
	}
}

// TestLearnedTable has means of what was found, with each number of examples.
func TestLearnedTable(t *testing.T) {
	l := learned{Pairs: "unseen", Parts: []string{"tile"}, Examples: []int{1, 3}, Seeds: []uint64{0}, N: 2, Steps: 5}
	all, err := l.plan()
	if err != nil {
		t.Fatal(err)
	}
	asked := all[0].Defect.Name
	kept := &findings[schooled]{Done: map[string]*schooled{
		all[0].key(): {map[string][]verdictOf{byTruth: {{asked, of(0.5)}, {asked, of(1)}}, byAny: {{"", of(0)}, {"", nil}}, byInitial: {{"dent", of(0.2)}, {asked, of(0.4)}}}},
		all[1].key(): {map[string][]verdictOf{byWord: {{asked, of(0.1)}, {asked, of(0.3)}}, byAnyWord: {{"", of(0)}, {asked, of(0)}}}},
	}}
	wantRows(t, l.table(kept, all),
		"| true drawings | - | 2 | 100.0 % | 100.0 % | 0.75 |", "| AnomalyAny | - | 2 | 0.0 % | 0.0 % | 0.00 |",
		"| AnomalyDiffusion, initial word | - | 2 | 50.0 % | 100.0 % | 0.30 |", "| AnomalyDiffusion, learned word | 1 | 2 | 100.0 % | 100.0 % | 0.20 |",
		"| AnomalyAny, learned word | 3 | 0 | - | - | - |", "| tile, missing chunk | 100.0 % | 50.0 % | - | 0.0 % | - | 100.0 % | - | - | - | 50.0 % | - | - | - |")
}

func TestLearnedFlags(t *testing.T) {
	good := learned{Pairs: "unseen", Examples: []int{1}, Seeds: []uint64{0}, N: 1, Steps: 1}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for says, change := range map[string]func(l *learned){
		"at least one number":  func(l *learned) { l.Seeds = nil },
		"--examples is 11":     func(l *learned) { l.Examples = []int{11} },
		"--seeds has 100":      func(l *learned) { l.Seeds = []uint64{100} },
		`nobody draws "trunk"`: func(l *learned) { l.Parts = []string{"trunk"} },
		"--n is 0":             func(l *learned) { l.N = 0 },
		"--steps is 0":         func(l *learned) { l.Steps = 0 },
		"--workers is -1":      func(l *learned) { l.Workers = -1 },
	} {
		l := good
		change(&l)
		if err := l.Validate(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	if n := len(world.Pairs(world.UnseenPairs)); n >= 100 {
		t.Errorf("%d pairs have more drawings than there is room for", n)
	}
}
