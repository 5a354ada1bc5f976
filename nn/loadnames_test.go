package nn

import (
	"strings"
	"testing"

	gt "gorgonia.org/tensor"
)

// numbered turns "blocks.1.bias" into "layers/2/bias", and other names into
// upper case.
func numbered(name string) string {
	rest, ok := strings.CutPrefix(name, "blocks.")
	if !ok {
		return strings.ToUpper(name)
	}
	index, leaf, _ := strings.Cut(rest, ".")
	return "layers/" + string(index[0]+1) + "/" + leaf
}

func TestLoadWithNames(t *testing.T) {
	src := renamed(fakeCheckpoint(), numbered)
	src["steps"] = counting(gt.Float32, 1)
	m := newFakeModel()
	// A name that WithNames knows is not for the other options to change.
	never := func(name string) string { return strings.ReplaceAll(name, "layers", "levels") }
	if err := Load(t.Context(), m, src, WithNames(numbered), WithRename(never), WithIgnore("steps")); err != nil {
		t.Fatal(err)
	}
	wantLoaded(t, m)
}

// TestLoadErrorsHaveTheSourcesNames compares the whole error.
func TestLoadErrorsHaveTheSourcesNames(t *testing.T) {
	src := renamed(fakeCheckpoint(), numbered)
	delete(src, "SCALE")
	delete(src, "layers/2/weight")
	src["layers/1/bias"] = counting(gt.Float32, 3)
	src["layers/3/bias"] = counting(gt.Float32, 3)
	err := Load(t.Context(), newFakeModel(), src, WithNames(numbered))
	want := `weights do not fit the model:
2 missing, with the shape the model needs:
  SCALE ()
  layers/2/weight (2, 2)
1 not used by the model (WithUnused lets them be):
  layers/3/bias
1 of the wrong shape:
  layers/1/bias: (3), want (2)`
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}
