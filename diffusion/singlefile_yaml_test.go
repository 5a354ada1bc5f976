package diffusion

import (
	"os"
	"strings"
	"testing"

	gt "gorgonia.org/tensor"
)

func TestPredictionBesideFile(t *testing.T) {
	dir := openModel(t, modelA)
	path := saved(t, originalA.tensors(t))
	beside := strings.TrimSuffix(path, ".safetensors") + ".yaml"
	open := func(yaml string, opts ...OpenOption) (*Pipeline, error) {
		if err := os.WriteFile(beside, []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		parts := WithFileConfig(func(c *FileConfig) {
			said := c.Scheduler.PredictionType
			asIn := openOptions{}
			like(dir)(&asIn)
			asIn.fileConfig(c)
			c.Scheduler.PredictionType = said
		})
		return Open(t.Context(), path, append([]OpenOption{parts, WithTokenizerDir(modelA + "/tokenizer")}, opts...)...)
	}
	for _, c := range []struct{ name, yaml, want string }{
		{"as published", "model:\n  base_learning_rate: 1.0e-4\n  params:\n    parameterization: \"v\"\n    linear_start: 0.00085\n", "v_prediction"},
		{"of noise", "model:\n  params:\n    parameterization: eps\r\n", "epsilon"},
		{"says nothing", "model:\n  target: ldm.models.diffusion.ddpm.LatentDiffusion\n", "epsilon"},
		{"comments", "# parameterization: \"v\"\nmodel: # {parameterization: v}\n  parameterization: 'v' # not eps\n", "v_prediction"},
		{"only a comment", "  # parameterization: \"v\"\n", "epsilon"},
		{"in one line", `model: {params: {linear_end: 0.012, "parameterization": "v"}}`, "v_prediction"},
		{"another field", "x_parameterization: v\nparameterizations: v\n", "epsilon"},
		{"no YAML", "\x00\xff{{{{[[[[\nparameterization : v", "v_prediction"},
		{"UTF-16", "\xff\xfep\x00a\x00r\x00a\x00m\x00e\x00t\x00e\x00r\x00i\x00z\x00a\x00t\x00i\x00o\x00n\x00:\x00v\x00\n", "v_prediction"},
		{"UTF-16, big-endian", "\xfe\xff\x00p\x00a\x00r\x00a\x00m\x00e\x00t\x00e\x00r\x00i\x00z\x00a\x00t\x00i\x00o\x00n\x00:\x00v", "v_prediction"},
		{"a byte order mark alone", "\xff\xfe", "epsilon"},
		{"empty", "", "epsilon"},
	} {
		p, err := open(c.yaml)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := p.Scheduler.PredictionType; got != c.want {
			t.Errorf("%s: predicts %s, want %s", c.name, got, c.want)
		}
		p.Close()
	}
	for yaml, says := range map[string]string{
		"parameterization: x0\n":                       `model.yaml: parameterization is "x0", want eps or v`,
		"parameterization: v\nparameterization: eps\n": "model.yaml: parameterization is both eps and v",
		strings.Repeat("#", maxYAML+1):                 "model.yaml: the file has more bytes than it may, want at most 1048576",
	} {
		if _, err := open(yaml); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: error %v, want one that says %s", yaml, err, says)
		}
		p, err := open(yaml, WithPredictionType("v_prediction"))
		if err != nil {
			t.Errorf("%.40q: with an option in its place: %v", yaml, err)
			continue
		}
		p.Close()
	}
}

// What says more of what the UNet predicts wins: the option, then WithFileConfig, then the file beside it.
func TestPredictionTypeOrder(t *testing.T) {
	dir := openModel(t, modelA)
	path := saved(t, originalA.tensors(t))
	if err := os.WriteFile(strings.TrimSuffix(path, ".safetensors")+".yaml", []byte("parameterization: v"), 0o600); err != nil {
		t.Fatal(err)
	}
	tokenizer := WithTokenizerDir(modelA + "/tokenizer")
	if p := openModel(t, path, like(dir), tokenizer); p.Scheduler.PredictionType != "epsilon" {
		t.Errorf("WithFileConfig: %s", p.Scheduler.PredictionType)
	}
	if p := openModel(t, path, like(dir), tokenizer, WithPredictionType("v_prediction")); p.Scheduler.PredictionType != "v_prediction" {
		t.Errorf("WithPredictionType: %s", p.Scheduler.PredictionType)
	}
	if p := openModel(t, modelA, WithPredictionType("v_prediction")); p.Scheduler.PredictionType != "v_prediction" {
		t.Errorf("a directory, WithPredictionType: %s", p.Scheduler.PredictionType)
	}
	if p := openModel(t, modelA, WithPredictionType("")); p.Scheduler.PredictionType != "epsilon" {
		t.Errorf("a directory: %s", p.Scheduler.PredictionType)
	}
	unknown := spoiled{t, copyModel(t)}
	unknown.set(schedulerConfig, map[string]any{"prediction_type": "sample"})
	if p := openModel(t, unknown.dir, WithPredictionType("epsilon")); p.Scheduler.PredictionType != "epsilon" {
		t.Errorf("a directory whose file says what there is not, WithPredictionType: %s", p.Scheduler.PredictionType)
	}
	if _, err := Open(t.Context(), modelA, WithPredictionType("v")); err == nil || !strings.Contains(err.Error(), `"v", want one of epsilon, v_prediction`) {
		t.Errorf("a prediction type that there is not: %v", err)
	}
}

// A directory's parts may hold more, too, where that is allowed.
func TestAllowUnusedInDirectory(t *testing.T) {
	s := spoiled{t, copyModel(t)}
	for _, file := range []string{unetWeights, vaeWeights, textWeights, "clip/model.safetensors"} {
		s.weights(file, func(all map[string]*gt.Dense) { all["extra.weight"] = zeros(1) })
	}
	if _, err := Open(t.Context(), s.dir); err == nil || strings.Count(err.Error(), "1 not used by the model (WithUnused lets them be):\n  extra.weight") != 4 {
		t.Errorf("error %v, want one that lists extra.weight of all parts", err)
	}
	openModel(t, s.dir, WithUnused())
}
