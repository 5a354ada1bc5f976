package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
)

// TestJudge names the flag of each limit.
func TestJudge(t *testing.T) {
	f := Series{MinFocus: 0.15, MinArea: 0.2, MaxArea: 50, MaxOutside: 5, MinInside: 20, MinPart: -0.1, MinSees: -0.1, MinConfidence: 0.1}
	inside, part, sees := 0.1, -0.2, -0.3
	s := anomalyany.Scores{
		Area: 0.001, Focus: new(0.1), Confidence: new(0.05), Outside: &anomalyany.Change{Share: 0.06}, Inside: &inside, Part: &part, Sees: &sees,
		CLIP: &anomalyany.CLIPScores{Prompt: 0.25, Normal: 0.26, PhotographPrompt: 0.25, PhotographNormal: 0.25},
	}
	want := []string{
		"attention not focused: 0.100, want 0.15 (--min-focus)", "mask too small: 0.10 %, want 0.2 % (--min-area)",
		"unsure where the defect is: 0.050, want 0.1 (--min-confidence)",
		"the part is not the part any more: 6.0 % of the pixels outside the defect changed, at most 5 % (--max-outside)",
		"hardly anything changed: 10.0 % of the mask's pixels, want 20 % (--min-inside)",
		"CLIP sees less of the part outside the defect: its cosine differs by -0.200, want -0.1 (--min-part)",
		"CLIP sees another defect rather than the one that was asked for: by -0.300, want -0.1 (--min-sees)",
		"CLIP prefers the normal prompt: cosine 0.250 with the prompt, 0.260 with the normal one, want a margin of 0 (--min-clip)",
		"CLIP sees no more of the defect than in the photograph: gain -0.0100, want more than 0 (--min-gain)",
	}
	if diff := cmp.Diff(want, f.judge(s)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	s = anomalyany.Scores{Area: 0.6, Focus: new(1.0), Confidence: new(1.0)}
	if diff := cmp.Diff([]string{"mask too large: 60.0 %, at most 50 % (--max-area)"}, f.judge(s)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// TestDefaultLimits: who gives no flags has the model's limits, or the library's where it has none.
func TestDefaultLimits(t *testing.T) {
	for model, dir := range map[string]string{"the small one": "../../diffusion/demo/model", "another": modelA} {
		f, err := parse(t, "--model", dir, "--image", "nut.png", "--object", "nut", "--anomaly", "crack")
		if err != nil {
			t.Fatal(err)
		}
		d, err := f.readDefaults()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d.Limits, f.limits(), cmpopts.EquateApprox(0, 1e-12)); diff != "" { // some are in percent
			t.Errorf("%s: its limits -, the program's +:\n%s", model, diff)
		}
		if (d.Limits == anomalyany.DefaultLimits()) != (model == "another") {
			t.Errorf("%s has the limits %+v", model, d.Limits)
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
	checkAlone(t, page)
	slices.Sort(names)
	return slices.Compact(names)
}

// checkAlone wants a page that needs nothing but the pictures beside it, and runs
// nothing but its own script.
func checkAlone(t *testing.T, page string) {
	t.Helper()
	low := strings.ToLower(strings.Replace(strings.ReplaceAll(page, "url(#outline)", ""), "<script>"+pageScript+"</script>", "", 1))
	for _, outside := range []string{"://", "<script", "<link", "<iframe", "@import", "url(", `="javascript:`} {
		if strings.Contains(low, outside) {
			t.Errorf("the page has %q: it should stand alone", outside)
		}
	}
	if sum := sha256.Sum256([]byte(pageScript)); !strings.Contains(html.UnescapeString(page), "script-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
		t.Error("the page's policy does not let its script run")
	}
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
	if got := strings.Count(page, `class="other"`); got != bad {
		t.Errorf("%d pictures of the page failed, want %d", got, bad)
	}
	for _, part := range []string{"mask too large", "a photo of a hazelnut with a &lt;hole&gt; &amp; dent", `<td class="n">3</td>`, fmt.Sprintf(`<b>%d of 4</b>`, 4-bad)} {
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
