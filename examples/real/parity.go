package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// component is one of examples/parity, which reference.py has, too.
type component struct {
	name, title string
	clip        bool    // it needs CLIP
	rtol        float64 // that is allowed, as a share of a tensor's largest value
}

// components are what is compared. Rounding adds up over the steps of whole runs.
var components = []component{
	{"tokenize", "tokenizer", false, 0},
	{"text", "text encoder", false, 1e-3},
	{"cliptext", "CLIP's text encoder", true, 1e-3},
	{"image", "CLIP's image encoder, and its gradient", true, 1e-3},
	{"rng", "torch's random numbers", false, 1e-6},
	{"scheduler", "DDIM, PNDM, Euler, DPM++ 2M", false, 1e-5},
	{"vae-encode", "VAE, encoder", false, 1e-3},
	{"vae-decode", "VAE, decoder, and its gradient", false, 1e-3},
	{"unet", "UNet, its attention and gradients", false, 1e-3},
	{"txt2img", "a whole run: text, six steps of DDIM with guidance, picture", false, 1e-2},
	{"anomalyany", "a whole run of AnomalyAny, four steps, one of them refined by CLIP", true, 1e-2},
}

// parityName is what the names of these steps begin with.
const parityName = "parity-"

func (r *run) paritySteps() (all []*step) {
	for _, c := range components {
		s := &step{Name: parityName + c.name, Title: "parity with diffusers: " + c.title, depends: map[string]string{"reference": fileHash(r.Reference)}}
		s.lacks = lacking(
			when(r.model.single, "diffusers opens directories without a download, and this model is a single file"),
			when(r.Python == "", "--python names no interpreter that has diffusers; 'make real' makes one"),
			when(c.clip && !r.model.CLIP, "there is no CLIP: CLIP=DIR"),
			when(c.name == "scheduler", r.model.odd),
			when(c.name == "anomalyany" && !r.model.paper, "the reference reads attention maps of Stable Diffusion's UNet, and this one has other sizes"))
		s.do = func(ctx context.Context, s *step) error { return r.parity(ctx, s, c) }
		all = append(all, s)
	}
	return all
}

// fileHash tells a file from others; a file that is missing is an error of its own later.
func fileHash(path string) string {
	hash, _ := files.Hash(path)
	return hash
}

// parity has diffusers compute a component, unless it did, and compares.
func (r *run) parity(ctx context.Context, s *step, c component) error {
	dir := r.folder(s)
	in := filepath.Join(dir, c.name+"_in.safetensors")
	if c.name == "tokenize" {
		in = filepath.Join(dir, "tokenize.json")
	}
	if !files.Exists(in) {
		args := []string{"--model", r.Model, "--out", dir, c.name}
		if r.Clip != "" {
			args = append([]string{"--clip", r.Clip}, args...)
		}
		if err := r.python(ctx, s, args...); err != nil {
			return err
		}
	}
	report := filepath.Join(dir, c.name+"_report.json")
	if err := os.RemoveAll(report); err != nil {
		return err
	}
	stdout, err := r.program(ctx, s, "parity", r.parityArgs(dir, c, in, report)...)
	if c.name == "tokenize" {
		s.Tables = strings.TrimSpace(stdout)
		return err
	}
	if err != nil && (!errors.Is(err, errExit) || !files.Exists(report)) { // else some tensors are too far apart, which the report says
		return err
	}
	return r.compared(s, dir, report)
}

func (r *run) parityArgs(dir string, c component, in, report string) []string {
	args := []string{"--model", r.Model, "--run", c.name, "--in", in}
	if clip := r.clipDir(); clip != "" {
		args = append(args, "--clip", clip)
	}
	if r.Device != "cpu" {
		args = append(args, "--device", r.Device)
	}
	if c.name == "tokenize" {
		return args
	}
	if c.name == "anomalyany" {
		args = append(args, "--config", filepath.Join(dir, "anomalyany.json"))
	}
	return append(args, "--ref", filepath.Join(dir, c.name+"_ref.safetensors"), "--report", report, "--rtol", fmt.Sprint(c.rtol))
}

// parityReport is what examples/parity writes.
type parityReport struct {
	Component string            `json:"component"`
	Precision string            `json:"precision"`
	Rtol      float64           `json:"rtol"`
	Tensors   []tensorReport    `json:"tensors"`
	Bad       []string          `json:"not_within"`
	Versions  map[string]string `json:"reference"` // of the packages that computed it
}

type tensorReport struct {
	Name    string   `json:"tensor"`
	Shape   []int    `json:"shape"`
	Error   *float64 `json:"max_error"`
	Largest *float64 `json:"max_value"`
	Ratio   *float64 `json:"ratio"`
}

// ratio is how far off a tensor is; infinitely, where that is no number.
func (t tensorReport) ratio() float64 {
	if t.Ratio == nil {
		return math.Inf(1)
	}
	return *t.Ratio
}

// worst is the tensor that is farthest off.
func (p parityReport) worst() tensorReport {
	if len(p.Tensors) == 0 {
		return tensorReport{Name: "none"}
	}
	return slices.MaxFunc(p.Tensors, func(a, b tensorReport) int {
		switch x, y := a.ratio(), b.ratio(); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
}

// compared takes the report of a comparison over.
func (r *run) compared(s *step, dir, report string) error {
	var p parityReport
	if err := readJSON(report, &p); err != nil {
		return err
	}
	if err := readJSON(filepath.Join(dir, "versions.json"), &p.Versions); err != nil {
		return err
	}
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	s.Results = data
	var b strings.Builder
	t := show.NewTable(&b)
	t.Row("tensor", "shape", "largest error", "largest value", "ratio")
	t.Row("---", "---", "---:", "---:", "---:")
	for _, of := range p.Tensors {
		t.Row(of.Name, fmt.Sprint(of.Shape), number(of.Error), number(of.Largest), number(of.Ratio))
	}
	t.Flush()
	for _, bad := range p.Bad {
		fmt.Fprintf(&b, "- not within %g: %s\n", p.Rtol, bad)
	}
	s.Tables = b.String()
	return nil
}

// number is one for people.
func number(v *float64) string {
	if v == nil {
		return "no number"
	}
	return fmt.Sprintf("%.2e", *v)
}

// readJSON reads a file of this module's programs.
func readJSON(path string, v any) error {
	data, err := files.Read(path, mostRecord)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
