package prompts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/clip"
)

// TestDefault wants MVTec AD's and VisA's, and every text to work with CLIP's
// tokenizer: parsing checks that the words are in the prompts.
func TestDefault(t *testing.T) {
	all, err := Parse("categories.yaml", own, clip.DefaultTokenizer())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all, Default()); diff != "" {
		t.Errorf("checked -, by default +:\n%s", diff)
	}
	for _, line := range strings.Split(strings.TrimSpace(mvtec), "\n") {
		name, want, _ := strings.Cut(line, ": ")
		if got := names(all[name].Defects); got != want {
			t.Errorf("%s has the defects %q, want %q", name, got, want)
		}
	}
	for _, name := range strings.Fields("candle capsules cashew chewinggum fryum macaroni1 macaroni2 pcb1 pcb2 pcb3 pcb4 pipe_fryum") {
		if len(all[name].Defects) < 4 {
			t.Errorf("VisA's %s has the defects %s", name, names(all[name].Defects))
		}
	}
	if len(all) != 15+12 {
		t.Errorf("%d categories", len(all))
	}
	for name, c := range all {
		for of, d := range c.Defects {
			if n := tokens(d.Prompt) + tokens(d.Detail); n > 77 {
				t.Errorf("%s %s: prompt and detail have %d tokens", name, of, n)
			}
			if d.Detail == d.Prompt || len(d.Detail) < len(d.Prompt) {
				t.Errorf("%s %s: the detail says no more than the prompt", name, of)
			}
		}
	}
}

// tokens counts a text's tokens, without those of start, end and padding.
func tokens(text string) int {
	t := clip.DefaultTokenizer()
	ids := t.Encode(text)
	return slices.Index(ids[1:], t.Encode("")[1])
}

const mvtec = `
bottle: broken_large, broken_small, contamination
cable: bent_wire, cable_swap, combined, cut_inner_insulation, cut_outer_insulation, missing_cable, missing_wire, poke_insulation
capsule: crack, faulty_imprint, poke, scratch, squeeze
carpet: color, cut, hole, metal_contamination, thread
grid: bent, broken, glue, metal_contamination, thread
hazelnut: crack, cut, hole, print
leather: color, cut, fold, glue, poke
metal_nut: bent, color, flip, scratch
pill: color, combined, contamination, crack, faulty_imprint, pill_type, scratch
screw: manipulated_front, scratch_head, scratch_neck, thread_side, thread_top
tile: crack, glue_strip, gray_stroke, oil, rough
toothbrush: defective
transistor: bent_lead, cut_lead, damaged_case, misplaced
wood: color, combined, hole, liquid, scratch
zipper: broken_teeth, combined, fabric_border, fabric_interior, rough, split_teeth, squeezed_teeth
`

// A user's file, whose lines are counted in TestCategoriesMistakes.
const washer = `washer:
  object: rubber washer
  defects:
    tear:
      prompt: a photo of a rubber washer with a tear in it
      words: [tear]
      detail: a black rubber washer with a ragged tear
`

func TestCategoriesFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(path, []byte(washer), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path, clip.DefaultTokenizer())
	if err != nil {
		t.Fatal(err)
	}
	want := Categories{"washer": {Object: "rubber washer", Defects: map[string]Defect{"tear": {
		Prompt: "a photo of a rubber washer with a tear in it", Words: []string{"tear"}, Detail: "a black rubber washer with a ragged tear",
	}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestCategoriesMistakes(t *testing.T) {
	if _, err := Read("nowhere.yaml", nil); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "nowhere.yaml") {
		t.Errorf("no file: %v", err)
	}
	swap := func(old, new string) string { return strings.Replace(washer, old, new, 1) }
	for name, c := range map[string]struct{ file, says string }{
		"no YAML":       {swap("[tear]", "[tear"), "mine.yaml:7:7: "},
		"indentation":   {swap("  defects", "   defects"), "mine.yaml:2:11: "},
		"unknown field": {swap("detail:", "details:"), `mine.yaml:7:7: unknown field "details"`},
		"twice":         {washer + "washer: {}\n", "mine.yaml:8:1: "},
		"no text":       {swap("rubber washer\n", "[1]\n"), "mine.yaml:2:"},
		"word":          {swap("[tear]", "[rip]"), `mine.yaml:6:14: defect "tear" of "washer": "rip" is not in the prompt, whose words are: a, photo, of`},
		"no words":      {swap("      words: [tear]\n", ""), `mine.yaml:5:13: defect "tear" of "washer": words is missing`},
		"no detail":     {swap("a black rubber washer with a ragged tear", ""), `mine.yaml:7:`},
		"long":          {swap("a black", strings.Repeat("very ", 75)), `mine.yaml:7:15: defect "tear" of "washer": the text is too long`},
		"no object":     {swap("  object: rubber washer\n", ""), `category "washer" has no object`},
		"no defects":    {"washer:\n  object: washer\n", `mine.yaml:2:9: category "washer" has no defects`},
		"empty":         {"", "mine.yaml:1:1: there is no category"},
		"comment only":  {"# nothing\n", "mine.yaml:1:1: there is no category"},
		"odd tag":       {swap("[tear]", "!x"), "mine.yaml: this is no YAML that can be read"},
		"no map":        {"- washer\n", "mine.yaml:1:"},
	} {
		if _, err := Parse("mine.yaml", []byte(c.file), clip.DefaultTokenizer()); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %s", name, err, c.says)
		}
	}
}

// TestCategoriesBounds refuses what the parser would take minutes or gigabytes
// for, and says where.
func TestCategoriesBounds(t *testing.T) {
	keys := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "k%d: a\n", i)
		}
		return b.String()
	}
	for name, c := range map[string]struct{ file, says string }{
		"open brackets":  {strings.Repeat("[", 100_000), "mine.yaml:1: the file has more than 16 brackets open at once"},
		"open braces":    {"a:\n  " + strings.Repeat("{b: ", 5_000), "mine.yaml:2: the file has more than 16 brackets open at once"},
		"keys":           {keys(16_000), "mine.yaml:3001: the file has more than 3000 keys"},
		"keys of a flow": {"{" + strings.Repeat("a: b, ", 16_000) + "}", "mine.yaml:1: the file has more than 3000 keys"},
		"entries":        {"a: [" + strings.Repeat("b, ", 20_000) + "]", "mine.yaml:1: the file has more than 10000 entries"},
		"lines":          {strings.Repeat("#\n", 100_000), "mine.yaml:5001: the file has more than 5000 lines"},
		"lists of lists": {strings.Repeat("- ", 50_000) + "a", "mine.yaml:1: the file has more than 64 columns before"},
		"keys of keys":   {strings.Repeat("? ", 50_000) + "a", "mine.yaml:1: the file has more than 64 columns before"},
		"lists alone":    {"\n" + strings.Repeat("- ", 40_000), "mine.yaml:2: the file has more than 64 columns before"},
		"named lists":    {"a:\n" + strings.Repeat("- &a ", 20_000), "mine.yaml:2:81: the line has more than 16 signs of lists and keys"},
		"two documents":  {washer + "---\n" + washer, "mine.yaml: the file has 2 documents, divided by ---, want one"},
		"one, with ---":  {"---\n" + washer + "...\n", ""},
		"indentation":    {"a:\n" + strings.Repeat(" ", 65) + "b: c", "mine.yaml:2: the file has more than 64 columns before"},
		"merged keys":    {"a: &a\n  b: c\nd:\n  <<: *a\n", "mine.yaml:4:3: merged keys (<<) are not read"},
		"aliases":        {washer + strings.Repeat("a: *b\n", 17), "mine.yaml:24:4: the file has more than 16 aliases"},
		"an alias":       {strings.Replace(washer, "washer:", "washer: &w", 1) + "ring: *w\n", ""},
		"an & and a *":   {strings.Replace(washer, "a ragged", "a ragged & *very* long", 1), ""},
		"blank indent":   {washer + strings.Repeat(" ", 100) + "\n", ""},
	} {
		if _, err := Parse("mine.yaml", []byte(c.file), clip.DefaultTokenizer()); (err != nil) != (c.says != "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want %q", name, err, c.says)
		}
	}
	path := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(path, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{path: "at most 262144", filepath.Dir(path): "not a regular file but a directory"} {
		if _, err := Read(path, nil); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	if _, err := Read(os.DevNull, nil); err == nil {
		t.Error("a device is read")
	}
}

func FuzzCategories(f *testing.F) {
	f.Add([]byte(washer))
	f.Add([]byte("a: &x\n  object: b\nc: *x\n"))
	f.Add([]byte("a: {object: b, defects: {c: {prompt: d, words: [e], detail: f}}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if all, err := Parse("mine.yaml", data, clip.DefaultTokenizer()); err == nil && len(all) == 0 {
			t.Error("no category and no error")
		}
	})
}
