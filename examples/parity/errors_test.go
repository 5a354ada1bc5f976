package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/tensor"
)

// TestMain lets the test binary be the program, to see its exit status.
func TestMain(m *testing.M) {
	clitest.Main(m, main)
}

// program runs the program and returns its output and exit status.
func program(t *testing.T, args ...string) (output string, status int) {
	t.Helper()
	cmd := clitest.Program(t, args...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func TestExitStatus(t *testing.T) {
	text := []string{"--model", model("a"), "--run", "text", "--in", golden("a", "text_in.safetensors")}
	ref := golden("a", "text_ref.safetensors")
	for name, c := range map[string]struct {
		args   []string
		status int
		says   []string
	}{
		"within":         {append(text, "--ref", ref), 0, []string{"last_hidden_state", "pooler_output", "ratio"}},
		"not within":     {append(text, "--ref", ref, "--rtol", "0"), 1, []string{"2 of 2 tensors are not within 0", "pooler_output: ratio"}},
		"nothing":        {nil, 80, []string{"--model=DIR", "--run=COMPONENT"}},
		"list and model": {append(text, "--cases", "testdata/cases.json"), 80, []string{"--cases", "--model"}},
		"only":           {append(text, "--only", "*"), 80, []string{"--only needs --cases"}},
		"no glob":        {[]string{"--cases", "testdata/cases.json", "--only", "["}, 80, []string{"--only ["}},
		"list":           {[]string{"--cases", "testdata/cases.json"}, 0, []string{"ok           samplers: ", "6 cases ran, 1 were passed over"}},
		"component":      {[]string{"--model", model("a"), "--run", "vae"}, 80, []string{`"vae-decode"`, `"vae"`}},
		"no model":       {[]string{"--model", "no-such-directory", "--run", "rng"}, 80, []string{"--model", "no-such-directory"}},
		"no single file": {[]string{"--model", golden("a", "text_in.safetensors"), "--run", "text", "--in", golden("a", "text_in.safetensors")}, 1,
			[]string{"text_in.safetensors", "model.diffusion_model."}},
		"no single file for texts": {[]string{"--model", golden("a", "text_in.safetensors"), "--run", "tokenize", "--in", golden("a", "tokenize.json")}, 1,
			[]string{"text_in.safetensors", "model.diffusion_model."}},
		"no pictures": {[]string{"--model", model("a"), "--run", "image"}, 1, []string{"--in FILE.safetensors is missing", "pixel_values"}},
	} {
		t.Run(name, func(t *testing.T) {
			output, status := program(t, c.args...)
			if status != c.status {
				t.Errorf("exit status %d, want %d; output:\n%s", status, c.status, output)
			}
			wantParts(t, output, c.says...)
		})
	}
}

func wantParts(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q does not mention %q", text, p)
		}
	}
}

// TestReadableErrors runs what cannot work.
func TestReadableErrors(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	save := func(name string, all tensors) string {
		path := filepath.Join(dir, name)
		if err := tensor.Save(path, all, nil); err != nil {
			t.Fatal(err)
		}
		return path
	}
	zeros := func(shape ...int) tensors {
		n := 1
		for _, s := range shape {
			n *= s
		}
		return tensors{"input_ids": tensor.FromFloat32s(make([]float32, n), shape...)}
	}
	ids := zeros(1, 77)
	ids["input_ids"].Float32s()[3] = 1e6
	for name, c := range map[string]struct {
		o    options
		says []string
	}{
		"missing tensor": {options{Run: "unet", In: golden("a", "text_in.safetensors")},
			[]string{`no tensor "sample"`, "unet reads sample (4 dimensions), timestep"}},
		"dimensions": {options{Run: "text", In: save("flat", zeros(77))},
			[]string{"input_ids has shape (77)", "2 dimensions"}},
		"positions": {options{Run: "text", In: save("long", zeros(1, 78))}, []string{"78", "77"}},
		"ids":       {options{Run: "text", In: save("ids", ids)}, []string{"token id", "position 3", "below 640"}},
		"width":     {options{Run: "unet", In: golden("b", "unet_in.safetensors")}, []string{"text of shape", "32"}},
		"no file":   {options{Run: "text", In: filepath.Join(dir, "none")}, []string{"none", "no such file"}},
		"no format": {options{Run: "text", In: file("x", "no tensors at all")}, []string{"no safetensors file"}},
		"not produced": {options{Run: "text", In: golden("a", "text_in.safetensors"), Ref: golden("a", "cliptext_ref.safetensors")},
			[]string{"text_embeds was not produced"}},
		"other shape": {options{Run: "text", In: save("two", zeros(2, 77)), Ref: golden("b", "text_ref.safetensors")},
			[]string{"last_hidden_state has shape (2, 77, 32), want (5, 77, 40)"}},
		"unknown": {options{Run: "unets"}, []string{`"unets"`, "vae-decode"}},
		"no config": {options{Run: "anomalyany", In: golden("a", "anomalyany_in.safetensors")},
			[]string{"--config FILE.json is missing"}},
		"preset": {options{Run: "anomalyany", In: golden("a", "anomalyany_in.safetensors"), Config: file("p", `{"preset": "fast"}`)},
			[]string{`preset "fast"`, "paper"}},
		"broken config": {options{Run: "anomalyany", In: golden("a", "anomalyany_in.safetensors"), Config: file("b.json", `{"T": 1`)},
			[]string{"b.json", "unexpected end of JSON"}},
		"word": {options{Run: "anomalyany", In: golden("a", "anomalyany_in.safetensors"), Config: file("w", `{"prompt": "a nut", "word": "crack"}`)},
			[]string{`"crack"`, "a, nut"}},
		"texts":    {options{Run: "tokenize", In: file("t.json", `{}`)}, []string{"t.json", `want a list of {"text"`}},
		"no texts": {options{Run: "tokenize"}, []string{"--in FILE.json is missing"}},
		"token": {options{Run: "tokenize", In: file("i.json", `[{"text": "a nut", "ids": [1, 2]}]`)},
			[]string{`text 0, "a nut"`, "[1 2]"}},
		"prompts":    {options{Run: "prompt", In: file("q.json", `{}`)}, []string{"q.json", `want a list of {"text"`}},
		"no prompts": {options{Run: "prompt"}, []string{"--in FILE.json is missing"}},
		"syntax":     {options{Run: "prompt", In: file("s.json", `[{"text": "(a nut)", "syntax": "a1111"}]`)}, []string{"text 0", `"a1111"`, "plain"}},
		"clip skip":  {options{Run: "prompt", In: file("k.json", `[{"text": "a nut", "clip_skip": 2}]`)}, []string{"text 0", "clip_skip 2"}},
		"prompt ids": {options{Run: "prompt", In: file("r.json", `[{"text": "a nut", "ids": [[1, 2]]}]`)}, []string{`text 0, "a nut"`, "[1 2]"}},
		"word file": {options{Run: "prompt", In: file("w.json", `[]`), Embeddings: cli.Embeddings{Embedding: []cli.WordFile{{Path: golden("a", "unet_in.safetensors")}}}},
			[]string{"--embedding", "unet_in.safetensors"}},
		"word of the vocabulary": {options{Run: "prompt", In: file("v.json", `[]`), Embeddings: cli.Embeddings{Embedding: []cli.WordFile{{Path: embedding("cracked"), Word: "nut"}}}},
			[]string{`"nut"`, "vocabulary"}},
		"words of no texts": {options{Run: "text", Embeddings: cli.Embeddings{Embedding: []cli.WordFile{{Path: embedding("cracked")}}}}, []string{"--embedding", "prompt", "text"}},
		"out":               {options{Run: "rng", Out: filepath.Join(dir, "none", "out")}, []string{"none"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.o.Model = model("a")
			err := run(t.Context(), c.o)
			if err == nil {
				t.Fatal("no error")
			}
			wantParts(t, err.Error(), c.says...)
		})
	}
}
