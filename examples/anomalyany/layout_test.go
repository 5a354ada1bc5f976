package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// exported are the pictures of a folder that are in its data set, in the order of provenance.jsonl.
func exported(t *testing.T, f Spec, layout string) (lines []map[string]any) {
	t.Helper()
	f.Layout, f.Split = []string{layout}, 0.8
	if err := f.export(t.Context()); err != nil {
		t.Fatal(err)
	}
	text := readFile(t, filepath.Join(f.Out, "dataset-"+layout, "provenance.jsonl"))
	for _, l := range bytes.Split(bytes.TrimSpace(text), []byte("\n"))[1:] {
		var v map[string]any
		if err := json.Unmarshal(l, &v); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, v)
	}
	return lines
}

// sources are what pictures of a data set were called in the folder.
func sources(lines []map[string]any) (names []string) {
	for _, l := range lines {
		names = append(names, l["name"].(string))
	}
	return names
}

// TestExport has the photograph and the usable pictures in a data set, whatever is decided, time and
// again, and none of others' files is lost.
func TestExport(t *testing.T) {
	f := quick(t)
	f.N = 3
	runAll(t, f)
	lines := exported(t, f, "yolo")
	photograph := filepath.Base(f.Image)
	names := sources(lines)
	if len(names) != 4 || !strings.HasPrefix(names[0], "photograph-") || !slices.Equal(names[1:], []string{"hazelnut-crack-0000.png", "hazelnut-crack-0001.png", "hazelnut-crack-0002.png"}) {
		t.Fatalf("%v", names)
	}
	for i, l := range lines {
		picture := readFile(t, filepath.Join(f.Out, "dataset-yolo", l["picture"].(string)))
		if !bytes.Equal(picture, readFile(t, filepath.Join(f.Out, names[i]))) {
			t.Errorf("%v is another than %s", l["picture"], names[i])
		}
		made, _ := l["made"].(map[string]any)
		if l["photograph"] != photograph || l["source"] != lines[0]["source"] || l["part"] != "hazelnut" || (made != nil) != (i > 0) {
			t.Errorf("%v", l)
		}
		if i > 0 && (made["seed"] != float64(i-1) || made["prompt"] != "a photo of a hazelnut with a crack on it" || made["scores"] == nil || l["defect"] != "crack") {
			t.Errorf("%v", l)
		}
	}

	if err := (&Decide{Names: []string{"hazelnut-crack-0001"}}).run(f.Out, rejected); err != nil {
		t.Fatal(err)
	}
	if names := sources(exported(t, f, "yolo")); len(names) != 3 || slices.Contains(names, "hazelnut-crack-0001.png") {
		t.Errorf("without the rejected one: %v", names)
	}
	own := filepath.Join(f.Out, "dataset-yolo", "notes.txt")
	if err := files.Write(own, nil); err != nil {
		t.Fatal(err)
	}
	f.Layout = []string{"yolo"}
	if err := f.export(t.Context()); err == nil || !strings.Contains(err.Error(), "notes.txt is not a file of this data set") {
		t.Errorf("a data set with a file of somebody's: %v", err)
	}

	f.Resume = true // the folder is what it was
	if ran, err := runUntil(t, f, 2, 1<<40); err != nil || ran > 0 {
		t.Errorf("%d operations to go on: %v", ran, err)
	}
}

// TestExportNothing says what is missing.
func TestExportNothing(t *testing.T) {
	f := quick(t)
	f.Layout = []string{"coco"}
	if err := f.export(t.Context()); err == nil || !strings.Contains(err.Error(), "want a folder that pictures were made into") || files.Exists(f.Out) {
		t.Errorf("no folder: %v", err)
	}
	f.MinArea, f.MaxArea = 100, 100
	runAll(t, f)
	if err := f.export(t.Context()); err == nil || !strings.Contains(err.Error(), "none of the 1 pictures in "+f.Out+" is usable") {
		t.Errorf("a picture that failed: %v", err)
	}
	if err := (&Decide{Names: []string{"hazelnut-crack-0000"}}).run(f.Out, accepted); err != nil {
		t.Fatal(err)
	}
	if err := f.export(t.Context()); err != nil {
		t.Errorf("a picture that was accepted: %v", err)
	}
	if err := os.Remove(filepath.Join(f.Out, "hazelnut-crack-0000.json")); err != nil {
		t.Fatal(err)
	}
	if err := f.export(t.Context()); err == nil || !strings.Contains(err.Error(), "none of the") {
		t.Errorf("a picture without its record: %v", err)
	}
}

// TestLayoutFlag makes data sets after a run, and of a folder alone.
func TestLayoutFlag(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	run := func(good bool, says string, args ...string) {
		t.Helper()
		got, err := clitest.Program(t, append(args, "--out", out)...).CombinedOutput()
		if text := string(got); !strings.Contains(text, says) || (err == nil) != good {
			t.Errorf("%v: %v, want %q:\n%s", args, err, says, text)
		}
	}
	run(false, `--layout is "voc", want one of mvtec, anomalib, yolo, coco`, "export", "--layout", "voc")
	run(false, "--layout has coco twice, want", "export", "--layout", "coco,coco")
	run(false, "--split is 2, want 0 to 1", "export", "--layout", "coco", "--split", "2")
	run(false, "export needs --layout, want", "export")
	run(false, "--layout makes data sets of pictures, and ablate measures", "ablate", "--layout", "coco")
	run(true, "dataset-coco", "--model", modelA, "--image", writePicture(t, "nut.png", 64, 64), "--object", "nut", "--anomaly", "crack", "--size", "64", "--steps", "2",
		"--min-focus", "-1", "--min-area", "0", "--max-area", "100", "--min-clip", "-2", "--min-gain", "-4", "--min-inside", "0", "--min-confidence", "-1", "--min-part", "-2", "--min-sees", "-2", "--layout", "coco")
	run(true, "put other normal photographs", "export", "--layout", "mvtec,anomalib")
	for _, name := range []string{"dataset-coco/annotations/instances_train.json", "dataset-mvtec/nut/test/crack/000.png", "dataset-anomalib/nut/mask/crack-000.png"} {
		if !files.Exists(filepath.Join(out, filepath.FromSlash(name))) {
			t.Errorf("there is no %s", name)
		}
	}
}
