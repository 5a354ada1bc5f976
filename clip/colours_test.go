package clip

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/tensor"
)

// TestColours reads a CLIP directory's colours from the files that transformers 4 and 5 write.
func TestColours(t *testing.T) {
	usual := DefaultColours()
	mean, std := []float32{0.1, 0.2, 0.3}, []float32{0.5, 0.6, 0.7}
	for name, c := range map[string]struct {
		files map[string]string
		want  Colours
		says  string
	}{
		"nothing":               {nil, usual, ""},
		"transformers 4":        {map[string]string{"preprocessor_config.json": `{"image_mean": [0.1, 0.2, 0.3], "image_std": [0.5, 0.6, 0.7]}`}, Colours{mean, std}, ""},
		"transformers 5":        {map[string]string{"processor_config.json": `{"image_processor": {"image_mean": [0.1, 0.2, 0.3], "image_std": [0.5, 0.6, 0.7]}}`}, Colours{mean, std}, ""},
		"transformers 5, mean":  {map[string]string{"processor_config.json": `{"image_processor": {"image_mean": [0.1, 0.2, 0.3]}}`}, Colours{mean, usual.Std}, ""},
		"both, 5 wins":          {map[string]string{"processor_config.json": `{"image_processor": {"image_mean": [0.1, 0.2, 0.3]}}`, "preprocessor_config.json": `{"image_std": [0.5, 0.6, 0.7]}`}, Colours{mean, usual.Std}, ""},
		"both, 5 says nothing":  {map[string]string{"processor_config.json": `{"processor_class": "CLIPProcessor"}`, "preprocessor_config.json": `{"image_std": [0.5, 0.6, 0.7]}`}, Colours{usual.Mean, std}, ""},
		"two numbers":           {map[string]string{"processor_config.json": `{"image_processor": {"image_mean": [0.1, 0.2]}}`}, usual, "processor_config.json: image_mean [0.1 0.2]"},
		"no object":             {map[string]string{"processor_config.json": `[]`}, usual, "processor_config.json"},
		"a list in place of it": {map[string]string{"processor_config.json": `{"image_processor": [1]}`}, usual, "image_processor"},
	} {
		dir := fstest.MapFS{}
		for file, text := range c.files {
			dir[file] = &fstest.MapFile{Data: []byte(text)}
		}
		got, err := ReadColours(tensor.InFS(dir))
		switch {
		case c.says != "":
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: error %v, want one that says %q", name, err, c.says)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		default:
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s: want (-), got (+):\n%s", name, diff)
			}
		}
	}
}
