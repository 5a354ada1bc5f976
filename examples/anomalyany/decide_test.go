package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// picture is an entry of a picture that is there, and failed for the reasons.
func picture(name string, failed ...string) entry {
	return entry{
		Name: name, Object: "nut", Anomaly: "crack", Prompt: "a nut with a crack", Photograph: "photograph-1.png",
		Picture: name + ".png", Mask: name + "-mask.png", Heat: name + "-heat.png", Record: name + ".json",
		Scores: anomalyany.Scores{Area: 0.05, Focus: new(0.5)}, Failed: failed, Identity: "1",
	}
}

// notKept is the entry of one that failed and was not kept.
func notKept(name string, failed ...string) entry {
	e := picture(name, failed...)
	e.Picture, e.Mask, e.Heat, e.Record = "", "", "", ""
	return e
}

// folderOf is a folder with pictures whose files hold their own names.
func folderOf(t testing.TB, entries ...entry) (dir string) {
	t.Helper()
	dir = t.TempDir()
	d, err := openFolder(Spec{Out: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Release()
	for _, e := range entries {
		var made []files.File
		for _, part := range parts {
			if e.Picture != "" {
				made = append(made, files.File{Path: filepath.Join(dir, e.Name+part), Data: []byte(e.Name + part)})
			}
		}
		photograph := shared{e.Photograph, []byte("photograph")}
		if err := d.write(&e, made, true, photograph); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// decisions are those of a folder's index, by their pictures, and how many are usable.
func decisions(t testing.TB, dir string) (all map[string]decision, usable int) {
	t.Helper()
	x, err := readIndex(dir)
	if err != nil {
		t.Fatal(err)
	}
	all = map[string]decision{}
	for _, e := range x.Entries {
		all[e.Name] = e.Decision
	}
	return all, x.Usable
}

// TestDecide: good ones are usable unless they are rejected, failed ones where
// they are accepted.
func TestDecide(t *testing.T) {
	dir := folderOf(t, picture("a"), picture("b", "why"), picture("c"), notKept("d", "why"))
	for _, c := range []struct {
		to     decision
		names  []string
		says   string // of an error
		usable int
	}{
		{rejected, []string{"a"}, "", 1},
		{rejected, []string{"a", "b"}, "", 1},
		{accepted, []string{"b.png", filepath.Join(dir, "c-mask.png")}, "", 2},
		{undecided, []string{"a.json"}, "", 3},
		{rejected, []string{"a", "e"}, `no picture "e" in the folder ` + dir, 3},
		{rejected, []string{"d"}, "d failed and was not kept", 3},
		{rejected, []string{filepath.Join("elsewhere", "a.png")}, "is not in the folder " + dir, 3},
		{rejected, []string{"../a"}, "is not in the folder " + dir, 3},
		{rejected, []string{""}, `no picture ""`, 3},
	} {
		err := (&Decide{Names: c.names}).run(dir, c.to)
		if (err != nil) != (c.says != "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %q: error %v, want %q", c.to, c.names, err, c.says)
		}
		if _, usable := decisions(t, dir); usable != c.usable {
			t.Errorf("%s %q: %d are usable, want %d", c.to, c.names, usable, c.usable)
		}
	}
	if all, _ := decisions(t, dir); all["a"] != undecided || all["b"] != accepted || all["c"] != accepted || all["d"] != undecided {
		t.Errorf("decisions: %v", all)
	}
	if got := contents(t, dir)["b.png"]; got != "b.png" {
		t.Errorf("a decision has changed a picture: %q", got)
	}
}

// TestDecideNothing: no folder is made, none is used that a run holds, and an
// unfinished picture is no picture.
func TestDecideNothing(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "out")
	c := &Decide{Names: []string{"a"}}
	if err := c.run(nowhere, accepted); err == nil || !strings.Contains(err.Error(), "there is no "+filepath.Join(nowhere, "index.json")) || files.Exists(nowhere) {
		t.Errorf("nowhere: %v", err)
	}
	dir := folderOf(t, picture("a"))
	held, err := files.Hold(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.run(dir, accepted); !errors.Is(err, errBusy) {
		t.Errorf("a folder that is held: %v", err)
	}
	held.Release()
	if err := os.Remove(filepath.Join(dir, "a.json")); err != nil {
		t.Fatal(err)
	}
	if err := c.run(dir, accepted); err == nil || !strings.Contains(err.Error(), "a is not finished") {
		t.Errorf("without its record: %v", err)
	}
}

// TestDecisionsStay for the same picture, made or found again by later runs, and
// not for another one of its name.
func TestDecisionsStay(t *testing.T) {
	f := quick(t)
	f.N = 3
	runAll(t, f)
	const nut = "hazelnut-crack-000"
	decide := func(to decision, names ...string) {
		t.Helper()
		if err := (&Decide{Names: names}).run(f.Out, to); err != nil {
			t.Fatal(err)
		}
	}
	want := func(when string, zero, one, two decision) {
		t.Helper()
		all, _ := decisions(t, f.Out)
		if all[nut+"0"] != zero || all[nut+"1"] != one || all[nut+"2"] != two {
			t.Errorf("%s: decisions %v, want %q, %q and %q", when, all, zero, one, two)
		}
	}
	decide(rejected, nut+"0")
	decide(accepted, nut+"1")
	runAll(t, f)
	want("made again", rejected, accepted, undecided)
	f.Resume, f.Keep, f.MaxArea = true, "good", 0 // all fail now
	runAll(t, f)
	want("found again", rejected, accepted, undecided)
	for i, there := range []bool{true, true, false} {
		if got := files.Exists(f.stem(uint64(i)) + ".png"); got != there {
			t.Errorf("seed %d is there: %t, want %t", i, got, there)
		}
	}
	f.Resume, f.Keep, f.MaxArea, f.Guidance, f.Overwrite = false, "all", 100, 12, true
	runAll(t, f)
	want("another picture", undecided, undecided, undecided)
	checkWhole(t, f.Out)
}

// TestDecidedByHash: an identity says more in a later version; the file is the
// same then.
func TestDecidedByHash(t *testing.T) {
	x, err := readIndex(folderOf(t, picture("a")))
	if err != nil {
		t.Fatal(err)
	}
	x.decide(x.entry("a"), rejected)
	for _, c := range []struct {
		identity, hash string
		want           decision
	}{
		{"1", "", rejected}, {"2", files.SHA256([]byte("a.png")), rejected}, {"2", "", undecided}, {"2", files.SHA256([]byte("other")), undecided},
	} {
		if got := x.decided("a", c.identity, c.hash); got != c.want {
			t.Errorf("identity %s, hash %q: %q, want %q", c.identity, c.hash, got, c.want)
		}
	}
}
