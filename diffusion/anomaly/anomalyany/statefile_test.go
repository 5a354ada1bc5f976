package anomalyany

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// someState has numbers that are only themselves if every bit of them is kept.
func someState() StateFile {
	loss := 1.0 / 3
	return StateFile{
		State: &State{
			Step: 1, Noise: []float32{1, -2.5e-30, 3}, Latent: []float32{0.1, 0.2, 0.3}, Embedding: []float32{4, 5},
			Soft: []float64{0.1, 1.0 / 7, 1e-300, 2}, SoftSteps: 1,
			Trace: []StepTrace{{I: 0, T: 501, Attention: 0.3, Cells: Cells{3}, Alpha: &loss, Image: &loss, Gradient: 1e-17}},
		},
		Seed: math.MaxUint64, Identity: map[string]string{"--steps": "8", "picture": "the file 12"},
	}
}

func writeState(t testing.TB, f StateFile) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "run.state")
	if err := WriteState(path, f); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestStateFile writes a state and reads it back to the last bit.
func TestStateFile(t *testing.T) {
	for name, f := range map[string]StateFile{"whole": someState(), "no identity": {State: someState().State}} {
		got, err := ReadState(writeState(t, f))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(f, got); diff != "" {
			t.Errorf("%s: the state written -, read +:\n%s", name, diff)
		}
	}
}

// TestResumeFromFile goes on in another Generator, by a file.
func TestResumeFromFile(t *testing.T) {
	p := openModel(t, modelA)
	g, other := newGenerator(t, p, short()), newGenerator(t, p, short())
	path := filepath.Join(t.TempDir(), "run.state")
	want, err := g.Run(t.Context(), g.in, 5, func(s Step) error {
		if s.I != 1 {
			return nil
		}
		state, err := s.State()
		if err != nil {
			return err
		}
		return WriteState(path, StateFile{State: state, Seed: 5})
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := ReadState(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := other.Resume(t.Context(), other.in, f.State, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(want.numbers(), got.numbers()) || !cmp.Equal(want.Trace, got.Trace) {
		t.Error("the interrupted run ends elsewhere")
	}
}

// TestStateFileIsBounded refuses what is far larger than any state before it is
// read: a file of holes takes no room on a disk.
func TestStateFileIsBounded(t *testing.T) {
	path := writeState(t, someState())
	if err := os.Truncate(path, maxState+1); err != nil {
		t.Fatal(err)
	}
	_, err := ReadState(path)
	if err == nil || strings.Count(err.Error(), path) != 1 || !strings.Contains(err.Error(), "want at most 67108864") {
		t.Errorf("got %v", err)
	}
}

// TestStateFileOfOthers is refused by name.
func TestStateFileOfOthers(t *testing.T) {
	rest := func(change func(r *restOfState)) string {
		r := restOfState{Seed: 3, Step: 1, Soft: []float64{1}, SoftSteps: 1, Trace: someState().State.Trace}
		change(&r)
		data, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	good := rest(func(*restOfState) {})
	half := tensor.FromFloat32sAs(tensor.Float16, []float32{1}, 1)
	for name, c := range map[string]struct {
		meta    map[string]string
		tensors map[string]*gt.Dense
		says    string
	}{
		"nothing":   {nil, nil, `its format is "", want "anomalyany state 1"`},
		"rest":      {map[string]string{"rest": "["}, nil, "its rest: "},
		"depth":     {map[string]string{"rest": strings.Repeat("[", 50_000)}, nil, "its rest: "},
		"size":      {map[string]string{"rest": strings.Repeat(" ", maxRest+1)}, nil, fmt.Sprintf("its rest has %d bytes, want at most %d", maxRest+1, maxRest)},
		"number":    {map[string]string{"rest": `{"soft_map_sum": [1e999]}`}, nil, "1e999"},
		"step":      {map[string]string{"rest": rest(func(r *restOfState) { r.Step = 1 << 40 }), "identity": "{}"}, nil, "step is 1099511627776, and the trace has 1"},
		"identity":  {map[string]string{"rest": good, "identity": "3"}, nil, "its identity: "},
		"no latent": {map[string]string{"rest": good, "identity": "{}"}, map[string]*gt.Dense{"latent": nil}, `no tensor "latent"`},
		"half":      {map[string]string{"rest": good, "identity": "{}"}, map[string]*gt.Dense{"embedding": half}, `tensor "embedding" is of`},
	} {
		one := tensor.FromFloat32s([]float32{1}, 1)
		tensors := map[string]*gt.Dense{"noise": one, "latent": one, "embedding": one}
		maps.Copy(tensors, c.tensors)
		maps.DeleteFunc(tensors, func(_ string, d *gt.Dense) bool { return d == nil })
		if c.meta != nil {
			c.meta["format"] = stateFormat
		}
		path := filepath.Join(t.TempDir(), "run.state")
		if err := tensor.Save(path, tensors, c.meta); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadState(path); err == nil || strings.Count(err.Error(), path) != 1 || !strings.HasPrefix(err.Error(), path) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %.300v, want %q", name, err, c.says)
		}
	}
}

// FuzzState: any bytes in the place of a state are a state or an error that
// names the file.
func FuzzState(f *testing.F) {
	path := writeState(f, someState())
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := ReadState(path)
		if (s.State == nil) == (err == nil) || err != nil && (!strings.HasPrefix(err.Error(), path) || len(err.Error()) > 4000) {
			t.Fatalf("state %v, error %v", s.State, err)
		}
	})
}
