package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/nn"
)

// series are two pictures of six steps each.
func series(t *testing.T) Spec {
	f := small(t)
	f.N, f.Steps, f.KeepEvery = 2, 8, 2
	return f
}

// runUntil cancels a run after a share of the operations that it would take,
// and returns how many ran.
func runUntil(t *testing.T, f Spec, share float64, of int) (ran int, err error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err = run(nn.WithTrace(ctx, func(nn.Executed) {
		if ran++; float64(ran) > share*float64(of) {
			cancel()
		}
	}), f)
	return ran, err
}

// samePictures compares two directories.
func samePictures(t *testing.T, f Spec, want Spec, names ...string) {
	t.Helper()
	for _, name := range names {
		if filepath.Ext(name) == ".png" && !bytes.Equal(readFile(t, want.Out, name), readFile(t, f.Out, name)) {
			t.Errorf("%s differs from that of a run that was not interrupted", name)
		}
	}
}

// TestResume interrupts a run at every stage, and goes on. Whenever it is, what
// there is is whole.
func TestResume(t *testing.T) {
	if testing.Short() {
		t.Skip("many runs")
	}
	whole := series(t)
	whole.KeepEvery = 0
	all, err := runUntil(t, whole, 2, 1<<40)
	if err != nil {
		t.Fatal(err)
	}
	names := clitest.Written(t, whole.Out)
	states := 0
	for _, share := range []float64{0, 0.01, 0.05, 0.2, 0.33, 0.46, 0.5, 0.55, 0.7, 0.9, 0.97, 0.999} {
		t.Run(fmt.Sprint(share), func(t *testing.T) {
			f := whole
			f.KeepEvery, f.Out = 2, filepath.Join(t.TempDir(), "out")
			if _, err := runUntil(t, f, share, all); !errors.Is(err, context.Canceled) {
				t.Fatalf("%v, want context.Canceled", err)
			}
			states += checkWhole(t, f.Out)
			f.Resume = true
			ran, err := runUntil(t, f, 2, all)
			if err != nil {
				t.Fatal(err)
			}
			if share > 0.2 && ran >= all {
				t.Errorf("after %g of a run it takes %d operations to go on, the whole has %d", share, ran, all)
			}
			if diff := cmp.Diff(names, clitest.Written(t, f.Out)); diff != "" {
				t.Errorf("files of an uninterrupted run -, of this +:\n%s", diff)
			}
			samePictures(t, f, whole, names...)
			first, second := readRecord(t, whole, "hazelnut-crack-0001.json"), readRecord(t, f, "hazelnut-crack-0001.json")
			if diff := cmp.Diff(first.Trace, second.Trace); diff != "" {
				t.Errorf("trace: %s", diff)
			}
			if ran, err := runUntil(t, f, 2, all); err != nil || ran > 0 {
				t.Errorf("with all pictures there, %d operations run: %v", ran, err)
			}
		})
	}
	if states < 5 {
		t.Errorf("only %d of the interrupted runs left a state", states)
	}
}

// checkWhole looks whether every file in a directory is complete and belongs
// to a complete picture, or is a state; it returns how many states there are.
func checkWhole(t *testing.T, dir string) (states int) {
	t.Helper()
	if _, err := os.Stat(dir); err != nil {
		return 0 // not even begun
	}
	x, err := readIndex(dir)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, e := range x.Entries {
		want = append(want, e.Picture, e.Mask, e.Heat, e.Record)
		if !slices.Contains(want, e.Photograph) {
			want = append(want, e.Photograph)
		}
	}
	if len(x.Entries) > 0 {
		want = append(want, "index.html", "index.json")
	}
	for _, name := range clitest.Written(t, dir) {
		if filepath.Ext(name) == ".state" {
			states++
			want = append(want, name)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, clitest.Written(t, dir)); diff != "" {
		t.Errorf("what the index has -, what there is +:\n%s", diff)
	}
	for _, name := range clitest.Written(t, dir) {
		switch filepath.Ext(name) {
		case ".png":
			readPicture(t, Spec{Out: dir}, name)
		case ".json":
			if !json.Valid(readFile(t, dir, name)) {
				t.Errorf("%s is no JSON", name)
			}
		}
	}
	return states
}

// TestResumeOtherwise has other options, another photograph, another model, or
// a state that is damaged.
func TestResumeOtherwise(t *testing.T) {
	f := series(t)
	ran, err := runUntil(t, f, 2, 1<<40)
	if err != nil {
		t.Fatal(err)
	}
	f.Out = filepath.Join(t.TempDir(), "out")
	if _, err := runUntil(t, f, 0.8, ran); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if names := clitest.Written(t, f.Out); !slices.Contains(names, "hazelnut-crack-0001.state") {
		t.Fatalf("there is no state among %v", names)
	}
	f.Resume = true
	model := t.TempDir()
	if err := os.CopyFS(model, os.DirFS(modelA)); err != nil {
		t.Fatal(err)
	}
	weights := filepath.Join(model, "vae", "diffusion_pytorch_model.safetensors")
	data := readFile(t, weights)
	data[len(data)-4] ^= 1
	if err := os.WriteFile(weights, data, 0o600); err != nil {
		t.Fatal(err)
	}
	state := readFile(t, f.Out, "hazelnut-crack-0001.state")
	for _, seed := range []uint64{0, 1} { // a finished picture and a state
		for name, c := range map[string]struct {
			change func(f *Spec)
			says   string
		}{
			"option":     {func(f *Spec) { f.Lambda = 21 }, "--lambda was 20 and is 21"},
			"photograph": {func(f *Spec) { f.Image = writePicture(t, "nut.png", 150, 120) }, "--image was the file"},
			"mask":       {func(f *Spec) { f.Mask = writeMask(t, 150, 100, 0, 0, 0.7, 1) }, "--mask was not given and is the file"},
			"model":      {func(f *Spec) { f.Model = model }, "--model was the weights"},
		} {
			changed := f
			changed.Seed, changed.N = seed, 1
			c.change(&changed)
			if err := run(t.Context(), changed); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("seed %d: another %s: %v, want %q", seed, name, err, c.says)
			}
		}
	}
	f.Model = filepath.Join(t.TempDir(), "moved") // the same model at another place
	if err := os.CopyFS(f.Model, os.DirFS(modelA)); err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func(b []byte) []byte{
		"cut":    func(b []byte) []byte { return b[:len(b)-1] },
		"empty":  func([]byte) []byte { return nil },
		"format": func(b []byte) []byte { return bytes.Replace(b, []byte("state 1"), []byte("state 9"), 1) },
		"NaN":    func(b []byte) []byte { return append(b[:len(b)-4], 0, 0, 0xc0, 0x7f) },
		"seed":   func(b []byte) []byte { return bytes.Replace(b, []byte(`seed\":1,`), []byte(`seed\":5,`), 1) },
	} {
		damaged := damage(slices.Clone(state))
		if bytes.Equal(damaged, state) {
			t.Fatalf("%s: nothing is damaged", name)
		}
		if err := os.WriteFile(filepath.Join(f.Out, "hazelnut-crack-0001.state"), damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := run(t.Context(), f); err == nil || !strings.Contains(err.Error(), "hazelnut-crack-0001.state") || !strings.Contains(err.Error(), "delete the file") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(filepath.Join(f.Out, "hazelnut-crack-0001.state"), state, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), f); err != nil {
		t.Error(err)
	}
	if n := checkWhole(t, f.Out); n != 0 {
		t.Errorf("%d states are left", n)
	}
}

// TestKilled leaves what a program that is killed leaves, and starts again.
func TestKilled(t *testing.T) {
	f := small(t)
	names := runAll(t, f)
	for _, left := range []string{".sdgraph-17.tmp", ".sdgraph-3.tmp"} {
		if err := os.WriteFile(filepath.Join(f.Out, left), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"index.json", "index.html"} { // killed before the index was written
		if err := os.Remove(filepath.Join(f.Out, name)); err != nil {
			t.Fatal(err)
		}
	}
	f.Resume = true
	if diff := cmp.Diff(names, runAll(t, f)); diff != "" {
		t.Errorf("files before the kill -, after the next start +:\n%s", diff)
	}
	checkWhole(t, f.Out)
	if err := os.Remove(filepath.Join(f.Out, "hazelnut-crack-0000.json")); err != nil { // killed before the record was
		t.Fatal(err)
	}
	if diff := cmp.Diff(names, runAll(t, f)); diff != "" {
		t.Errorf("files before the kill -, after the next start +:\n%s", diff)
	}
}

// TestResumeReleased goes on by whole pictures: PNDM's runs have no state.
func TestResumeReleased(t *testing.T) {
	if testing.Short() {
		t.Skip("three runs")
	}
	whole := small(t)
	whole.Preset, whole.Steps, whole.Guidance, whole.N, whole.KeepEvery = "released", 10, 12.5, 2, 1
	all, err := runUntil(t, whole, 2, 1<<40)
	if err != nil {
		t.Fatal(err)
	}
	f := whole
	f.Out = filepath.Join(t.TempDir(), "out")
	if _, err := runUntil(t, f, 0.8, all); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if n := checkWhole(t, f.Out); n != 0 {
		t.Errorf("%d states, want none", n)
	}
	f.Resume = true
	if ran, err := runUntil(t, f, 2, all); err != nil || 4*ran > 3*all {
		t.Errorf("to go on takes %d operations, the whole has %d: %v", ran, all, err)
	}
	samePictures(t, f, whole, clitest.Written(t, whole.Out)...)
}
