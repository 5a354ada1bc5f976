package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
)

// TestCategory takes the words from the program's file, and where they are
// given, from the command line.
func TestCategory(t *testing.T) {
	f := small(t)
	f.Object, f.Anomaly, f.Category, f.Defect = "", nil, "metal_nut", "scratch"
	runAll(t, f)
	r := readRecord(t, f, "metal-nut-scratch-0000.json")
	if r.Prompt != "a photo of a metal nut with a scratch on it" || !strings.HasPrefix(r.Detail, "a grey metal nut with long bright scratches") {
		t.Errorf("prompt %q, detail %q", r.Prompt, r.Detail)
	}
	for name, c := range map[string]struct {
		change func(f *Spec)
		want   [3]string // object, prompt, detail
	}{
		"object": {func(f *Spec) { f.Object = "washer" }, [3]string{"washer", r.Prompt, r.Detail}},
		"detail": {func(f *Spec) { f.Detail = "a nut" }, [3]string{"metal nut", r.Prompt, "a nut"}},
		"prompt": {func(f *Spec) { f.Prompt = "a scratch" }, [3]string{"metal nut", "a scratch", ""}},
	} {
		g := f
		c.change(&g)
		if err := g.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, [3]string{g.Object, g.Prompt, g.Detail}); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", name, diff)
		}
	}
}

func TestCategoryMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		n    Named
		says []string
	}{
		"category": {Named{Category: "nut", Defect: "crack"}, []string{`no category "nut"`, "bottle, cable", "pipe_fryum", "zipper"}},
		"defect":   {Named{Category: "hazelnut", Defect: "rust"}, []string{`no defect "rust"`, "crack, cut, hole, print"}},
		"neither":  {Named{Category: "hazelnut"}, []string{`no defect ""`, "crack, cut, hole, print"}},
		"mistyped": {Named{Category: "hazlenut", Defect: "crack"}, []string{`; did you mean "hazelnut"?`}},
		"a defect": {Named{Category: "hazelnut", Defect: "carck"}, []string{`; did you mean "crack"?`}},
		"alone":    {Named{Defect: "crack"}, []string{"--defect needs --category"}},
		"no file":  {Named{Category: "hazelnut", Defect: "crack", Categories: "nowhere.yaml"}, []string{"--categories: ", "nowhere.yaml"}},
	} {
		f := small(t)
		f.Named = c.n
		err := f.Validate()
		for _, part := range c.says {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: error %v, want one that mentions %q", name, err, part)
			}
		}
	}
}

// A user's file.
const washer = `washer:
  object: rubber washer
  defects:
    tear:
      prompt: a photo of a rubber washer with a tear in it
      words: [tear]
      detail: a black rubber washer with a ragged tear
`

// TestCategoriesCommand lists the program's categories and a user's.
func TestCategoriesCommand(t *testing.T) {
	mine := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(mine, []byte(washer), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"hazelnut: crack, cut, hole, print\n": {"categories"},
		"washer: tear\n":                      {"categories", "--categories", mine},
	} {
		out, err := clitest.Program(t, args...).Output()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%v: error %v, and the list has no %q:\n%s", args, err, want, out)
		}
	}
}

// TestCategoryFrom makes a picture of a category again, and one like it of
// another defect.
func TestCategoryFrom(t *testing.T) {
	f := small(t)
	args := []string{"--model", modelA, "--image", f.Image, "--category", "hazelnut", "--defect", "crack", "--size", "64", "--steps", "3", "--out", f.Out}
	run := func(args ...string) {
		if out, err := clitest.Program(t, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	run(args...)
	from := filepath.Join(f.Out, "hazelnut-crack-0000.png")
	again, other := filepath.Join(t.TempDir(), "again"), filepath.Join(t.TempDir(), "other")
	run("--from", from, "--out", again)
	run("--from", from, "--defect", "hole", "--out", other)
	first, second := f, f
	second.Out = again
	if !cmp.Equal(readPicture(t, first, "hazelnut-crack-0000.png").Pix, readPicture(t, second, "hazelnut-crack-0000.png").Pix) {
		t.Error("the picture made again is another")
	}
	second.Out = other
	if r := readRecord(t, second, "hazelnut-hole-0000.json"); r.Prompt != "a photo of a hazelnut with a hole in its shell" {
		t.Errorf("with another defect the prompt is %q", r.Prompt)
	}
}
