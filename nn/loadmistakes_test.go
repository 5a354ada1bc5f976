package nn

import (
	"strings"
	"testing"

	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/tensor"
)

// hollow is a source that has nothing under the names that it lists.
type hollow struct{ tensors map[string]*gt.Dense }

func (h hollow) Names() []string                    { return source(h.tensors).Names() }
func (h hollow) Get(name string) (*gt.Dense, error) { return h.tensors[name], nil }

// TestLoadWithoutSense loads with arguments that are nil, empty, or of no use.
// The error says what is wrong, and the model stays as it was.
func TestLoadWithoutSense(t *testing.T) {
	var noModel *fakeModel
	with := func(d *gt.Dense) Source {
		s := fakeCheckpoint()
		s["conv_in"] = d
		return hollow{s}
	}
	for name, c := range map[string]struct {
		model any
		src   Source
		opts  []LoadOption
		want  string // "" for none
	}{
		"no model":       {nil, fakeCheckpoint(), nil, "want a non-nil pointer to a struct"},
		"a nil model":    {noModel, fakeCheckpoint(), nil, "want a non-nil pointer to a struct"},
		"a number":       {7, fakeCheckpoint(), nil, "model is int"},
		"no source":      {newFakeModel(), nil, nil, "there is no source to load from"},
		"empty source":   {newFakeModel(), source{}, nil, "6 missing"},
		"zero file":      {newFakeModel(), &tensor.File{}, nil, "6 missing"},
		"zero set":       {newFakeModel(), &tensor.Set{}, nil, "6 missing"},
		"no options":     {newFakeModel(), fakeCheckpoint(), []LoadOption{nil, WithRename(nil), WithNames(nil), WithIgnore(), WithPrefix("")}, ""},
		"bad pattern":    {newFakeModel(), fakeCheckpoint(), []LoadOption{WithIgnore("[")}, `pattern "["`},
		"nil tensor":     {newFakeModel(), with(nil), nil, "conv_in: the source lists it and has no tensor for it"},
		"zero tensor":    {newFakeModel(), with(&gt.Dense{}), nil, "1 of the wrong dtype"},
		"scalar":         {newFakeModel(), with(counting(gt.Float32)), nil, "conv_in: (), want (2, 3, 1, 1)"},
		"no numbers":     {newFakeModel(), with(counting(gt.Float32, 2, 0)), nil, "conv_in: (2, 0), want (2, 3, 1, 1)"},
		"another order":  {newFakeModel(), with(counting(gt.Float32, 3, 2, 1, 1)), nil, "conv_in: (3, 2, 1, 1), want (2, 3, 1, 1)"},
		"too many axes":  {newFakeModel(), with(counting(gt.Float32, 1, 2, 3, 1, 1)), nil, "conv_in: (1, 2, 3, 1, 1), want"},
		"doubles":        {newFakeModel(), with(gt.New(gt.WithShape(2, 3), gt.WithBacking(make([]float64, 6)))), nil, "conv_in: float64, want float32"},
		"negative model": {&struct{ W *Weight }{NewWeight(-1, -2)}, source{"w": counting(gt.Float32, 2)}, nil, "w: (2), want (-1, -2)"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Load(t.Context(), c.model, c.src, c.opts...)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if m, ok := c.model.(*fakeModel); ok && m != nil && m.ConvIn.Loaded() != (c.want == "") {
				t.Errorf("the model is loaded: %v", m.ConvIn.Loaded())
			}
		})
	}
}

// TestRandomizeWithoutSense does so with what draws weights, and what prepares
// them.
func TestRandomizeWithoutSense(t *testing.T) {
	for name, model := range map[string]any{"no model": nil, "text": "model", "negative": &struct{ W *Weight }{NewWeight(3, -1)}} {
		if err := Randomize(model, 0, gt.Float32); err == nil {
			t.Errorf("%s: Randomize has nothing against it", name)
		}
		if err := Prepare(model); err == nil {
			t.Errorf("%s: Prepare has nothing against it", name)
		}
	}
	empty := &struct{ W, Scalar *Weight }{NewWeight(0, 3), NewWeight()}
	if err := Randomize(empty, 0, tensor.BFloat16); err != nil || empty.W.Value().Shape().TotalSize() != 0 || !empty.Scalar.Loaded() {
		t.Errorf("a weight without numbers: %v", err)
	}
	if err := ReadConfig(tensor.Dir{}, nil); err == nil {
		t.Error("ReadConfig reads nothing into nothing")
	}
	if err := ReadConfig(tensor.OnDisk("../testdata/models/a/unet"), nil); err == nil {
		t.Error("ReadConfig reads a file into nothing")
	}
}
