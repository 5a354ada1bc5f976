package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestJudge finds each reason to fail, and none.
func TestJudge(t *testing.T) {
	limits := Series{MinFocus: 0.15, MinArea: 0.2, MaxArea: 50}
	good := scores{Area: 0.05, Focus: 0.4, CLIP: &clipScores{Prompt: 0.25, Normal: 0.22, PhotographPrompt: 0.21, PhotographNormal: 0.24}}
	for name, c := range map[string]struct {
		change func(s *scores)
		says   []string
	}{
		"good":             {func(*scores) {}, nil},
		"at the limits":    {func(s *scores) { s.Focus, s.Area, s.CLIP.Normal = 0.15, 0.5, 0.25 }, nil},
		"no CLIP":          {func(s *scores) { s.CLIP = nil }, nil},
		"flat map":         {func(s *scores) { s.Focus = 0.149 }, []string{"attention not focused: 0.149, want 0.15"}},
		"small mask":       {func(s *scores) { s.Area = 0.0019 }, []string{"mask too small: 0.19 %, want 0.2 %"}},
		"large mask":       {func(s *scores) { s.Area = 0.501 }, []string{"mask too large: 50.1 %, at most 50 %"}},
		"normal":           {func(s *scores) { s.CLIP.Normal = 0.26 }, []string{"CLIP prefers the normal prompt: cosine 0.250 with the prompt, 0.260"}},
		"like photograph":  {func(s *scores) { s.CLIP.PhotographNormal = 0.18 }, []string{"no more of the defect than in the photograph: gain 0.0000"}},
		"several problems": {func(s *scores) { s.Area, s.Focus = 0, 0 }, []string{"not focused", "too small"}},
	} {
		s, clip := good, *good.CLIP
		s.CLIP = &clip
		c.change(&s)
		why := s.judge(limits)
		if len(why) != len(c.says) {
			t.Errorf("%s: %q, want %d reasons", name, why, len(c.says))
			continue
		}
		for i, part := range c.says {
			if !strings.Contains(why[i], part) {
				t.Errorf("%s: %q does not mention %q", name, why[i], part)
			}
		}
	}
}

func TestFocus(t *testing.T) {
	for name, c := range map[string]struct {
		soft, mask, may []float32
		want            float64
	}{
		"crisp":          {[]float32{1, 0, 0, 0}, []float32{1, 0, 0, 0}, nil, 1},
		"flat":           {[]float32{0.5, 0.5, 0.5, 0.5}, []float32{1, 0, 0, 1}, nil, 0},
		"soft":           {[]float32{0.75, 0.25, 0.25, 0.75}, []float32{1, 0, 0, 1}, nil, 0.5},
		"inside a mask":  {[]float32{1, 0.5, 0, 0}, []float32{1, 0, 0, 0}, []float32{1, 1, 0, 0}, 0.5},
		"nothing":        {[]float32{1, 0, 0, 0}, []float32{0, 0, 0, 0}, nil, 0},
		"everything":     {[]float32{1, 1, 1, 1}, []float32{1, 1, 1, 1}, nil, 0},
		"all that might": {[]float32{1, 1, 0, 0}, []float32{1, 1, 0, 0}, []float32{1, 1, 0, 0}, 0},
	} {
		if got := focus(c.soft, c.mask, c.may); got != c.want {
			t.Errorf("%s: %g, want %g", name, got, c.want)
		}
	}
}

var links = regexp.MustCompile(`(?:src|href)="([^"]*)"`)

// linksOf returns what a directory's page links to, each once, and checks that
// it is there.
func linksOf(t *testing.T, dir string) []string {
	t.Helper()
	page := string(readFile(t, dir, "index.html"))
	var names []string
	for _, m := range links.FindAllStringSubmatch(page, -1) {
		if _, err := os.Stat(filepath.Join(dir, m[1])); err != nil {
			t.Errorf("the page links to %q, which is not there", m[1])
		}
		names = append(names, m[1])
	}
	for _, outside := range []string{"://", "<script", "<link", "@import", "url("} {
		if strings.Contains(page, outside) {
			t.Errorf("the page has %q: it should stand alone", outside)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// TestPage makes good and failed pictures of two prompts in one directory.
func TestPage(t *testing.T) {
	f := small(t)
	f.N = 3
	runAll(t, f)
	areas := map[uint64]float64{}
	x, err := readIndex(f.Out)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range x.Entries {
		areas[e.Seed] = 100 * e.Scores.Area
	}
	if x.Pictures != 3 || x.Failed != 0 || len(areas) != 3 {
		t.Fatalf("index of three good pictures: %+v", x)
	}

	f.MaxArea = (areas[0] + areas[1]) / 2 // one of these two fails
	bad := 0
	for _, a := range areas {
		if a > f.MaxArea {
			bad++
		}
	}
	second := f
	second.Anomaly, second.N = []string{"<hole> & dent"}, 1
	second.Prompt = "a photo of a hazelnut with a <hole> & dent"
	second.MaxArea = 100
	runAll(t, f)
	runAll(t, second)
	if x, err = readIndex(f.Out); err != nil {
		t.Fatal(err)
	}
	if x.Pictures != 4 || x.Failed != bad || bad == 0 || bad == 3 {
		t.Errorf("index: %d pictures, %d failed; want 4 and %d", x.Pictures, x.Failed, bad)
	}
	page := string(readFile(t, f.Out, "index.html"))
	if got := strings.Count(page, `class="failed"`); got != bad {
		t.Errorf("%d pictures of the page failed, want %d", got, bad)
	}
	for _, part := range []string{"mask too large", "a photo of a hazelnut with a &lt;hole&gt; &amp; dent", "4 generated"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page does not mention %q", part)
		}
	}
	if got := len(linksOf(t, f.Out)); got != 4*4+1 {
		t.Errorf("the page links to %d files, want four of each picture and the photograph", got)
	}
	checkWhole(t, f.Out)

	for _, name := range []string{".png", "-mask.png", "-heat.png", ".json"} { // someone throws one away
		if err := os.Remove(filepath.Join(f.Out, "hazelnut-crack-0002"+name)); err != nil {
			t.Fatal(err)
		}
	}
	runAll(t, second)
	linksOf(t, f.Out)
	checkWhole(t, f.Out)
}

// TestKeepGood leaves failed pictures out, now and with --resume, and removes
// those of earlier runs.
func TestKeepGood(t *testing.T) {
	f := small(t)
	f.N = 2
	runAll(t, f)
	f.Keep, f.MaxArea = "good", 0
	if diff := cmp.Diff([]string{"index.html", "index.json"}, withoutPhotograph(runAll(t, f))); diff != "" {
		t.Errorf("files where all failed: want -, got +:\n%s", diff)
	}
	x, err := readIndex(f.Out)
	if err != nil {
		t.Fatal(err)
	}
	if x.Pictures != 2 || x.Failed != 2 || len(x.Entries) != 2 || x.Entries[0].Picture != "" || len(x.Entries[0].Failed) != 1 || x.Entries[0].Scores.Area == 0 {
		t.Errorf("index where all failed: %+v", x)
	}
	page := string(readFile(t, f.Out, "index.html"))
	if !strings.Contains(page, "2 of the failed were not kept") || !strings.Contains(page, "seed 1: mask too large") || strings.Contains(page, "<article") {
		t.Errorf("the page shows pictures that were not kept, or not why:\n%s", page)
	}
	f.Resume = true
	if ran, err := runUntil(t, f, 2, 1<<40); err != nil || ran > 0 {
		t.Errorf("pictures that failed are made again: %d operations, %v", ran, err)
	}
	f.MaxArea = 100 // now they would pass
	if got := len(withoutPhotograph(runAll(t, f))); got != 2*4+2 {
		t.Errorf("%d files, want two pictures and the index", got)
	}
	f.MaxArea = 0 // they are there, and fail
	if diff := cmp.Diff([]string{"index.html", "index.json"}, withoutPhotograph(runAll(t, f))); diff != "" {
		t.Errorf("finished pictures that fail: want -, got +:\n%s", diff)
	}
}

func withoutPhotograph(names []string) []string {
	return slices.DeleteFunc(names, func(n string) bool { return strings.HasPrefix(n, "photograph-") })
}

// TestForeignIndex overwrites nothing of others.
func TestForeignIndex(t *testing.T) {
	for name, content := range map[string]string{
		"index.html": "<h1>My pages</h1>", "index.json": `{"pages": 3}`,
	} {
		f := small(t)
		if err := os.Mkdir(f.Out, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(f.Out, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := run(t.Context(), f); err == nil || !strings.Contains(err.Error(), "would be overwritten") {
			t.Errorf("%s: %v", name, err)
		}
		if got := string(readFile(t, f.Out, name)); got != content {
			t.Errorf("%s is now %q", name, got)
		}
	}
}
