package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
)

// demonstrate runs the command with a fake detector, and with drawn defects in the place of generated ones.
func demonstrate(t *testing.T, made *int, args ...string) error {
	t.Helper()
	var c commandLine
	if _, err := newParser(&c).Parse(args); err != nil {
		return err
	}
	if c.command != "demo" {
		t.Fatalf("the command is %s", c.command)
	}
	c.Demo.open, c.Demo.plain = fake{made: made}.open, true
	c.Demo.generate = func(_ context.Context, s *drawnSet) (map[wish]anomaly.Sample, error) {
		all := map[wish]anomaly.Sample{}
		for _, w := range s.wishes()[1:] { // the first one never came out
			all[w] = s.parts[w.part].train(w.drawing, &s.defects[w.defect])
		}
		s.Tries, s.Passed, s.Wanted = 2*len(all), len(all), len(all)+1
		return all, nil
	}
	return c.Demo.run(t.Context())
}

// TestDemo draws, judges, and does nothing twice.
func TestDemo(t *testing.T) {
	out, made := t.TempDir(), 0
	args := []string{"--parts", "concrete", "--defects", "crack,stain", "--repeats", "1", "--out", out}
	if err := demonstrate(t, &made, args...); err != nil {
		t.Fatal(err)
	}
	if want := 2*5 + 2*2; made != want {
		t.Errorf("%d rows, want %d", made, want)
	}
	table := read(t, out, "summary.md")
	for _, text := range []string{"| patchcore | 1          | references ", "| probe     | 8          | + ideal defects ", "+ pasted defects", "difference", "2 of 3 came out, in 4 tries"} {
		if !strings.Contains(table, text) {
			t.Errorf("the table does not say %q:\n%s", text, table)
		}
	}
	var r DemoReport
	if err := json.Unmarshal([]byte(read(t, out, "summary.json")), &r); err != nil || len(r.Learned[generatedDefects]) != 10 || len(r.Learned[drawnDefects]) != 2 {
		t.Errorf("%v, %+v", err, r)
	}
	if err := demonstrate(t, &made, args...); err != nil || made != 14 || read(t, out, "summary.md") != table {
		t.Errorf("again: %v, %d rows in all", err, made)
	}
	args[3] = "crack,hole"
	wantError(t, demonstrate(t, &made, args...), "other options", "--overwrite")
}

func TestDemoMistakes(t *testing.T) {
	out := t.TempDir()
	for _, c := range []struct{ args, says []string }{
		{[]string{"--parts", "hazelnot"}, []string{"--parts", "hazelnot", `did you mean "hazelnut"?`}},
		{[]string{"--parts", "tile,tile"}, []string{"--parts has tile twice"}},
		{[]string{"--defects", "rust"}, []string{"--defects", "rust", "crack"}},
		{[]string{"--repeats", "0"}, []string{"--repeats"}},
	} {
		wantError(t, demonstrate(t, new(int), append(c.args, "--out", out)...), c.says...)
	}
	if left := clitest.Written(t, out); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
}

// TestDrawnData has the data set of a part be read as one, and no picture be in two places.
func TestDrawnData(t *testing.T) {
	parts, err1 := drawnParts([]string{"capsule"})
	defects, err2 := drawableDefects([]string{"dent", "crack"})
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	dir := t.TempDir()
	if err := parts[0].write(t.Context(), dir, defects, demoEach); err != nil {
		t.Fatal(err)
	}
	all, notes, err := dataset.MVTecAD(os.DirFS(dir))
	if err != nil || len(notes) > 0 || len(all) != 1 || len(all[0].Train) != demoTrain || len(all[0].Test) != demoNormal+2*demoEach {
		t.Fatalf("%v, %q, %+v", err, notes, all)
	}
	if got := parts[0].trainItems(); !slices.Equal(got, all[0].Train) {
		t.Errorf("references are drawn of %v, the data set has %v", got, all[0].Train)
	}
	seen := map[string]string{}
	for _, it := range append(all[0].Train, all[0].Test...) {
		data := read(t, dir, it.Picture)
		if other := seen[data]; other != "" {
			t.Errorf("%s is %s", it.Picture, other)
		}
		seen[data] = it.Picture
	}
	for s, err := range dataset.Samples(os.DirFS(dir), all[0].Test) {
		if err != nil || dataset.EmptyMask(s) {
			t.Errorf("%s: %v, without a defect in its mask", s.Path, err)
		}
	}
}

// TestLessons are of the references that Detection draws, and of these alone.
func TestLessons(t *testing.T) {
	parts, _ := drawnParts([]string{"tile", "wood"})
	defects, _ := drawableDefects([]string{"crack", "hole", "stain"})
	all := demoLessons(parts, defects, 3)
	if len(all) != 6 {
		t.Fatalf("%d lessons, want those of 2 numbers of references and 3 seeds", len(all))
	}
	for _, l := range all {
		var drawings []int
		for _, w := range l.wishes {
			drawings = append(drawings, w.drawing)
			if at := slices.Index(permutation(l.seed, demoTrain), w.drawing); at < 0 || at >= int(l.shots) {
				t.Errorf("%s: drawing %d is no reference", l.folder(), w.drawing)
			}
		}
		slices.Sort(drawings)
		if n := len(slices.Compact(drawings)); len(l.wishes) != 6 || n != min(int(l.shots), 3) {
			t.Errorf("%s: %d wishes of %d drawings, want one of each part and defect, of different ones where there are enough", l.folder(), len(l.wishes), n)
		}
	}
}

// TestPasted leaves everything outside the mask as it was.
func TestPasted(t *testing.T) {
	parts, _ := drawnParts([]string{"tile"})
	defects, _ := drawableDefects([]string{"hole"})
	set := &drawnSet{parts: parts, defects: defects}
	mask := parts[0].train(3, &defects[0]).Mask
	normal, pasted := parts[0].train(3, nil), set.pasted(wish{0, 3, 0}, mask)
	changed := 0
	for i, v := range mask.Pix {
		same := bytes.Equal(normal.Picture.Pix[4*i:][:4], pasted.Picture.Pix[4*i:][:4])
		if v == 0 && !same {
			t.Fatalf("pixel %d outside the mask changed", i)
		}
		if !same {
			changed++
		}
	}
	if changed == 0 {
		t.Error("nothing changed")
	}
}

// TestGenerate makes one picture with the small model.
func TestGenerate(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	parts, _ := drawnParts([]string{"concrete"})
	defects, _ := drawableDefects([]string{"stain"})
	set := &drawnSet{parts: parts, defects: defects, lessons: []lesson{{1, 0, []wish{{0, 2, 0}}}}}
	made, err := generateAll(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	if len(made) > 1 || set.Passed != len(made) || set.Wanted != 1 || set.Tries < 1 || set.Tries > demoTries {
		t.Fatalf("%d pictures, %+v", len(made), set.counts)
	}
	for w, s := range made {
		if s.Defect != "stain" || s.Mask == nil || s.Picture.Rect.Dx() != demoSize || dataset.EmptyMask(s) {
			t.Errorf("%v: %q, mask %v", w, s.Defect, s.Mask)
		}
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := generateAll(stopped, set); err == nil {
		t.Error("a context that has ended is no error")
	}
}
