package anomaly

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// golden are draws of NSA's released program, as a reference in Python noted them.
const golden = `[["gamma",2,0.05,0.08936029907770443],["integer",4,76,64],["normal",1,0.5,1.4948533307720104],["uniform",0,3.141592653589793,0.7103528363148843],["integer",0,2,1]]`

func readLog(t *testing.T, text string) (log []Draw) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &log); err != nil {
		t.Fatal(err)
	}
	return log
}

// TestPlayGolden plays what Python noted, notes it, and has the same log.
func TestPlayGolden(t *testing.T) {
	p := NewPlayer(readLog(t, golden))
	r := NewRecorder(p)
	got := []float64{r.Gamma(2, 0.05), float64(r.Whole(4, 76)), r.Normal(1, 0.5), r.Uniform(0, math.Pi), float64(r.Whole(0, 2))}
	want := []float64{0.08936029907770443, 64, 1.4948533307720104, 0.7103528363148843, 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, played +:\n%s", diff)
	}
	if err := p.Err(); err != nil {
		t.Error(err)
	}
	if text, err := json.Marshal(r.Log()); err != nil || string(text) != golden {
		t.Errorf("the log of it is %s, error %v", text, err)
	}
}

// TestReplay plays what a seed drew, through JSON, to the last bit.
func TestReplay(t *testing.T) {
	draw := func(d Draws) []any {
		var all []any
		for i := range 50 {
			all = append(all, d.Whole(-i, i+1), d.Uniform(-1e-9, float64(i)), d.Normal(0, 1e9), d.Gamma(0.1+float64(i), 1e-3), d.Choose(i, i/2))
		}
		return all
	}
	r := NewRecorder(NewDraws(11))
	want := draw(r)
	text, err := json.Marshal(r.Log())
	if err != nil {
		t.Fatal(err)
	}
	p := NewPlayer(readLog(t, string(text)))
	got := draw(p)
	if err := p.Err(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("drawn -, played +:\n%s", diff)
	}
	got[4] = "another" // what was given out is not the log's
	if again := draw(NewPlayer(r.Log())); !cmp.Equal(want, again) {
		t.Error("the log has changed")
	}
}

// TestPlayerChecks plays a log to who asks for something else, and logs that no draws could leave.
func TestPlayerChecks(t *testing.T) {
	for name, c := range map[string]struct {
		log  string
		draw func(d Draws) float64 // of which 3 is to come
		says string
	}{
		"as it is":      {`[["integer",3,9,3]]`, func(d Draws) float64 { return float64(d.Whole(3, 9)) }, ""},
		"kind":          {`[["uniform",3,9,4]]`, func(d Draws) float64 { return float64(d.Whole(3, 9)) }, `draw 0 is integer from 3 and 9, and in the log ["uniform",3,9,4]`},
		"first bound":   {`[["integer",4,9,4]]`, func(d Draws) float64 { return float64(d.Whole(3, 9)) }, `draw 0 is integer from 3 and 9, and in the log ["integer",4,9,4]`},
		"second bound":  {`[["normal",3,0.5,4]]`, func(d Draws) float64 { return d.Normal(3, 0.25) }, `draw 0 is normal from 3 and 0.25, and in the log ["normal",3,0.5,4]`},
		"end":           {`[]`, func(d Draws) float64 { return d.Uniform(3, 9) }, "draw 0, uniform from 3 and 9, is more than the log has"},
		"left":          {`[["integer",3,9,3],["gamma",2,3,4]]`, func(d Draws) float64 { return float64(d.Whole(3, 9)) }, `of 2 draws of the log 1 were not asked for, the first of them ["gamma",2,3,4]`},
		"hi":            {`[["integer",3,9,9]]`, func(d Draws) float64 { return float64(d.Whole(3, 9)) }, `draw 0 of the log, ["integer",3,9,9], cannot come`},
		"below lo":      {`[["integer",3,9,2]]`, func(d Draws) float64 { return float64(d.Whole(3, 9)) }, "cannot come"},
		"fraction":      {`[["integer",3,9,4.5]]`, func(d Draws) float64 { return float64(d.Whole(3, 9)) }, "cannot come"},
		"uniform":       {`[["uniform",3,9,9.5]]`, func(d Draws) float64 { return d.Uniform(3, 9) }, "cannot come"},
		"gamma":         {`[["gamma",2,3,-1]]`, func(d Draws) float64 { return 3 + d.Gamma(2, 3) }, "cannot come"},
		"twice":         {`[["choice",9,3,[1,2,1]]]`, func(d Draws) float64 { return 3 * float64(d.Choose(9, 3)[1]) }, "cannot come"},
		"few":           {`[["choice",9,3,[1,2]]]`, func(d Draws) float64 { return float64(len(d.Choose(9, 3))) }, "cannot come"},
		"beyond":        {`[["choice",9,1,[9]]]`, func(d Draws) float64 { return 3 + float64(d.Choose(9, 1)[0]) }, "cannot come"},
		"choice":        {`[["choice",9,2,[8,1]]]`, func(d Draws) float64 { c := d.Choose(9, 2); return float64(c[0] - 5*c[1]) }, ""},
		"a second time": {`[["integer",5,9,6],["integer",3,9,4]]`, func(d Draws) float64 { d.Whole(5, 8); return float64(d.Whole(3, 9)) }, `in the log ["integer",5,9,6]`},
	} {
		p := NewPlayer(readLog(t, c.log))
		if got := c.draw(p); got != 3 {
			t.Errorf("%s: %v came", name, got)
		}
		if err := p.Err(); (err != nil) != (c.says != "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want %q", name, err, c.says)
		}
	}
}

// TestLogsThatAreNone refuses lists that are no draws.
func TestLogsThatAreNone(t *testing.T) {
	for text, says := range map[string]string{
		`[["integer",0,2]]`:       `["integer",0,2], want a list of its kind, two numbers and what came`,
		`[{}]`:                    "a draw is {}, want a list",
		`[["coin",0,2,1]]`:        `its kind is "coin", want one of integer, uniform, normal, gamma, choice`,
		`[["integer","0",2,1]]`:   "cannot unmarshal string",
		`[["integer",0,2,[1]]]`:   "cannot unmarshal array",
		`[["choice",2,1,1]]`:      "cannot unmarshal number",
		`[["normal",0,1,1e999]]`:  "1e999",
		`[[1,0,1,1]]`:             "cannot unmarshal number",
		`[["choice",9,1,["a"]]]`:  "cannot unmarshal string",
		`[["choice",9,1,[0.25]]]`: "cannot unmarshal number 0.25",
	} {
		var log []Draw
		if err := json.Unmarshal([]byte(text), &log); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, want one that says %s", text, err, says)
		}
	}
}

// FuzzLog: any text is refused, or a log of which a Player plays nothing but what can be drawn.
func FuzzLog(f *testing.F) {
	f.Add(golden)
	f.Add(`[["choice",9,2,[8,1]]]`)
	f.Add(`[["choice",9,2,[` + strings.Repeat("8", 10_000) + `]]]`)
	f.Fuzz(func(t *testing.T, text string) {
		var log []Draw
		if err := json.Unmarshal([]byte(text), &log); err != nil {
			if len(err.Error()) > 2000 {
				t.Fatalf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		p := NewPlayer(log)
		for range log {
			n, x, g, c := p.Whole(4, 76), p.Uniform(0, math.Pi), p.Gamma(2, 0.05), p.Choose(9, 2)
			if n < 4 || n >= 76 || !(x >= 0 && x <= math.Pi) || !(g >= 0) || len(c) != 2 || c[0] == c[1] || min(c[0], c[1]) < 0 || max(c[0], c[1]) > 8 {
				t.Fatalf("%v, %v, %v and %v were played from %s", n, x, g, c, text)
			}
		}
	})
}
