package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// TestMain lets the test binary be the program, and each of those that it runs.
func TestMain(m *testing.M) {
	if name := filepath.Base(os.Args[0]); slices.Contains(played, strings.TrimSuffix(name, ".exe")) {
		os.Exit(play(strings.TrimSuffix(name, ".exe"), os.Args[1:]))
	}
	clitest.Main(m, main)
}

// played are the programs that the test binary plays under their names.
var played = []string{"parity", "anomalyany", "evaluate", "python"}

// play writes what a program leaves, with paths of this machine in it, and a line in the log beside the program. Where there
// is a file "NAME fails" beside it, it fails.
func play(name string, args []string) int {
	dir := filepath.Dir(os.Args[0])
	log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(log, name, strings.Join(args, " "))
	log.Close()
	if _, err := os.Stat(filepath.Join(dir, name+" fails")); err == nil {
		fmt.Fprintf(os.Stderr, "opening\n%s: nothing works in %s\n", name, dir)
		return 1
	}
	flag := func(name string) string {
		if i := slices.Index(args, name); i >= 0 {
			return args[i+1]
		}
		return ""
	}
	out := flag("--out")
	if err := os.MkdirAll(out, 0o777); out != "" && err != nil {
		panic(err)
	}
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			panic(err)
		}
	}
	switch name {
	case "python":
		component := args[len(args)-1]
		write(filepath.Join(out, component+"_in.safetensors"), "")
		write(filepath.Join(out, "tokenize.json"), "[]")
		write(filepath.Join(out, "versions.json"), `{"torch": "2"}`)
	case "parity":
		if flag("--report") == "" {
			fmt.Println("5 texts, all ids equal")
			break
		}
		bad, status := `[]`, 0
		if flag("--run") == "text" {
			bad, status = `["far: ratio 2"]`, 1
		}
		write(flag("--report"), `{"component": "x", "rtol": 0.001, "not_within": `+bad+`, "tensors": [
			{"tensor": "near", "shape": [1, 2], "max_error": 1e-7, "max_value": 1, "ratio": 1e-7},
			{"tensor": "far", "shape": [1], "max_error": null, "max_value": 1, "ratio": null}]}`)
		return status
	case "anomalyany":
		picture, err := images.EncodePNG(image.NewRGBA(image.Rect(0, 0, 8, 8)), nil)
		if err != nil {
			panic(err)
		}
		for _, file := range []string{"p.png", "p-mask.png", "p-heat.png", "photograph-1-8x8.png"} {
			write(filepath.Join(out, file), string(picture))
		}
		write(filepath.Join(out, "p.json"), fmt.Sprintf(`{"seed": 0, "prompt": "a photo", "options": {"out": %q}, "model_sha256": {%q: "00"}}`, out, filepath.Join(flag("--model"), "unet")))
	case "evaluate":
		write(filepath.Join(out, "table.md"), "On photographs\n\n| learns from | AUROC |\n| --- | ---: |\n| AnomalyAny | 91.2 |\n\n- of "+out+"\n")
		write(filepath.Join(out, "results.json"), fmt.Sprintf(`{"data": %q, "rows": [{"auroc": 0.91, "scores": [1, 2], "curves": {}}]}`, flag("--data")))
	}
	return 0
}

// try is a run in a folder of its own, with the tiny model of testdata.
func try(t *testing.T) options {
	t.Helper()
	if testing.Short() {
		t.Skip("it starts programs")
	}
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range played {
		if runtime.GOOS == "windows" {
			name += ".exe"
		}
		if err := os.Symlink(self, filepath.Join(dir, name)); err != nil {
			t.Skip("there are no links: ", err)
		}
	}
	o := options{Model: "../../testdata/models/a", Layout: "mvtec", Data: filepath.Join(dir, "parts"), Pictures: 2, Seeds: []uint32{3}, Device: "cpu", Programs: dir,
		Python: filepath.Join(dir, "python"), Reference: "reference.py", Out: filepath.Join(dir, "out")}
	writeParts(t, o.Data)
	return o
}

// writeParts writes a data set of one category.
func writeParts(t *testing.T, dir string) {
	t.Helper()
	picture, err := images.EncodePNG(image.NewRGBA(image.Rect(0, 0, 8, 8)), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"train/good/000", "test/good/000", "test/thread_top/000", "ground_truth/thread_top/000_mask"} {
		path := filepath.Join(dir, "old screw", filepath.FromSlash(name)+".png")
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, picture, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// calls are the lines of the log, which is emptied.
func calls(t *testing.T, o options) (lines []string) {
	t.Helper()
	path := filepath.Join(o.Programs, "log")
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	os.Remove(path)
	return slices.Collect(strings.Lines(string(data)))
}

func read(t *testing.T, o options) (r report, json, page string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(o.Out, reportName))
	if err != nil {
		t.Fatal(err)
	}
	html, err := os.ReadFile(filepath.Join(o.Out, pageName))
	if err != nil {
		t.Fatal(err)
	}
	if err := unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r, string(data), string(html)
}

var unmarshal = json.Unmarshal

// TestWhole takes all steps, with programs that are played, and looks at the report.
func TestWhole(t *testing.T) {
	o := try(t)
	o.DINOv2, o.OpenCLIP = o.Model, o.Model
	if err := o.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(calls(t, o), "")
	for _, want := range []string{"--run unet", "--preset released --seed 0", "--object old screw --anomaly thread top", "compare --data", "--pictures 2 --seeds 3",
		"generation --generated", filepath.Join("anomalyany", "old screw", "seed-3"), "--detector patchcore,padim,probe", "{category}", "winclip,promptad", "--network dinov2_vits14"} {
		if !strings.Contains(all, want) {
			t.Errorf("no program was called with %q:\n%s", want, all)
		}
	}
	r, figures, page := read(t, o)
	for _, s := range r.Steps {
		if without := s.Name == "detection-wide-resnet50"; without != (s.State == stateLeftOut) || !without && s.State != stateDone {
			t.Errorf("%s is %s: %s", s.Name, s.State, s.Why)
		}
	}
	if len(r.Model.Weights) != 4 || len(r.Model.Weights[0].SHA256) != 64 || r.Data.Chosen[0] != "old screw" {
		t.Errorf("model %v, data %v", r.Model, r.Data)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{reportName: figures, pageName: page} {
		for _, private := range []string{filepath.Dir(o.Out), here, filepath.Dir(filepath.Dir(here))} {
			if strings.Contains(text, private) {
				t.Errorf("%s says %s:\n%s", what, private, text)
			}
		}
	}
	for _, want := range []string{"MODEL/unet", `"auroc": 0.91`, `"data": "DATA"`} {
		if !strings.Contains(filepath.ToSlash(figures), want) {
			t.Errorf("%s has no %s:\n%s", reportName, want, figures)
		}
	}
	if strings.Contains(figures, "curves") {
		t.Error("the report has a number for each picture")
	}
	for _, want := range []string{`class="bad">not within`, `class="good">equal`, "no number", "<td>91.2</td>", "data:image/png;base64,", "of OUT"} {
		if !strings.Contains(page, want) {
			t.Errorf("%s has no %s:\n%s", pageName, want, page)
		}
	}
}

// TestGoesOn does what failed again, and nothing else.
func TestGoesOn(t *testing.T) {
	o := try(t)
	o.NoPhotographs = true
	fails := filepath.Join(o.Programs, "evaluate fails")
	if err := os.WriteFile(fails, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	first, second := o, o
	if err := first.run(t.Context()); err == nil || !strings.Contains(err.Error(), "2 of 22 steps failed") {
		t.Errorf("error %v, want 2 of 22 steps", err)
	}
	calls(t, o)
	r, _, page := read(t, o)
	if at := slices.IndexFunc(r.Steps, func(s *step) bool { return s.Name == "compare" }); r.Steps[at].State != stateFailed || !strings.Contains(r.Steps[at].Why, "nothing works in PROGRAMS") {
		t.Errorf("compare is %s: %s", r.Steps[at].State, r.Steps[at].Why)
	}
	if strings.Contains(page, "data:image") {
		t.Error("the page has pictures, which were to be left out")
	}
	if err := os.Remove(fails); err != nil {
		t.Fatal(err)
	}
	if err := second.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again := calls(t, o); len(again) != 4 || slices.ContainsFunc(again, func(s string) bool { return !strings.HasPrefix(s, "evaluate") }) {
		t.Errorf("the second run called %q", again)
	}
}

// TestLeftOut says why, where there is nothing to do a step with.
func TestLeftOut(t *testing.T) {
	o := try(t)
	o.Data, o.Python = "", ""
	if err := o.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all := calls(t, o); len(all) != 3 || !strings.Contains(all[0], "--object hazelnut --anomaly crack") {
		t.Errorf("called: %q", all)
	}
	r, _, page := read(t, o)
	for _, s := range r.Steps {
		if left := s.State == stateLeftOut && s.Why != ""; left == strings.HasPrefix(s.Name, "preset") {
			t.Errorf("%s is %s: %s", s.Name, s.State, s.Why)
		}
	}
	if !strings.Contains(page, "DATA=DIR") || !strings.Contains(page, "3 of 22 steps done") {
		t.Error(page)
	}
}

// TestEnds ends with its context, and no step has failed.
func TestEnds(t *testing.T) {
	o := try(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if all := calls(t, o); len(all) > 0 {
		t.Errorf("called: %q", all)
	}
}

func TestRefuses(t *testing.T) {
	for says, change := range map[string]func(o *options){
		"--model":        func(o *options) { o.Model = "nowhere" },
		"--categories":   func(o *options) { o.Categories = []string{"new screw"} },
		"no category":    func(o *options) { os.RemoveAll(filepath.Join(o.Data, "old screw", "test", "thread_top")) },
		"--programs":     func(o *options) { o.Programs += "nowhere" },
		"--data, --layo": func(o *options) { o.Data = filepath.Dir(o.Out) },
	} {
		o := try(t)
		change(&o)
		if err := o.run(t.Context()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

func TestFlagsNeedValues(t *testing.T) {
	clitest.NeedValues(t, newParser(new(options)).Model, func(args []string) error {
		_, err := newParser(new(options)).Parse(args)
		return err
	})
}

// TestTail has the last word of what a program tells people.
func TestTail(t *testing.T) {
	for said, want := range map[string]string{
		"step 1\rstep 2\rdone\n":              "done",
		"a\nb\nparity: wrong\n  x: ratio 1\n": "b\nparity: wrong",
		"":                                    "",
		strings.Repeat("x", mostKept) + "\nlast\n": strings.Repeat("x", mostKept-6) + "\nlast",
	} {
		k := new(tail)
		k.Write([]byte(said))
		if got := k.last(); got != want {
			t.Errorf("%.40q: %.40q, want %.40q", said, got, want)
		}
	}
}

// TestModelsOfTheHub: what is named as on the hub is fetched before anything is done, and programs are told paths.
func TestModelsOfTheHub(t *testing.T) {
	const model = "../../testdata/models/a"
	clitest.NewHub(t, map[string]string{"maker/tiny": model, "maker/net": model + "/clip"})
	o := options{Model: "maker/tiny", DINOv2: "maker/net"}
	o.Yes = true
	if err := o.find(t.Context()); err != nil {
		t.Fatal(err)
	}
	if o.Clip != "" || o.OpenCLIP != "" {
		t.Errorf("a CLIP came along with a model that has one: %q, %q", o.Clip, o.OpenCLIP)
	}
	o.Programs, o.Reference, o.Out = t.TempDir(), "reference.py", t.TempDir()
	if err := o.absolute(); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{filepath.Join(o.Model, "unet", "config.json"), filepath.Join(o.DINOv2, "config.json")} {
		if _, err := os.Stat(file); err != nil || !filepath.IsAbs(file) {
			t.Errorf("%s: %v", file, err)
		}
	}
}
