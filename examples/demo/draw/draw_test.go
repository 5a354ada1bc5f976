package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image/png"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/examples/demo/world"
)

// small is a command line for a tiny dataset.
func small(out string) flags {
	return flags{Out: out, Count: 26, Size: 32, Seed: 3, Pairs: "seen", Good: 0.5}
}

func draw(t *testing.T, f flags) {
	t.Helper()
	if err := run(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// lines reads captions.jsonl.
func lines(t *testing.T, dir string) []line {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, captionsName))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []line
	for s := bufio.NewScanner(f); s.Scan(); {
		var l line
		d := json.NewDecoder(bytes.NewReader(s.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&l); err != nil {
			t.Fatalf("%s: %v", s.Text(), err)
		}
		all = append(all, l)
	}
	return all
}

// tree reads all files of a directory, by their paths with slashes.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all[filepath.ToSlash(name)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestLayout checks that captions.jsonl names the files that there are, each
// where MVTec AD has it.
func TestLayout(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "drawn")
	draw(t, small(dir))
	files := tree(t, dir)
	delete(files, captionsName)
	good := 0
	for _, l := range lines(t, dir) {
		subject, number := world.FileName(l.Subject), strings.TrimSuffix(filepath.Base(l.File), ".png")
		wantFile, wantMask := subject+"/train/good/"+number+".png", ""
		if l.Defect != "" {
			defect := world.FileName(l.Defect)
			wantFile = subject + "/test/" + defect + "/" + number + ".png"
			wantMask = subject + "/ground_truth/" + defect + "/" + number + "_mask.png"
			checkMask(t, l.Mask, files[l.Mask])
		} else {
			good++
		}
		if l.File != wantFile || l.Mask != wantMask || len(number) != 3 {
			t.Errorf("%s with mask %q, want %s with %q", l.File, l.Mask, wantFile, wantMask)
		}
		if l.Unseen {
			t.Errorf("%s is of an unseen pair", l.File)
		}
		if !strings.HasPrefix(l.Detail, "a photo of a") || !strings.Contains(l.Caption, l.Subject) || !strings.Contains(l.Detail, l.Defect) {
			t.Errorf("%s: %q, %q", l.File, l.Caption, l.Detail)
		}
		for _, name := range []string{l.File, l.Mask} {
			if _, there := files[name]; !there && name != "" {
				t.Errorf("%s is not there", name)
			}
			delete(files, name)
		}
	}
	for name := range files {
		t.Errorf("%s is not in %s", name, captionsName)
	}
	if good != 13 {
		t.Errorf("%d good pictures of 26, want half", good)
	}
	if entries, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(entries) != 1 {
		t.Errorf("beside the dataset are %v (%v)", entries, err)
	}
}

// checkMask checks that a mask is black and white, and not black alone.
func checkMask(t *testing.T, name, data string) {
	t.Helper()
	m, err := png.Decode(strings.NewReader(data))
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	white := 0
	for i := range 32 * 32 {
		switch v, _, _, _ := m.At(i%32, i/32).RGBA(); v {
		case 0xffff:
			white++
		case 0:
		default:
			t.Errorf("%s: a pixel is %#x", name, v)
		}
	}
	if white == 0 {
		t.Errorf("%s is black", name)
	}
}

// TestSeeds checks that a picture is what its line says.
func TestSeeds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "drawn")
	draw(t, small(dir))
	for k, l := range lines(t, dir) {
		if l.Seed != uint64(3+k) {
			t.Errorf("line %d has seed %d, want %d", k+1, l.Seed, 3+k)
		}
		i := slices.IndexFunc(world.Subjects(), func(s world.Subject) bool { return s.Name == l.Subject })
		j := slices.IndexFunc(world.Defects(), func(d world.Defect) bool { return d.Name == l.Defect })
		var defect *world.Defect
		if l.Defect != "" {
			defect = &world.Defects()[j]
		}
		want := world.Draw(world.Subjects()[i], defect, l.Seed, 32)
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(l.File)))
		if err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		for p := range 32 * 32 {
			r, g, b, _ := m.At(p%32, p/32).RGBA()
			if got := []byte{byte(r >> 8), byte(g >> 8), byte(b >> 8)}; !bytes.Equal(got, want.Picture[3*p:3*p+3]) {
				t.Fatalf("%s: pixel %d is %v, want %v", l.File, p, got, want.Picture[3*p:3*p+3])
			}
		}
		if l.Caption != want.Caption || l.Detail != want.Detail || l.Colour != want.Colour {
			t.Errorf("%s: %q, %q, %q", l.File, l.Caption, l.Detail, l.Colour)
		}
	}
}

// TestPlan checks that the pictures are shared out evenly, and the good ones
// between training and testing.
func TestPlan(t *testing.T) {
	for _, c := range []struct {
		pairs                 string
		kinds, seen, goodTest int
	}{{"seen", 60, 60, 0}, {"unseen", 12, 0, 24}, {"all", 72, 60, 24}} {
		counts, seen, test, files := map[string]int{}, 0, 0, map[string]bool{}
		all := plan(flags{Count: 1000, Pairs: c.pairs, Good: 0.24})
		for _, it := range all {
			files[it.file] = true
			if it.defect == nil {
				if strings.Contains(it.file, "/test/good/") {
					test++
				}
				continue
			}
			name := it.subject.Name + ", " + it.defect.Name
			if counts[name] == 0 && !world.Unseen(it.subject.Name, it.defect.Name) {
				seen++
			}
			counts[name]++
		}
		if len(all) != 1000 || len(files) != 1000 {
			t.Errorf("%s: %d pictures in %d files, want 1000", c.pairs, len(all), len(files))
		}
		if len(counts) != c.kinds || seen != c.seen || test != c.goodTest {
			t.Errorf("%s: %d pairs, %d of them seen, and %d good pictures for testing; want %+v", c.pairs, len(counts), seen, test, c)
		}
		for name, n := range counts {
			if each := 760 / c.kinds; n < each || n > each+1 {
				t.Errorf("%s: %d of %s, want %d or one more", c.pairs, n, name, each)
			}
		}
	}
}

// TestOut replaces a dataset, fills an empty directory, and touches nothing else.
func TestOut(t *testing.T) {
	dir := t.TempDir() // empty
	f := small(dir)
	draw(t, f)
	first := tree(t, dir)
	f.Seed, f.Count = 100, 5
	draw(t, f)
	second := tree(t, dir)
	if len(second) >= len(first) || len(lines(t, dir)) != 5 {
		t.Errorf("%d files of 5 pictures after %d files of 26", len(second), len(first))
	}

	foreign := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(foreign, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), f); err == nil || !strings.Contains(err.Error(), "notes.txt") {
		t.Errorf("a directory with a file of somebody else: %v", err)
	}
	if got, err := os.ReadFile(foreign); err != nil || string(got) != "mine" {
		t.Errorf("notes.txt is %q (%v)", got, err)
	}
	os.Remove(foreign)
	os.Remove(filepath.Join(dir, captionsName))
	if err := run(t.Context(), f); err == nil || !strings.Contains(err.Error(), "holds no "+captionsName) {
		t.Errorf("folders of subjects, but no captions: %v", err)
	}
	f.Out = foreign
	if err := os.WriteFile(foreign, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), f); err == nil {
		t.Error("a file passes for a directory")
	}
	f.Out = string(filepath.Separator)
	if err := run(t.Context(), f); err == nil {
		t.Error("it writes a dataset in place of the root")
	}
}

// TestInterrupted leaves nothing.
func TestInterrupted(t *testing.T) {
	parent := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, small(filepath.Join(parent, "drawn"))); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was interrupted", err)
	}
	if entries, err := os.ReadDir(parent); err != nil || len(entries) > 0 {
		t.Errorf("it leaves %v (%v)", entries, err)
	}
}

// TestWriteFails ends with the first error.
func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	all := plan(flags{Count: 4, Pairs: "all"})
	if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(all[0].file)), 0o700); err != nil { // in the picture's place
		t.Fatal(err)
	}
	if err := write(t.Context(), dir, 32, all); err == nil || !strings.Contains(err.Error(), "000.png") {
		t.Errorf("%v, want which file cannot be written", err)
	}
}

func TestValidate(t *testing.T) {
	for part, change := range map[string]func(*flags){
		"--count 0": func(f *flags) { f.Count = 0 },
		"--count 1000000000000: there must be 1 to 10000000": func(f *flags) { f.Count = 1_000_000_000_000 },
		"--good NaN": func(f *flags) { f.Good = math.NaN() },
		"--size 16":  func(f *flags) { f.Size = 16 },
		"--good 1.5": func(f *flags) { f.Good = 1.5 },
		"--seed":     func(f *flags) { f.Seed = 1<<64 - 1 },
	} {
		f := small("drawn")
		change(&f)
		if err := f.Validate(); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v, want an error about %s", err, part)
		}
	}
	if err := small("drawn").Validate(); err != nil {
		t.Error(err)
	}
}
