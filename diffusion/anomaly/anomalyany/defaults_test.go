package anomalyany

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
)

// directory is a model directory with a DefaultsFile of this text.
func directory(text string) tensor.Dir {
	return tensor.InFS(fstest.MapFS{"model/" + DefaultsFile: {Data: []byte(text)}}).Sub("model")
}

func TestReadDefaults(t *testing.T) {
	small := Paper()
	small.Steps, small.Guidance, small.Gamma, small.Lambda, small.Mu, small.EtaE, small.Refine, small.MapFactor = 50, 3, 0.4, 2, 0.5, 0.01, 8, 1
	filled := small
	filled.Fill, filled.Gamma = 3, 0
	released := Released()
	released.Steps, released.MapFactor = 100, 2
	limits := DefaultLimits()
	limits.MinGain, limits.MaxOutside = 0.3, 0.1
	for name, c := range map[string]struct {
		dir  tensor.Dir
		want Defaults
	}{
		"no file": {tensor.OnDisk(t.TempDir()), Defaults{Options: Paper(), Shapes: Paper(), Limits: DefaultLimits()}},
		"nothing": {directory("{}"), Defaults{Options: Paper(), Shapes: Paper(), Limits: DefaultLimits()}},
		"all": {directory(`{"preset": "paper", "size": 128, "map_factor": 1, "steps": 50, "guidance": 3, "gamma": 0.4, "lambda": 2,
			"mu": 0.5, "eta_e": 0.01, "refine": 8, "shapes": {"fill": 3, "gamma": 0}, "precision": "bf16", "articles": "always", "limits": {"min_gain": 0.3, "max_outside": 0.1}, "vocabulary": {"objects": ["hazelnut"], "anomalies": ["crack"], "unseen": {"hazelnut": ["crack"]}}}`),
			Defaults{small, filled, 128, "bf16", "always", limits, Vocabulary{[]string{"hazelnut"}, []string{"crack"}, map[string][]string{"hazelnut": {"crack"}}}}},
		"released": {directory(`{"preset": "released", "steps": 100, "map_factor": 2}`), Defaults{Options: released, Shapes: released, Limits: DefaultLimits()}},
	} {
		got, err := ReadDefaults(c.dir)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", name, diff)
		}
	}
}

func TestReadDefaultsRefuses(t *testing.T) {
	for text, says := range map[string]string{
		`{"steps": 50`:                   "unexpected end of JSON input",
		`[50]`:                           "want a JSON object",
		`{"step": 50}`:                   `the field "step" is not known; there are: articles, eta_e, gamma, guidance`,
		`{"Steps": 50}`:                  `"Steps" is not known`,
		`{"steps": "50"}`:                "steps: a JSON string, want a whole number",
		`{"steps": 2.5}`:                 "steps: a JSON number 2.5, want a whole number",
		`{"steps": null}`:                "steps is null",
		`{"steps": 0}`:                   "steps T is 0, want 1 to 1000",
		`{"gamma": 1}`:                   "gamma γ is 1",
		`{"gamma": []}`:                  "gamma: a JSON array, want a number",
		`{"guidance": -1}`:               "guidance w is -1",
		`{"guidance": 1e60}`:             "guidance: a JSON number 1e60",
		`{"lambda": -2}`:                 "lambda λ is -2",
		`{"mu": -0.5}`:                   "mu μ is -0.5",
		`{"eta_e": -1}`:                  "eta_e η_e is -1",
		`{"refine": -2}`:                 "refine R is -2",
		`{"fill": 1}`:                    `the field "fill" is not known`,
		`{"shapes": 1}`:                  "shapes: a JSON number, want an object",
		`{"shapes": {"lambda": 1}}`:      `shapes: json: unknown field "lambda"`,
		`{"shapes": {"fill": -1}}`:       "shapes: fill is -1, want a number from 0 on",
		`{"shapes": {"fill": "1"}}`:      "shapes.fill: a JSON string, want a number",
		`{"shapes": {"gamma": 1}}`:       "shapes: gamma γ is 1",
		`{"size": 0}`:                    "size is 0, want a whole number from 1 on",
		`{"map_factor": 0}`:              "map_factor is 0, want a whole number from 1 on",
		`{"size": 2000000000}`:           "size is 2000000000, want at most 16384",
		`{"map_factor": 2000000000}`:     "map_factor is 2000000000, want at most 1024",
		`{"lambda": 1e300}`:              "lambda λ is 1e+300, want at most 1e+06",
		`{"limits": {"max_outside": 5}}`: "limits: max_outside is 5, want 0 to 1",
		`{"limits": {"min_sees": -3}}`:   "limits: min_sees is -3, want -2 to 2",
		`{"limits": {"least": 1}}`:       `limits: json: unknown field "least"`,
		`{"limits": [1]}`:                "limits: a JSON array, want an object",
		`{"mu": NaN}`:                    "invalid character 'N'",
		`{"precision": "` + strings.Repeat("x", 2<<20) + `"}`:                       "want at most 1048576",
		`{"vocabulary": {"objects": ["` + strings.Repeat("x", 201) + `"]}}`:         "vocabulary.objects: word 1 has 201 bytes, want at most 200",
		`{"vocabulary": {"anomalies": ["a"` + strings.Repeat(`, "a"`, 1000) + `]}}`: "vocabulary.anomalies has 1001 words, want at most 1000",
		`{"vocabulary": ` + strings.Repeat("[", 100000) + `}`:                       "exceeded max depth",
		`{"precision": "f16"}`:                                                   `precision is "f16", want f32 or bf16`,
		`{"articles": "plain"}`:                                                  `articles is "plain", want fitting or always`,
		`{"preset": "other"}`:                                                    `preset "other", want paper, fast or released`,
		`{"preset": 1}`:                                                          "preset: a JSON number, want a text",
		`{"preset": "released", "shapes": {}}`:                                   "shapes is a number of preset paper, and the preset is released",
		`{"preset": "released", "lambda": 2}`:                                    "lambda is a number of preset paper, and the preset is released",
		`{"vocabulary": {"words": []}}`:                                          `vocabulary: json: unknown field "words"`,
		`{"vocabulary": {"` + strings.Repeat("w", 4000) + `": []}}`:              `vocabulary: json: unknown field "wwww`,
		`{"vocabulary": {"objects": "hazelnut"}}`:                                "vocabulary.objects: a JSON string, want a list of texts",
		`{"vocabulary": {"objects": ["nut", ""]}}`:                               "vocabulary.objects: word 2 is empty",
		`{"vocabulary": {"anomalies": ["crack"], "unseen": {"nut": ["crack"]}}}`: `vocabulary.unseen: "nut" is not among the objects`,
		`{"vocabulary": {"objects": ["nut"], "anomalies": ["crack"], "unseen": {"nut": ["x"]}}}`: `vocabulary.unseen: nut's "x" is not among the anomalies`,
	} {
		_, err := ReadDefaults(directory(text))
		if !errors.Is(err, diffusion.ErrDamaged) || len(err.Error()) > 1000 || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "model/anomalyany.json: ") {
			t.Errorf("%.200s: %v, want that model/anomalyany.json: %s", text, err, says)
		}
	}
}

// FuzzDefaults reads a model's numbers and words: what is not refused can be used.
func FuzzDefaults(f *testing.F) {
	f.Add([]byte(`{"preset":"paper","size":128,"map_factor":1,"precision":"f32","steps":50,"guidance":3,"gamma":0.4,"lambda":2,"mu":1,"eta_e":0.02,"refine":8,"shapes":{"fill":1,"gamma":0},"vocabulary":{"objects":["hazelnut"],"anomalies":["crack"],"unseen":{"hazelnut":["crack"]}}}`))
	f.Add([]byte(`{"preset":"released","steps":200}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := parseDefaults(data)
		if err != nil {
			if len(err.Error()) > 2000 {
				t.Fatalf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		o := d.Options
		c := algorithms[o.Preset].course(o)
		if c.steps < 1 || c.steps > o.Steps {
			t.Fatalf("%d of %d steps run", c.steps, o.Steps)
		}
		if c.refined < 0 || c.refined > c.steps || c.annotated < 1 || c.annotated > c.steps {
			t.Fatalf("%d of %d steps refine, the mask is read from %d", c.refined, c.steps, c.annotated)
		}
		for _, object := range d.Vocabulary.Objects {
			if !d.Vocabulary.KnowsObject(object) {
				t.Fatalf("%q is not known, though it is among the objects", object)
			}
		}
	})
}

func TestVocabulary(t *testing.T) {
	v := Vocabulary{
		Objects: []string{"bottle cap", "hazelnut"}, Anomalies: []string{"crack", "missing chunk"},
		Unseen: map[string][]string{"hazelnut": {"crack"}},
	}
	for phrase, want := range map[string]bool{"hazelnut": true, "Red  Bottle cap": true, "cap": false, "hazelnuts": false, "bottle": false, "": false} {
		if got := v.KnowsObject(phrase); got != want {
			t.Errorf("object %q: %v, want %v", phrase, got, want)
		}
	}
	if !v.KnowsAnomaly("deep crack") || !v.KnowsAnomaly("missing chunk") || v.KnowsAnomaly("hole") {
		t.Error("an anomaly is known that is not, or not known that is")
	}
	if !v.IsUnseen("brown hazelnut", "crack") || v.IsUnseen("hazelnut", "missing chunk") || v.IsUnseen("bottle cap", "crack") {
		t.Error("a pair is unseen that is not, or seen that is not")
	}
	if none := (Vocabulary{}); !none.KnowsObject("gasket") || !none.KnowsAnomaly("tear") || none.IsUnseen("gasket", "tear") {
		t.Error("without a vocabulary something is unknown")
	}
}

// TestMapFactor takes maps of the latent's size, and for another picture in
// proportion.
func TestMapFactor(t *testing.T) {
	p := openModel(t, modelA)
	for factor, want := range map[int]int{0: 4, 1: 16, 2: 8} {
		o := short()
		o.MapFactor, o.Refine = factor, 0
		if got := newGenerator(t, p, o).Options(); got.MapHeight != want || got.MapWidth != want {
			t.Errorf("factor %d: maps of %d×%d, want %d×%d", factor, got.MapHeight, got.MapWidth, want, want)
		}
	}
}
