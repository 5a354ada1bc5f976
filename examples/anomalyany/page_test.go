package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
)

// pageOf is the page of entries.
func pageOf(t testing.TB, review bool, entries ...entry) string {
	t.Helper()
	x := &index{encoded: map[string][]byte{}}
	for _, e := range entries {
		x.put(e)
	}
	data, err := x.page(review)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// has wants texts in a page, or none of them.
func has(t *testing.T, name, page string, want bool, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(page, text) != want {
			t.Errorf("%s: the page has %q: %t, want %t", name, text, !want, want)
		}
	}
}

const focusWhy, areaWhy = "attention not focused: 0.1, want 0.15 (--min-focus)", "mask too small: 0.10 %, want 0.2 % (--min-area)"

// TestPageSays first what was asked, what is usable, and what to do about the rest.
func TestPageSays(t *testing.T) {
	b, c, d := picture("b", focusWhy), picture("c", focusWhy, areaWhy), picture("d")
	d.Decision = rejected
	e := picture("e", areaWhy)
	e.Decision = accepted
	other := picture("f")
	other.Photograph, other.Anomaly, other.Prompt = "photograph-2.png", "hole", "a nut with a hole"
	page := pageOf(t, false, picture("a"), b, c, d, e, other, notKept("g", focusWhy))
	checkAlone(t, page)
	has(t, "counts", page, true, `<b>3 of 7</b> pictures are usable: 3 failed, 1 rejected, 1 accepted though the scores failed`,
		`<td>nut</td><td>crack</td><td class="n">1</td><td class="n">6</td><td class="n">2</td>`, `<td>nut</td><td>hole</td><td class="n">1</td><td class="n">1</td><td class="n">1</td>`,
		`<span id="usable-0">2</span> of 6 usable`, `<b>attention not focused</b>, 3 pictures: try a simpler word`, `<b>mask too small</b>, 1 picture: try `, "1 of the failed were not kept",
		`anomalyany review --out DIR`, `data-state="accepted" data-rank`, `data-state="rejected" data-rank`)
	if focus, area := strings.Index(page, "<b>attention not"), strings.Index(page, "<b>mask too"); focus > area {
		t.Error("the commonest reason does not come first")
	}
	has(t, "not served", page, false, "<button")
	served := pageOf(t, true, picture("a"), d)
	checkAlone(t, served)
	has(t, "served", served, true, `data-decision="accept" aria-pressed="false"`, `data-decision="reject" aria-pressed="true"`, "connect-src &#39;self&#39;")
	has(t, "served", served, false, "anomalyany review --out")
}

// TestPageOfOddPictures: of none, of those that failed and are gone, of words that
// are markup, and of one without words.
func TestPageOfOddPictures(t *testing.T) {
	page := pageOf(t, false)
	checkAlone(t, page)
	has(t, "none", page, true, `<b>0 of 0</b> pictures are usable`)
	has(t, "none", page, false, "<article", "<fieldset", "review --out")

	page = pageOf(t, false, notKept("a", focusWhy), notKept("b", "something new: 1"))
	has(t, "all failed", page, true, `<b>0 of 2</b> pictures are usable: 2 failed`, "2 of the failed were not kept", "<b>something new</b>, 1 picture</li>")
	has(t, "all failed", page, false, "<article")

	odd := picture("a", `<script>alert(1)</script>: (--min-focus)`)
	odd.Object, odd.Anomaly, odd.Prompt = `"><img src=x onerror=alert(1)>`, "</style><script>alert(1)</script>", strings.Repeat("https://long ", 500)+"<b>"
	odd.Notes = []string{"<i>note"}
	page = strings.ReplaceAll(pageOf(t, true, odd), "https://", "")
	checkAlone(t, page)
	has(t, "markup", page, false, "<img src=x", "<i>note", "<b>\"", "</style><")

	bare := picture("a")
	bare.Object, bare.Anomaly, bare.Photograph = "", "", ""
	page = pageOf(t, false, bare)
	has(t, "bare", page, true, `<td colspan="2">a nut with a crack</td><td class="n">0</td>`, "<figcaption>attention where it changed</figcaption>")
	has(t, "bare", page, false, `class="under"`, `type="range"`)
}

// TestGroups: the pictures of a prompt are together, with a few of their photographs.
func TestGroups(t *testing.T) {
	var all []entry
	for i := range 12 {
		e := picture(fmt.Sprintf("%02d", i))
		e.Photograph = fmt.Sprintf("photograph-%d.png", i%10)
		all = append(all, e)
	}
	all[3].Prompt = "another"
	page := pageOf(t, false, all...)
	has(t, "groups", page, true, "and 3 more", `<span id="usable-0">11</span> of 11`, `<span id="usable-1">1</span> of 1`)
	if got := strings.Count(page, `alt="normal photograph"`); got != 7 {
		t.Errorf("%d photographs beside the prompts, want six and one", got)
	}
}

// TestTitle names a few prompts.
func TestTitle(t *testing.T) {
	var all []entry
	for i := range 20 {
		e := picture(fmt.Sprintf("%02d", i/2*2+i%2))
		e.Prompt = fmt.Sprintf("prompt %d", i/2)
		e.Photograph = fmt.Sprintf("photograph-%d.png", i%2)
		all = append(all, e)
	}
	has(t, "title", pageOf(t, false, all...), true, "<title>Generated defects: prompt 0; prompt 1; prompt 2; …</title>")
	has(t, "title", pageOf(t, false), true, "<title>Generated defects</title>")
}

// TestWorstFirst: not usable, then the weakest score as it compares.
func TestWorstFirst(t *testing.T) {
	of := func(name string, focus, margin float64, failed ...string) entry {
		e := picture(name, failed...)
		e.Scores = anomalyany.Scores{Focus: &focus, CLIP: &anomalyany.CLIPScores{Prompt: margin, PhotographNormal: 0.1}}
		return e
	}
	shown := []entry{
		of("middling", 0.50, 0.020), of("failed", 0.90, 0.090, focusWhy), of("unfocused", 0.20, 0.030), of("best", 0.80, 0.080), of("unseen", 0.85, 0.010),
	}
	saved := of("saved", 0.60, 0.025, focusWhy)
	saved.Decision = accepted
	shown = append(shown, saved)
	names := make([]string, len(shown))
	for i, rank := range worstFirst(shown) {
		names[rank] = shown[i].Name
	}
	if want := []string{"failed", "unfocused", "unseen", "middling", "saved", "best"}; !slices.Equal(names, want) {
		t.Errorf("worst first: %v, want %v", names, want)
	}
	p := func(v float64) *float64 { return &v }
	for name, s := range map[string][2]anomalyany.Scores{ // the worse one, the better one
		"outside": {{Outside: &anomalyany.Change{Share: 0.3}}, {Outside: &anomalyany.Change{Share: 0.1}}},
		"inside":  {{Inside: p(0.1)}, {Inside: p(0.2)}}, "part": {{Part: p(-0.1)}, {Part: p(0)}}, "sees": {{Sees: p(-0.1)}, {Sees: p(0.1)}},
		"sure": {{Confidence: p(0.1)}, {Confidence: p(0.2)}}, "stray": {{Stray: p(0.2)}, {Stray: p(0.1)}},
	} {
		if got := worstFirst([]entry{{Scores: s[1]}, {Scores: s[0]}}); got[1] != 0 {
			t.Errorf("%s: the better one is called worse", name)
		}
	}
	same := []entry{picture("a"), picture("b"), picture("c")}
	if diff := cmp.Diff([]int{0, 1, 2}, worstFirst(same)); diff != "" {
		t.Errorf("three of one kind are not in their order:\n%s", diff)
	}
	if got := worstFirst(nil); len(got) > 0 {
		t.Errorf("ranks of nothing: %v", got)
	}
}

// TestRemarks says of each score what it means, and nothing of those that are not
// there.
func TestRemarks(t *testing.T) {
	p := func(v float64) *float64 { return &v }
	clip := func(margin, gain float64) *anomalyany.CLIPScores {
		return &anomalyany.CLIPScores{Prompt: margin, PhotographPrompt: margin - gain}
	}
	type change = anomalyany.Change
	for _, c := range []struct {
		scores anomalyany.Scores
		failed string // flags
		want   []string
	}{
		{anomalyany.Scores{Area: 0.053, Focus: p(0.7)}, "", []string{" change: the mask covers 5.3 % of the picture", " attention: focused on the mask (0.70 of 1)"}},
		{anomalyany.Scores{Area: 0.5, Stray: p(0.034)}, "", []string{" change: the mask covers 50 % of the picture", " mask: 3.4 % of all pixels that changed lie outside it"}},
		{anomalyany.Scores{Area: 0.25, Focus: p(0.2), Outside: &change{Share: 0.02, SSIM: 0.98}, Inside: p(0.9), Part: p(0.1), Sees: p(0.2), CLIP: clip(0.1, 0.3), Confidence: p(0.9)}, "", []string{
			"good part: as in the photograph: 2.0 % changed outside the defect, SSIM 0.98", "good part: CLIP sees no less of it, outside the defect, than in the photograph (+0.100)",
			"good change: in 90 % of the mask, which covers 25 % of the picture", "good defect: CLIP sees “hole” there rather than another defect (+0.200)",
			"good defect: the picture is more like the prompt than like a normal part (+0.100; gained +0.300)", " attention: weakly focused on the mask (0.20 of 1)", " mask: sure (0.90 of 1)",
		}},
		{anomalyany.Scores{Outside: &change{Share: 0.3, SSIM: 0.5}, Inside: p(0.1), Part: p(-0.1), Sees: p(-0.2), CLIP: clip(-0.1, 0.3), Confidence: p(0.1)}, "", []string{
			"bad part: no longer the same: 30 % changed outside the defect, SSIM 0.50", " part: CLIP sees less of it, outside the defect, than in the photograph (-0.100)",
			" change: only in 10 % of the mask, which covers 0.0 % of the picture", "bad defect: CLIP sees another defect there rather than “hole” (-0.200)",
			"bad defect: the picture is more like a normal part than like the prompt (-0.100)", " mask: unsure (0.10 of 1)",
		}},
		{anomalyany.Scores{Focus: p(1), Outside: &change{Share: 0.1, SSIM: 0.8}, CLIP: clip(0.1, 0)}, "", []string{
			" part: a little changed: 10 % outside the defect, SSIM 0.80", " change: the mask covers 0.0 % of the picture",
			"bad defect: the picture is no more like the prompt than the photograph is (gained +0.000)", " attention: focused on the mask (1.00 of 1)",
		}},
		{anomalyany.Scores{Focus: p(0.4), Outside: &change{Share: 0.01, SSIM: 1}, Inside: p(0.2), Part: p(-0.01), Sees: p(0.01), CLIP: clip(0.1, 0.1)}, "--min-focus --max-outside --min-inside --min-part --min-sees --min-gain", []string{
			"bad part: no longer the same: 1.0 % changed outside the defect, SSIM 1.00", "bad part: CLIP sees less of it, outside the defect, than in the photograph (-0.010)",
			"bad change: only in 20 % of the mask, which covers 0.0 % of the picture", " defect: CLIP sees “hole” there rather than another defect (+0.010)",
			" defect: the picture is more like the prompt than like a normal part (+0.100; gained +0.100)", "bad attention: focused on the mask (0.40 of 1)",
		}},
	} {
		e := entry{Anomaly: "hole", Scores: c.scores}
		for _, flag := range strings.Fields(c.failed) {
			e.Failed = append(e.Failed, "why: 1, want 2 ("+flag+")")
		}
		var got []string
		for _, r := range e.remarks() {
			for _, s := range r.Said {
				got = append(got, s.Kind+" "+r.Term+": "+s.Text)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	}
}

// TestAdviceForEveryLimit: there is some for every limit.
func TestAdviceForEveryLimit(t *testing.T) {
	for limit, flag := range limitFlags {
		if advice[flag] == "" {
			t.Errorf("nothing says what to do where pictures fail by %s (%s)", limit, flag)
		}
	}
}
