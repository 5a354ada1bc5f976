package nn

import (
	"encoding/json"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/tensor"
)

type sample struct {
	Width  int      `json:"width"`
	Scale  float32  `json:"scale"`
	Name   string   `json:"name"`
	Limit  *int     `json:"limit"`
	Least  *float64 `json:"least"`
	Sizes  []int    `json:"sizes"`
	Wanted bool     `json:"wanted"`
	Inner  struct {
		Depth int `json:"depth"`
	} `json:"inner"`
	Not int `json:"-"`
}

func readSample(text string) (sample, error) {
	s := sample{Width: 3, Name: "as before"}
	return s, ReadJSON(tensor.InFS(fstest.MapFS{"it.json": {Data: []byte(text)}}), "it.json", &s)
}

func TestReadJSON(t *testing.T) {
	s := sample{Width: 3, Name: "as before"}
	dir := tensor.InFS(fstest.MapFS{"it.json": {Data: []byte(
		`{"scale": 2.5, "name": null, "limit": null, "least": -Infinity, "sizes": [1, 2], "inner": {"depth": 7, "other": {}}, "unknown": [[]], "-": 5}`)}})
	if err := ReadJSON(dir, "it.json", &s); err != nil {
		t.Fatal(err)
	}
	want := sample{Width: 3, Name: "as before", Scale: 2.5, Sizes: []int{1, 2}}
	want.Inner.Depth = 7
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
}

func TestReadJSONErrors(t *testing.T) {
	for text, says := range map[string]string{
		`{"width": 2.5}`:                       "it.json: width is 2.5, want a whole number",
		`{"width": null}`:                      "it.json: width is null, want a whole number",
		`{"sizes": [1, null, 3]}`:              "it.json: sizes[1] is null, want a whole number",
		`{"width": "3"}`:                       `it.json: width is "3", want a whole number`,
		`{"width": 1e30}`:                      "it.json: width is 1e30, want a whole number",
		`{"scale": 1e39}`:                      "it.json: scale is 1e39, want a number that a float32 holds",
		`{"name": 1, "scale": NaN, "width":1}`: `it.json: scale is "NaN", want a number`,
		"{\"scale\": -Infinity,\n\"width\":1}": `it.json: scale is "-Infinity", want a number`,
		`{"name": ["a"]}`:                      `it.json: name is ["a"], want a text`,
		`{"wanted": 1}`:                        "it.json: wanted is 1, want true or false",
		`{"sizes": 5}`:                         "it.json: sizes is 5, want a list, each of it a whole number",
		`{"sizes": [0.5]}`:                     "it.json: sizes is [0.5], want a list",
		`{"limit": "x"}`:                       `it.json: limit is "x", want a whole number, or null`,
		`{"inner": {"depth": []}}`:             "it.json: inner.depth is [], want a whole number",
		`{"inner": 5}`:                         "it.json: inner is 5, want an object",
		`{"least": Infinity}`:                  `it.json: least is "Infinity", want a number`,
		`[]`:                                   "it.json: json: cannot unmarshal array",
		`null`:                                 "it.json: null, want a JSON object",
		``:                                     "it.json: the file is empty",
		`{"sizes": "` + strings.Repeat("ä", 500) + `"}`:   "ä…, want a list",
		`{"x": ` + strings.Repeat("[", 100_000) + `}`:     "it.json: ",
		`{"x": "` + strings.Repeat("x", maxConfig) + `"}`: "want at most 1048576",
	} {
		if _, err := readSample(text); err == nil || !strings.Contains(err.Error(), says) || len(err.Error()) > 400 {
			t.Errorf("%s: error %v, want one that says %s", short(text), err, says)
		}
	}
	if err := ReadJSON(tensor.OnDisk(t.TempDir()), "it.json", &sample{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestUnmarshalJSON wants the right values, and short errors about long ones.
func TestUnmarshalJSON(t *testing.T) {
	var v struct{ Step int }
	if err := UnmarshalJSON([]byte(`{"step": 7}`), &v); err != nil || v.Step != 7 {
		t.Errorf("%d, %v", v.Step, err)
	}
	err := UnmarshalJSON([]byte(`{"step": `+strings.Repeat("7", 100_000)+`}`), &v)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); !ok || wrong.Field != "Step" || len(err.Error()) > 200 || !strings.Contains(err.Error(), "7777…") {
		t.Errorf("error %v", err)
	}
}
