package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// asEarlier makes a folder what an earlier version would have left: neither the
// index nor the records have hashes.
func asEarlier(t *testing.T, dir string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range names {
		var v map[string]any
		d := json.NewDecoder(bytes.NewReader(readFile(t, path)))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		delete(v, "files_sha256")
		delete(v, "config_sha256")
		if filepath.Base(path) == "index.json" {
			delete(v, "files")
		}
		entries, _ := v["entries"].([]any)
		for _, e := range entries {
			delete(e.(map[string]any), "files")
		}
		data, err := readable(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFolderOfAnEarlierVersion is gone on with, made again and not overwritten
// by other pictures, like one of this version.
func TestFolderOfAnEarlierVersion(t *testing.T) {
	f := quick(t)
	f.N = 2
	names := runAll(t, f)
	whole := contents(t, f.Out)
	asEarlier(t, f.Out)
	earlier := contents(t, f.Out)
	other := f
	other.Guidance, other.Resume = 12, true
	refused(t, "other options", other, "--guidance was 7.5 and is 12")

	on := f
	on.Resume = true
	if ran, err := runUntil(t, on, 2, 1<<40); err != nil || ran > 0 {
		t.Errorf("%d operations to go on: %v", ran, err)
	}
	for _, resume := range []bool{true, false} { // now the index has hashes; then again without
		f.Resume = resume
		if diff := cmp.Diff(names, runAll(t, f)); diff != "" {
			t.Errorf("files before -, after +:\n%s", diff)
		}
		samePictures(t, f, f, names...)
		for name, data := range contents(t, f.Out) {
			if filepath.Ext(name) == ".png" && data != whole[name] {
				t.Errorf("%s is another", name)
			}
		}
		checkWhole(t, f.Out)
		restore(t, f.Out, earlier)
	}

	mask := filepath.Join(f.Out, "hazelnut-crack-0001-mask.png")
	if err := os.Remove(filepath.Join(f.Out, "hazelnut-crack-0001.png")); err != nil {
		t.Fatal(err)
	}
	for _, f.Overwrite = range []bool{false, true} { // it is not gone beside: this is the run that it belongs to
		refused(t, "a mask whose picture is gone", f, mask, "not known to be a file of this program")
	}
}

// TestDemonstrateTwice makes the same files, also in an earlier version's folder.
func TestDemonstrateTwice(t *testing.T) {
	embedModel(t)
	f := askNothing(t, "--n=1", "--no-refine")
	if err := demonstrate(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	first := contents(t, f.Out)
	for _, earlier := range []bool{false, true} {
		if earlier {
			asEarlier(t, f.Out)
		}
		if err := demonstrate(t.Context(), f); err != nil {
			t.Fatalf("earlier version %v: %v", earlier, err)
		}
		for name, data := range contents(t, f.Out) {
			if filepath.Ext(name) == ".png" && data != first[name] {
				t.Errorf("%s is another", name)
			}
		}
	}
	larger := f
	larger.Size = 128
	first = contents(t, f.Out)
	delete(first, sheetName) // which shows the run that was last
	if err := demonstrate(t.Context(), larger); err != nil {
		t.Fatalf("at another size: %v", err)
	}
	unchanged(t, f.Out, pictures(first))
	if size := readPicture(t, f, "hazelnut-crack-run2-0000.png").Rect.Dx(); size != 128 {
		t.Errorf("at another size the picture has %d pixels", size)
	}
	for _, name := range []string{"sheet.png", "normal/hazelnut.png"} {
		mine := f
		mine.Out = t.TempDir()
		restore(t, mine.Out, map[string]string{name: "mine"})
		if err := demonstrate(t.Context(), mine); err == nil || !strings.Contains(err.Error(), filepath.Join(mine.Out, filepath.FromSlash(name))) {
			t.Errorf("a user's %s: %v", name, err)
		}
		if string(readFile(t, mine.Out, name)) != "mine" {
			t.Errorf("a user's %s is overwritten", name)
		}
	}
	elsewhere := t.TempDir()
	linked := f
	linked.Out = t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(linked.Out, "normal")); err != nil {
		t.Skip(err)
	}
	if err := demonstrate(t.Context(), linked); err == nil || !strings.Contains(err.Error(), "is a link") {
		t.Errorf("a link in the place of a folder: %v", err)
	}
}

// someRecord is the record of stateJob's picture of seed 3.
func someRecord(t testing.TB, j *job) *record {
	t.Helper()
	name := filepath.Base(j.spec.stem(3))
	r := &record{Provenance: Provenance{Options: j.spec, Seed: 3, Model: map[string]string{"unet": "1234"}}, Files: map[string]string{}, Hashes: map[string]string{}}
	for part, kind := range kinds {
		r.Files[kind], r.Hashes[kind] = name+part, files.SHA256([]byte(part))
	}
	return r
}

// writeRecord writes a record and the files that it is about.
func writeRecord(t testing.TB, j *job, text []byte) {
	t.Helper()
	stem := j.spec.stem(3)
	err := os.WriteFile(stem+".json", text, 0o600)
	for part := range kinds {
		err = errors.Join(err, os.WriteFile(stem+part, []byte(part), 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// recordJob is a job that can look at records.
func recordJob(t testing.TB) *job {
	t.Helper()
	j := stateJob(t.TempDir())
	j.spec.Resume = true
	d, err := openFolder(j.spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Release)
	j.folder = d
	if j.canvas, err = anomaly.NewCanvas(image.NewRGBA(image.Rect(0, 0, 1, 1)), nil, 1, 1); err != nil {
		t.Fatal(err)
	}
	return j
}

// enterIfFinished reports whether a seed's picture is finished.
func enterIfFinished(j *job, seed uint64) (done bool, err error) {
	f, err := j.finished(seed)
	if err != nil || f == nil {
		return false, err
	}
	_, err = f.enter()
	return true, err
}

// TestRecordOfOthers is taken for a finished picture only if it is about the
// files that are there.
func TestRecordOfOthers(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *record)
		says   string
	}{
		"right":      {func(*record) {}, ""},
		"seed":       {func(r *record) { r.Seed = 4 }, "seed: it is 4, want 3"},
		"path":       {func(r *record) { r.Files["mask"] = "../../nut-crack-0003-mask.png" }, `files: mask: it is "../../nut-crack-0003-mask.png", want "nut-crack-0003-mask.png"`},
		"no name":    {func(r *record) { delete(r.Files, "picture") }, `files: picture: it is ""`},
		"hash":       {func(r *record) { r.Hashes["heat map"] = files.SHA256(nil) }, "-heat.png was changed since"},
		"no SHA-256": {func(r *record) { r.Hashes["picture"] = "12" }, "files_sha256: picture"},
		"options":    {func(r *record) { r.Options.Steps = 9 }, "--steps was 9 and is 8"},
		"weights":    {func(r *record) { r.Model["unet"] = "4321" }, "--model was the weights"},
	} {
		j := recordJob(t)
		r := someRecord(t, j)
		c.change(r)
		data, err := readable(r)
		if err != nil {
			t.Fatal(err)
		}
		writeRecord(t, j, data)
		done, err := enterIfFinished(j, 3)
		if (err != nil) != (c.says != "") || done != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: finished %v, error %v, want %q", name, done, err, c.says)
		}
	}
	for name, text := range map[string]string{
		"none": "", "list": "[]", "deep": `{"trace": ` + strings.Repeat("[", 20_000), "large": strings.Repeat(" ", maxRecord+1), "number": `{"seconds": 1e999}`,
	} {
		j := recordJob(t)
		writeRecord(t, j, []byte(text))
		if done, err := enterIfFinished(j, 3); done || err == nil || !strings.Contains(err.Error(), j.spec.stem(3)+".json") {
			t.Errorf("%s: finished %v, error %v", name, done, err)
		}
	}
}

// TestStateOfOthers is refused by name: what is no state, and states of other
// pictures.
func TestStateOfOthers(t *testing.T) {
	none := func(path string) error { return os.WriteFile(path, []byte("no state"), 0o600) }
	of := func(f anomalyany.StateFile) func(path string) error {
		f.State = someState()
		return func(path string) error { return anomalyany.WriteState(path, f) }
	}
	_, id, err := stateJob("").provenance(3)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		write func(path string) error
		says  string
	}{
		"nothing": {none, ""},
		"seed":    {of(anomalyany.StateFile{Seed: 4, Identity: id}), "it is the state of seed 4"},
		"other":   {of(anomalyany.StateFile{Seed: 3, Identity: map[string]string{"--steps": "9"}}), "--steps was 9 and is 8"},
	} {
		j := stateJob(t.TempDir())
		if err := c.write(j.statePath(3)); err != nil {
			t.Fatal(err)
		}
		for _, resume := range []bool{false, true} {
			j.spec.Resume = resume
			if err := j.checkState(3); err == nil || strings.Count(err.Error(), j.statePath(3)) != 1 || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "delete the file") {
				t.Errorf("%s: %.300v, want %q", name, err, c.says)
			}
		}
	}
}

// FuzzRecord: any record beside the pictures is refused, or about them.
func FuzzRecord(f *testing.F) {
	j := recordJob(f)
	data, err := readable(someRecord(f, j))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"options":{"model":"m","object":"nut","anomaly":["crack"],"steps":8},"seed":3,"inputs_sha256":{"image":"00"},"scores":{"area":1},"files":{"picture":"x"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		writeRecord(t, j, text)
		j.folder.index = &index{Files: files.Holdings{}, encoded: map[string][]byte{}}
		done, err := enterIfFinished(j, 3)
		if done && err == nil {
			for part := range kinds {
				if e := j.entryOf(3); e == nil || e.Files[e.Name+part] == nil {
					t.Errorf("the index has no %s", part)
				}
			}
		}
	})
}
