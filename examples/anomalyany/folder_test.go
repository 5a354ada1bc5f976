package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// quick is the Spec of the shortest run.
func quick(t *testing.T) Spec {
	f := small(t)
	f.Steps, f.NoRefine, f.Precision = 2, true, "f32"
	return f
}

// contents are the files of a directory and below, by their names.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			all[name] = string(readFile(t, dir, name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// refused runs a command that must be refused before anything is computed, with
// everything in its folder as it was.
func refused(t *testing.T, name string, f Spec, says ...string) {
	t.Helper()
	before := contents(t, f.Out)
	err := f.Validate()
	ran := 0
	if err == nil {
		ran, err = runUntil(t, f, 2, 1<<40)
	}
	for _, part := range says {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: error %v, want one that mentions %q", name, err, part)
		}
	}
	if ran > 0 {
		t.Errorf("%s: %d operations ran", name, ran)
	}
	if diff := cmp.Diff(before, contents(t, f.Out)); diff != "" {
		t.Errorf("%s: files before -, after +:\n%s", name, diff)
	}
}

// TestNothingIsLost: pictures of the same names, but others, go beside those that are
// there.
func TestNothingIsLost(t *testing.T) {
	f := quick(t)
	runAll(t, f)
	first := contents(t, f.Out)
	for name, c := range map[string]struct {
		change func(f *Spec)
		says   string
	}{
		"photograph": {func(f *Spec) { f.Image = writePicture(t, "nut.png", 150, 120) }, "--image was the file"},
		"option":     {func(f *Spec) { f.Guidance = 12 }, "--guidance was 7.5 and is 12"},
		"prompt":     {func(f *Spec) { f.Prompt = "a hazelnut with a crack" }, "--prompt was not given and is a hazelnut with a crack"},
	} {
		other := f
		c.change(&other)
		other.Out = filepath.Join(t.TempDir(), "out")
		restore(t, other.Out, first)
		other.Resume = true
		refused(t, name, other, filepath.Join(other.Out, "hazelnut-crack-0000.png"), c.says, "give another --out", "--overwrite")
		other.Resume = false
		beside(t, name, other, first)
	}
	f.Guidance, f.Overwrite = 12, true
	runAll(t, f)
	if again := contents(t, f.Out); again["hazelnut-crack-0000.png"] == first["hazelnut-crack-0000.png"] || len(again) != len(first) {
		t.Error("--overwrite replaces nothing")
	}
	checkWhole(t, f.Out)
}

// beside runs a command whose picture has a name of its own beside others, once: then
// it is there, whatever is asked.
func beside(t *testing.T, name string, f Spec, others map[string]string) {
	t.Helper()
	runAll(t, f)
	after := contents(t, f.Out)
	for file, was := range others {
		if got := after[file]; got != was && !strings.HasPrefix(file, "index.") {
			t.Errorf("%s: %s was changed", name, file)
		}
	}
	for _, part := range parts {
		if after["hazelnut-crack-run2-0000"+part] == "" {
			t.Errorf("%s: there is no picture beside", name)
		}
	}
	for _, f.Resume = range []bool{false, true} {
		if ran, err := runUntil(t, f, 2, 1<<40); err != nil || ran > 0 {
			t.Errorf("%s: the same again takes %d operations: %v", name, ran, err)
		}
	}
	if diff := cmp.Diff(after, contents(t, f.Out)); diff != "" {
		t.Errorf("%s: files before the same again -, after +:\n%s", name, diff)
	}
}

// TestOtherConfiguration: the same weights and options make another picture where
// the model's scheduler, or its words, are others.
func TestOtherConfiguration(t *testing.T) {
	for file, edit := range map[string][2]string{
		"scheduler/scheduler_config.json": {"0.012", "0.02"},
		"tokenizer/tokenizer_config.json": {"{", "{ "},
		"text_encoder/config.json":        {"{", "{\n"},
		"clip/config.json":                {"{", "{\t"},
		"unet/config.json":                {"{", "{ "},
	} {
		t.Run(file, func(t *testing.T) {
			f := quick(t)
			f.Model, f.NoRefine = t.TempDir(), false
			if err := os.CopyFS(f.Model, os.DirFS(modelA)); err != nil {
				t.Fatal(err)
			}
			runAll(t, f)
			path := filepath.Join(f.Model, filepath.FromSlash(file))
			text := readFile(t, path)
			edited := strings.Replace(string(text), edit[0], edit[1], 1)
			if err := os.WriteFile(path, []byte(edited), 0o600); err != nil || edited == string(text) {
				t.Fatalf("%s is not another: %v", file, err)
			}
			f.Resume = true
			refused(t, "go on", f, "the configuration of --model was the files", "--overwrite")
			f.Resume = false
			beside(t, "again", f, contents(t, f.Out))

			again, err := parse(t, "--from", filepath.Join(f.Out, "hazelnut-crack-0000.png"))
			if err == nil {
				err = run(t.Context(), again)
			}
			if err == nil || !strings.Contains(err.Error(), "model file "+path+" is not the one") {
				t.Errorf("--from: %v, want the file", err)
			}
		})
	}
}

// TestWordsOfAnyScript have names of their own.
func TestWordsOfAnyScript(t *testing.T) {
	name := func(object string, anomalies ...string) string {
		return filepath.Base((&Spec{Object: object, Anomaly: anomalies}).stem(3))
	}
	for want, got := range map[string]string{
		"hazelnut-crack-0003": name("hazelnut", "crack"), "metal-nut-bent-hole-0003": name("Metal nut", "bent", "hole"),
		"crack-0003": name("", "crack"), "螺丝-裂-0003": name("螺丝", "裂"),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	long := strings.Repeat("very ", 100)
	seen := map[string]bool{}
	for _, object := range []string{"ナット", "ボルト", "c++", "c", "c#", long + "old nut", long + "new nut", "🔩", "🔧"} {
		got := name(object, long+"deep crack")
		if seen[got] || len(got) > 130 {
			t.Errorf("%q is called %s", object, got)
		}
		seen[got] = true
	}
}

// TestFilesOfOthers are never overwritten, with --overwrite neither, nor is what
// was edited. Pictures go beside them.
func TestFilesOfOthers(t *testing.T) {
	f := quick(t)
	f.Image, f.Mask, f.KeepEvery = writeScene(t, 150, 100, 0.4, 0.4, 0.35), autoMask, 1
	runAll(t, f)
	whole := contents(t, f.Out)
	outside := filepath.Join(t.TempDir(), "outside")
	for _, name := range append(clitest.Written(t, f.Out), "hazelnut-crack-0000.state") {
		if name == "index.json" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			f := f
			f.Out = t.TempDir()
			path := filepath.Join(f.Out, name)
			write := func(data string) {
				t.Helper()
				if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write("mine")
			f.Overwrite = true
			refused(t, "a file of the user's", f, path)
			f.Overwrite = false
			ofPicture := strings.HasPrefix(name, "hazelnut-crack-0000")
			if ofPicture {
				beside(t, "a file of the user's", f, contents(t, f.Out))
				f.Out = t.TempDir()
				path = filepath.Join(f.Out, name)
				write("mine")
			} else {
				refused(t, "a file of the user's", f, path)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(outside, path); err == nil && name != "index.html" {
				if err := run(t.Context(), f); ofPicture && err != nil || !ofPicture && (err == nil || !strings.Contains(err.Error(), path+" is a link")) {
					t.Errorf("a link: %v", err)
				}
				if files.Exists(outside) {
					t.Error("a link is followed")
				}
			}
			if whole[name] == "" {
				return
			}
			f.Out = t.TempDir()
			path = filepath.Join(f.Out, name)
			restore(t, f.Out, whole)
			write(whole[name] + "\n")
			for _, f.Overwrite = range []bool{false, true} {
				for _, f.Resume = range []bool{false, true} {
					refused(t, "a file that was edited", f, path, "was changed since this program wrote it")
				}
			}
		})
	}
}

// restore writes files into a directory.
func restore(t *testing.T, dir string, all map[string]string) {
	t.Helper()
	for name, data := range all {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(data), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHeldFolder is refused to a second run at once, and given back by the first.
func TestHeldFolder(t *testing.T) {
	f := quick(t)
	d, err := openFolder(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), f); !errors.Is(err, files.ErrHeld) || !strings.Contains(err.Error(), f.Out) {
		t.Errorf("a second run: %v", err)
	}
	if err := d.close(nil); err != nil {
		t.Error(err)
	}
	runAll(t, f)
	checkWhole(t, f.Out)
}

// TestKilledAtAnyName kills a run that replaces a picture after each file that it
// has given its name or removed, and goes on, with the old options and the new.
func TestKilledAtAnyName(t *testing.T) {
	if testing.Short() {
		t.Skip("many runs")
	}
	f := quick(t)
	runAll(t, f)
	old := contents(t, f.Out)
	other := f
	other.Out, other.Guidance = filepath.Join(t.TempDir(), "other"), 12
	runAll(t, other)
	want := contents(t, other.Out)
	pictures := func(all map[string]string) (of string) {
		for _, part := range parts[:3] {
			of += files.SHA256([]byte(all["hazelnut-crack-0000"+part])) + " "
		}
		return of
	}
	for n := 1; ; n++ {
		f.Out = filepath.Join(t.TempDir(), "out")
		restore(t, f.Out, old)
		cmd := clitest.Program(t, "--model", f.Model, "--image", f.Image, "--object=hazelnut", "--anomaly=crack", "--size=64", "--steps=2", "--no-refine",
			"--guidance=12", "--precision=f32", "--overwrite", "--min-focus=-1", "--max-area=100", "--min-clip=-2", "--min-gain=-4", "--out", f.Out)
		cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d", killAfter, n))
		out, err := cmd.CombinedOutput()
		if err != nil && cmd.ProcessState.ExitCode() != killedStatus {
			t.Fatalf("%v\n%s", err, out)
		}
		if err == nil {
			if n < 7 {
				t.Errorf("only %d names were given", n-1)
			}
			break
		}
		killed := contents(t, f.Out)

		same := f
		same.Resume = true
		if err := run(t.Context(), same); err == nil {
			if got := contents(t, f.Out); pictures(got) != pictures(old) {
				t.Errorf("killed after %d names, the old options go on to other pictures", n)
			}
		} else if !strings.Contains(err.Error(), "other options") {
			t.Errorf("killed after %d names, the old options: %v", n, err)
		}

		again := other
		again.Overwrite, again.Resume, again.Out = true, true, filepath.Join(t.TempDir(), "again")
		restore(t, again.Out, killed)
		if err := run(t.Context(), again); err != nil {
			t.Errorf("killed after %d names, the new options: %v", n, err)
		}
		if got := contents(t, again.Out); pictures(got) != pictures(want) {
			t.Errorf("killed after %d names, the new options go on to other pictures", n)
		}
		checkWhole(t, again.Out)
	}
}

// TestPageAtTheEnd shows all pictures, whatever ended the run, though it was not
// written after each.
func TestPageAtTheEnd(t *testing.T) {
	f := quick(t)
	d, err := openFolder(f)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		d.index.put(entry{Name: fmt.Sprintf("%03d", i), Prompt: "early", Failed: []string{"why"}})
	}
	if err := d.flush(); err != nil {
		t.Fatal(err)
	}
	if err := d.write(&entry{Name: "late", Prompt: "late one", Failed: []string{"why"}}, nil, false); err != nil {
		t.Fatal(err)
	}
	if page := readFile(t, f.Out, "index.html"); strings.Contains(string(page), "late one") {
		t.Error("the page of many is written after each picture")
	}
	if data := readFile(t, f.Out, "index.json"); !strings.Contains(string(data), "late one") {
		t.Error("the index is not written after each picture")
	}
	if err := d.close(context.Canceled); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want what ended the run", err)
	}
	if page := readFile(t, f.Out, "index.html"); !strings.Contains(string(page), "late one") {
		t.Error("the page is not written at the end")
	}
	if names := clitest.Written(t, f.Out); len(names) != 2 {
		t.Errorf("there are %v", names)
	}
}
