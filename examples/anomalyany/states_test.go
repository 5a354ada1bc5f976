package main

import (
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
)

// stateJob is a job that can keep states and nothing else.
func stateJob(dir string) *job {
	return &job{
		spec:  Spec{Out: dir, Object: "nut", Anomaly: []string{"crack"}, Steps: 8},
		model: &model{Pipeline: new(diffusion.Pipeline), hashes: func() (map[string]string, error) { return map[string]string{"unet": "1234"}, nil }},
	}
}

func someState() *anomalyany.State {
	loss := 1.0 / 3
	return &anomalyany.State{
		Step: 1, Noise: []float32{1, -2.5e-30, 3}, Latent: []float32{0.1, 0.2, 0.3}, Embedding: []float32{4, 5},
		Soft: []float64{0.1, 1.0 / 7, 1e-300, 2}, SoftSteps: 1,
		Trace: []anomalyany.StepTrace{{I: 0, T: 501, Attention: 0.3, Cells: anomalyany.Cells{3}, Alpha: &loss, Image: &loss, Gradient: 1e-17}},
	}
}

// TestKeptState is read back by who has kept it, as it was.
func TestKeptState(t *testing.T) {
	j := stateJob(t.TempDir())
	if s, err := j.readState(3); s != nil || err != nil {
		t.Errorf("without a file: %v, %v", s, err)
	}
	if err := j.writeState(3, someState()); err != nil {
		t.Fatal(err)
	}
	got, err := j.readState(3)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(someState(), got); diff != "" {
		t.Errorf("the state written -, read +:\n%s", diff)
	}
	for range 2 {
		if err := j.removeState(3); err != nil {
			t.Error(err)
		}
	}
	if names := clitest.Written(t, j.spec.Out); len(names) > 0 {
		t.Errorf("left %v", names)
	}
}

// TestStateRefused names the file once and says what to do, unless the file is not what is wrong.
func TestStateRefused(t *testing.T) {
	j := stateJob(t.TempDir())
	if err := j.writeState(3, someState()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(j.statePath(3), j.statePath(4)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(j.statePath(5), 0o700); err != nil {
		t.Fatal(err)
	}
	other := *j
	other.spec.Steps = 9
	gone := *j
	gone.model = &model{Pipeline: new(diffusion.Pipeline), hashes: func() (map[string]string, error) { return nil, errors.New("weights are gone") }}
	const advice = "; delete the file, to begin this picture again, or give another --out"
	for _, c := range []struct {
		job  *job
		seed uint64
		want string
	}{
		{j, 4, j.statePath(4) + ": it is the state of seed 3" + advice},
		{j, 5, j.statePath(5) + " is a directory, want a regular file" + advice},
		{&other, 4, j.statePath(4) + ": it is the state of a run with other options: --steps was 8 and is 9; give another --out, --overwrite or delete the file, to begin this picture again"},
		{&gone, 4, "weights are gone"},
	} {
		if _, err := c.job.readState(c.seed); err == nil || err.Error() != c.want {
			t.Errorf("seed %d: %v, want %s", c.seed, err, c.want)
		}
	}
}
