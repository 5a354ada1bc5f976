package main

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/nn"
)

// TestAblate makes one picture in five configurations and wants five different
// ones, side by side as they are.
func TestAblate(t *testing.T) {
	if testing.Short() {
		t.Skip("whole runs")
	}
	f := small(t)
	f.Detail = "a deep, dark crack"
	if err := f.Validate(); err != nil {
		t.Fatal(err)
	}
	if err := ablate(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	together := readPicture(t, f, "hazelnut-crack-0000-ablation.png")
	seen := map[string]string{}
	x := 0
	for _, a := range ablations {
		of := f
		of.Out = filepath.Join(f.Out, a.name)
		single := readPicture(t, of, "hazelnut-crack-0000.png")
		if other, ok := seen[string(single.Pix)]; ok {
			t.Errorf("%s and %s have one picture", a.name, other)
		}
		seen[string(single.Pix)] = a.name
		r := readRecord(t, of, "hazelnut-crack-0000.json")
		if got := []bool{r.Options.NoCondition, r.Options.NoAttention, r.Options.NoRefine, r.Options.NoScheduler}; !cmp.Equal(got, []bool{
			a.name == "no-condition", a.name == "no-attention", a.name == "no-refine", a.name == "no-scheduler",
		}) {
			t.Errorf("%s: the record has the ablations %v", a.name, got)
		}
		size := single.Bounds().Size()
		top := together.Bounds().Dy() - size.Y
		for y := range size.Y {
			for at := range size.X {
				if together.RGBAAt(x+at, top+y) != single.RGBAAt(at, y) {
					t.Fatalf("%s: pixel %d, %d is not the picture's", a.name, at, y)
				}
			}
		}
		x += max(size.X, len(a.name)*7+6) + 8 // label and gap
	}
	if got := together.Bounds().Size(); got != image.Pt(x-8, 64+19) {
		t.Errorf("all pictures together are %v", got)
	}
}

// TestAblateLosesNothing: what lies in one of the folders is refused before a
// picture of any is made.
func TestAblateLosesNothing(t *testing.T) {
	f := quick(t)
	f.NoRefine = false
	last := filepath.Join(f.Out, ablations[len(ablations)-1].name)
	if err := os.MkdirAll(last, 0o777); err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(last, "index.html")
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := contents(t, f.Out)
	ran := 0
	err := ablate(nn.WithTrace(t.Context(), func(nn.Executed) { ran++ }), f)
	if err == nil || !strings.Contains(err.Error(), mine) || ran > 0 {
		t.Errorf("%d operations ran: %v, want none, and %s", ran, err, mine)
	}
	if diff := cmp.Diff(before, contents(t, f.Out)); diff != "" {
		t.Errorf("files before -, after +:\n%s", diff)
	}
	if there, err := os.ReadDir(f.Out); err != nil || len(there) != 1 {
		t.Errorf("the folder has %v, want %s alone: %v", there, last, err)
	}
}

func TestAblateRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(f *Spec)
		says   string
	}{
		"released":  {func(f *Spec) { f.Preset = "released" }, "--preset paper"},
		"part":      {func(f *Spec) { f.NoAttention = true }, "--no-attention"},
		"two seeds": {func(f *Spec) { f.N = 2 }, "--n is 2"},
		"again":     {func(f *Spec) { f.Again = &again{path: "picture.png"} }, "no --from"},
		"two":       {func(f *Spec) { f.Images = []string{f.Image, f.Image} }, "give one --image FILE"},
		"folder":    {func(f *Spec) { f.Image = filepath.Dir(f.Image) }, "give one --image FILE"},
		"no model":  {func(f *Spec) { f.Model = "" }, "--model MODEL is missing"},
	} {
		f := small(t)
		c.change(&f)
		if err := ablate(t.Context(), f); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
		if names := clitest.Written(t, f.Out); len(names) > 0 {
			t.Errorf("%s: left %v", name, names)
		}
	}
}
