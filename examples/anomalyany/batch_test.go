package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/nn"
)

// stems are the pictures of a folder, by what their files begin with.
func stems(t *testing.T, dir string) (all []string) {
	t.Helper()
	x, err := readIndex(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range x.Entries {
		all = append(all, e.Name)
	}
	return all
}

// TestManyPhotographs makes two pictures of each of three, of two sizes: each is the
// picture that its photograph alone gives, and can be made again.
func TestManyPhotographs(t *testing.T) {
	dir := t.TempDir()
	wide := filepath.Join(dir, "wide.png")
	for name, path := range map[string]string{
		"nut00.png": writeScene(t, 150, 100, 0.4, 0.4, 0.35), "nut01.png": writeScene(t, 150, 100, 0.5, 0.4, 0.35), "wide.png": writeScene(t, 260, 128, 0.3, 0.5, 0.4),
	} {
		if err := os.Rename(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	f := ofFolder(quick(t), dir)
	f.N = 2
	args := []string{"--model", f.Model, dir, "--object=hazelnut", "--anomaly=crack", "--size=64", "--steps=2", "--no-refine", "--mask=auto",
		"--precision=f32", "--n=2", "--min-focus=-1", "--max-area=100", "--min-clip=-2", "--min-gain=-4", "--out", f.Out}
	out, err := clitest.Program(t, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for part, times := range map[string]int{
		"prepared in": 2, "picture 6 of 6, wide.png, seed 1": 1, "wide.png, seed 1, step 2 of 2: ": 1, "prompt: ": 1,
		"2 photographs: ": 1, "masks: the object of each photograph": 1,
	} {
		if got := strings.Count(string(out), part); got != times {
			t.Errorf("it says %q %d times, want %d:\n%s", part, got, times, out)
		}
	}
	want := []string{"hazelnut-crack-nut00-0000", "hazelnut-crack-nut00-0001", "hazelnut-crack-nut01-0000", "hazelnut-crack-nut01-0001", "hazelnut-crack-wide-0000", "hazelnut-crack-wide-0001"}
	if diff := cmp.Diff(want, stems(t, f.Out)); diff != "" {
		t.Errorf("pictures: want -, got +:\n%s", diff)
	}
	for _, name := range []string{"nut00", "nut01", "wide"} {
		if !files.Exists(filepath.Join(f.Out, name+"-foreground.png")) {
			t.Errorf("the mask of %s is not there", name)
		}
	}
	r := readRecord(t, f, "hazelnut-crack-wide-0001.json")
	if r.Options.Image != wide || r.Inputs["image"] != files.SHA256(readFile(t, wide)) {
		t.Errorf("the record has the photograph %s, %v", r.Options.Image, r.Inputs)
	}
	again, err := parse(t, "--from", filepath.Join(f.Out, "hazelnut-crack-wide-0001.png"))
	if err != nil {
		t.Fatal(err)
	}
	runAll(t, again)
	for _, part := range parts[:3] {
		if string(readFile(t, f.Out, "hazelnut-crack-wide-0001"+part)) != string(readFile(t, again.Out, "hazelnut-crack-0001"+part)) {
			t.Errorf("%s is another when it is made again alone", part)
		}
	}
}

// TestHundredPhotographs is interrupted, goes on, and has a second run beside it,
// which is interrupted and goes on, too. Nothing that is finished is made again or
// overwritten.
func TestHundredPhotographs(t *testing.T) {
	if testing.Short() {
		t.Skip("hundreds of pictures")
	}
	dir := manyPhotographs(t, 100, 80, 64)
	few := filled(t)
	for i := range 20 {
		name := fmt.Sprintf("nut%02d.png", i)
		if err := os.Link(filepath.Join(dir, name), filepath.Join(few, name)); err != nil {
			t.Fatal(err)
		}
	}
	f := quick(t)
	f.Steps = 1
	before, there := map[string]string{}, 0
	for _, c := range []struct {
		dir      string
		guidance float32
		n, stop  int
	}{{dir, 7.5, 100, 33}, {few, 12, 20, 7}} {
		f.Image, f.Guidance = c.dir, c.guidance
		interrupted(t, f, c.stop)
		unchanged(t, f.Out, before)
		before = pictures(contents(t, f.Out))
		if got := len(stems(t, f.Out)); got != there+c.stop {
			t.Errorf("guidance %g: %d pictures when it was interrupted, want %d", c.guidance, got, there+c.stop)
		}
		runAll(t, f)
		unchanged(t, f.Out, before)
		before = pictures(contents(t, f.Out))
		if there += c.n; len(stems(t, f.Out)) != there {
			t.Errorf("guidance %g: %d pictures, want %d", c.guidance, len(stems(t, f.Out)), there)
		}
		for _, f.Resume = range []bool{true, false} {
			if ran, err := runUntil(t, f, 2, 1<<40); err != nil || ran > 0 {
				t.Errorf("guidance %g: with all pictures there, %d operations run: %v", c.guidance, ran, err)
			}
		}
	}
	checkWhole(t, f.Out)
	if names := stems(t, f.Out); !slices.Contains(names, "hazelnut-crack-nut99-0000") || !slices.Contains(names, "hazelnut-crack-run2-nut19-0000") {
		t.Errorf("there are %q", names)
	}
}

// interrupted runs until so many pictures are made.
func interrupted(t *testing.T, f Spec, n int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	saved := 0
	files.Changed = func(path string) {
		if strings.HasSuffix(path, "0000.json") && files.Exists(path) {
			if saved++; saved == n {
				cancel()
			}
		}
	}
	defer func() { files.Changed = nil }()
	if err := run(ctx, f); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v, want context.Canceled", err)
	}
}

// pictures are the files of a folder but its index.
func pictures(all map[string]string) map[string]string {
	maps.DeleteFunc(all, func(name, _ string) bool { return strings.HasPrefix(name, "index.") })
	return all
}

func unchanged(t *testing.T, dir string, before map[string]string) {
	t.Helper()
	now := contents(t, dir)
	for name, was := range before {
		if now[name] != was {
			t.Errorf("%s was changed", name)
		}
	}
}

// TestKilledBeside kills a second run over two photographs after each file that it has
// given its name or removed: it goes on under the names that it had, and the first
// run's pictures stay.
func TestKilledBeside(t *testing.T) {
	if testing.Short() {
		t.Skip("many runs")
	}
	f := ofFolder(quick(t), manyPhotographs(t, 2, 80, 64))
	f.Steps, f.KeepEvery = 3, 1
	runAll(t, f)
	first := contents(t, f.Out)
	other := f
	other.Out, other.Guidance = filepath.Join(t.TempDir(), "out"), 12
	restore(t, other.Out, first)
	want := runAll(t, other)
	for n := 1; ; n += 3 {
		other.Out = filepath.Join(t.TempDir(), "out")
		restore(t, other.Out, first)
		cmd := clitest.Program(t, "--model", f.Model, "--image", f.Image, "--object=hazelnut", "--anomaly=crack", "--size=64", "--steps=3", "--no-refine", "--keep-every=1",
			"--guidance=12", "--precision=f32", "--no-keep-part", "--min-focus=-1", "--max-area=100", "--min-clip=-2", "--min-gain=-4", "--max-outside=100", "--min-inside=0",
			"--min-confidence=-1", "--min-part=-2", "--min-sees=-2", "--out", other.Out)
		cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d", killAfter, n))
		out, err := cmd.CombinedOutput()
		if err == nil {
			if n < 11 {
				t.Errorf("only %d names were given", n-1)
			}
			return
		}
		if cmd.ProcessState.ExitCode() != killedStatus {
			t.Fatalf("%v\n%s", err, out)
		}
		other.Resume = n > 1 // before anything has its name there is nothing to go on with
		if diff := cmp.Diff(want, runAll(t, other)); diff != "" {
			t.Errorf("killed after %d names: files of a whole run -, of this +:\n%s", n, diff)
		}
		unchanged(t, other.Out, pictures(maps.Clone(first)))
		checkWhole(t, other.Out)
	}
}

// TestUnreadablePhotograph is named before anything is computed, wherever it comes.
func TestUnreadablePhotograph(t *testing.T) {
	dir := manyPhotographs(t, 2, 80, 64)
	broken := filepath.Join(dir, "zz.png")
	if err := os.WriteFile(broken, readFile(t, dir, "nut00.png")[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	f := ofFolder(quick(t), dir)
	if err := os.Mkdir(f.Out, 0o700); err != nil {
		t.Fatal(err)
	}
	refused(t, "a broken file", f, broken)
	f.Images = []string{filepath.Join(dir, "nut00.png"), filepath.Join(dir, "nowhere.png")}
	refused(t, "no file", f, "nowhere.png", "no such file")
}

// TestPhotographChanges after it was looked at, so that its hash would not be true.
func TestPhotographChanges(t *testing.T) {
	dir := manyPhotographs(t, 2, 80, 64)
	f := ofFolder(quick(t), dir)
	second, done := filepath.Join(dir, "nut01.png"), false
	ctx := nn.WithTrace(t.Context(), func(nn.Executed) {
		if !done {
			done = true
			replace(t, second, writePicture(t, "other.png", 90, 64))
		}
	})
	if err := run(ctx, f); err == nil || !strings.Contains(err.Error(), second) || !strings.Contains(err.Error(), "--image has changed since this run began") {
		t.Errorf("%v, want that %s has changed", err, second)
	}
	if names := stems(t, f.Out); !slices.Equal(names, []string{"hazelnut-crack-nut00-0000"}) {
		t.Errorf("there are %v", names)
	}
}

// compilations counts the graphs that a pipeline compiles, by what it logs of them.
type compilations struct {
	slog.Handler
	n atomic.Int64
}

func (c *compilations) Enabled(context.Context, slog.Level) bool { return true }

func (c *compilations) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "graph compiled" {
		c.n.Add(1)
	}
	return nil
}

// TestNothingCompilesAgain for more photographs of a size.
func TestNothingCompilesAgain(t *testing.T) {
	compiled := func(photographs int) int64 {
		f := small(t)
		f.Image = manyPhotographs(t, photographs, 80, 64)
		count := &compilations{Handler: slog.DiscardHandler}
		p, err := diffusion.Open(t.Context(), f.Model, diffusion.WithLogger(slog.New(count)))
		if err != nil {
			t.Fatal(err)
		}
		m := &model{Pipeline: p}
		m.hashInBackground(t.Context())
		defer m.Close()
		d, err := openFolder(f)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Release()
		all, err1 := f.each(t.Context())
		b, err2 := newBatch(t.Context(), f, m, d, all)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		if err := b.make(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(stems(t, f.Out)); n != photographs {
			t.Errorf("%d pictures of %d photographs", n, photographs)
		}
		return count.n.Load()
	}
	if one, three := compiled(1), compiled(3); one != three || one == 0 {
		t.Errorf("%d graphs are compiled for one photograph, %d for three", one, three)
	}
}

// TestGenerators: one for each size and text, the ones used last.
func TestGenerators(t *testing.T) {
	f := quick(t)
	m, err := openModel(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	w := &worker{model: m}
	get := func(width int, prompt string) any {
		f.Prompt = prompt
		g, err := w.generator(t.Context(), image.Pt(width, 64), f.options())
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	first := get(64, "a crack")
	for _, other := range []any{get(128, "a crack"), get(64, "the crack")} {
		if other == first {
			t.Error("another size or prompt has the same Generator")
		}
	}
	if get(64, "a crack") != first || w.made != 3 {
		t.Errorf("%d Generators for three kinds", w.made)
	}
	for i := range mostGenerators - 1 {
		get(192+64*i, "a crack")
	}
	if get(64, "a crack") != first || len(w.generators) != mostGenerators {
		t.Errorf("of %d Generators the one used last is not kept", len(w.generators))
	}
}

// TestForegroundsOfOneName: the mask of another photograph of the name stays.
func TestForegroundsOfOneName(t *testing.T) {
	f := quick(t)
	f.Image, f.Mask = writeScene(t, 150, 100, 0.4, 0.4, 0.35), autoMask
	runAll(t, f)
	first := contents(t, f.Out)
	f.Image = writeScene(t, 150, 100, 0.6, 0.4, 0.3)
	runAll(t, f)
	unchanged(t, f.Out, pictures(first))
	all, err := fs.Glob(os.DirFS(f.Out), "*-foreground.png")
	hash := files.SHA256(readFile(t, f.Image))[:8]
	if want := []string{"part-" + hash + "-foreground.png", "part-foreground.png"}; err != nil || !slices.Equal(all, want) {
		t.Errorf("there are %v, want %v", all, want)
	}
}
