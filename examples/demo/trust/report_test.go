package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
)

func of(v float64) *float64 { return &v }

// some are four pictures: found and intact; found on a part that has changed; not found; found in one of another kind.
func some() []*finding {
	scores := func(outside, gain float64) anomalyany.Scores {
		return anomalyany.Scores{
			Area: 0.05, Focus: of(0.5), Confidence: of(0.5), Outside: &anomalyany.Change{Share: outside, SSIM: 1 - outside}, Inside: of(1), Part: of(0), Sees: of(0.1),
			CLIP: &anomalyany.CLIPScores{Prompt: gain},
		}
	}
	return []*finding{
		{Defect: "hole", Own: found{"hole", scores(0.2, 0.5)}, Kept: found{"hole", scores(0, 0.5)}, Attention: of(0.4), Annotated: of(0.6), Ceiling: of(0.8)},
		{Defect: "hole", Own: found{"hole", scores(0.3, 0.5)}, Kept: found{"hole", scores(0.1, 0.5)}, Attention: of(0.2), Annotated: of(0.4), Ceiling: of(0.8)},
		{Defect: "hole", Own: found{"", scores(0.1, 0.1)}, Kept: found{"", scores(0, 0.1)}, Ceiling: of(0.5)},
		{Defect: "dent", Own: found{"dent", scores(0, 0.5)}, Kept: found{"hole", scores(0, 0.5)}, Attention: of(0.5), Annotated: of(0.5)},
	}
}

// wantRows looks for lines of a table, whose columns may be apart.
func wantRows(t *testing.T, table string, rows ...string) {
	t.Helper()
	text := strings.Join(strings.Fields(table), " ")
	for _, row := range rows {
		if !strings.Contains(text, row) {
			t.Errorf("there is no %q in\n%s", row, table)
		}
	}
}

func TestMasks(t *testing.T) {
	var b bytes.Buffer
	masks(&b, some())
	wantRows(t, b.String(), "| hole | 2 | 0.30 | 0.50 | 0.70 | 0.71 |", "| dent | 1 | 0.50 | 0.50 | - |", "| all | 3 | 0.37 | 0.50 | 0.70 | 0.71 |", "| crack | 0 | - | - | - | - |")
}

func TestParts(t *testing.T) {
	var b bytes.Buffer
	parts(&b, some())
	wantRows(t, b.String(), "| the model's own picture | 75.0 % | 75.0 % | 15.0 % | 30.0 % | 0.850 |", "| the photograph around the defect | 50.0 % | 75.0 % | 2.5 % | 10.0 % | 0.975 |")
}

func TestFilters(t *testing.T) {
	var b bytes.Buffer
	limits := anomalyany.DefaultLimits()
	limits.MinGain = 0.3
	filters(&b, some(), limits)
	wantRows(t, b.String(),
		"| none, the model's own picture | 100.0 % | 25.0 % | 100.0 % |",
		"| now, the model's own picture | 25.0 % | 100.0 % | 100.0 % |",
		"| none, the photograph around the defect | 100.0 % | 25.0 % | 100.0 % |",
		"| now, the photograph around the defect | 50.0 % | 50.0 % | 100.0 % |",
	)
}

// TestFindings keeps findings, and goes on with them alone.
func TestFindings(t *testing.T) {
	out := t.TempDir()
	f, err := openFindings[finding](out, "seen", "blend 0.5")
	if err != nil {
		t.Fatal(err)
	}
	all, err := trial.Spread(world.SeenPairs, 2, trial.FirstSeed)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.add(key(all[0]), some()[0]); err != nil {
		t.Fatal(err)
	}
	again, err := openFindings[finding](out, "seen", "blend 0.5")
	if err != nil {
		t.Fatal(err)
	}
	if !again.has(key(all[0])) || again.has(key(all[1])) || *again.Done[key(all[0])].Annotated != 0.6 {
		t.Errorf("kept: %v", again.Done)
	}
	if _, err := openFindings[finding](out, "seen", "blend 0.2"); err == nil || !strings.Contains(err.Error(), `"blend 0.5", not "blend 0.2"`) {
		t.Errorf("other options: error %v", err)
	}
}
