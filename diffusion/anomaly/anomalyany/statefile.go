package anomalyany

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// StateFile is what the file of an interrupted run holds.
type StateFile struct {
	State *State
	Seed  uint64 // of the run's noise

	// Identity is everything else that the picture depends on, for who goes on with
	// the run to compare: options and hashes of files, by name.
	Identity map[string]string
}

// It is a safetensors file: noise, latent and embedding, and in its metadata the
// format, the rest of the state with the seed, and the identity.
const stateFormat = "anomalyany state 1"

const (
	// maxState is how many bytes a state file may have. That of a picture of
	// 4096×4096 pixels has 9 MB, and a trace.
	maxState = 64 << 20
	// maxRest is how many bytes the rest and the identity may have; others may have
	// written the file.
	maxRest = 2 << 20
)

// restOfState is what is not a tensor, nor in float32.
type restOfState struct {
	Seed      uint64      `json:"seed"`
	Step      int         `json:"step"`
	Soft      []float64   `json:"soft_map_sum"`
	SoftSteps int         `json:"soft_map_steps"`
	Trace     []StepTrace `json:"trace"`
}

// WriteState writes a file that ReadState reads, beside its place, and renames it.
func WriteState(path string, f StateFile) error {
	s := f.State
	if s == nil {
		return fmt.Errorf("%s: there is no state to be written", path)
	}
	rest, err1 := json.Marshal(restOfState{f.Seed, s.Step, s.Soft, s.SoftSteps, s.Trace})
	identity, err2 := json.Marshal(f.Identity)
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("%s: the state cannot be written: %w", path, err)
	}
	vector := func(v []float32) *gt.Dense { return tensor.FromFloat32s(v, len(v)) }
	return tensor.Save(path,
		map[string]*gt.Dense{"noise": vector(s.Noise), "latent": vector(s.Latent), "embedding": vector(s.Embedding)},
		map[string]string{"format": stateFormat, "rest": string(rest), "identity": string(identity)})
}

// ReadState reads a file that WriteState has written, of at most 64 MiB. Whether
// the state is of the run that is to go on, its Identity tells, and Resume checks
// its sizes. Errors begin with the path.
func ReadState(path string) (StateFile, error) {
	f, err := tensor.Read(path, maxState) // others may cut the file short
	if err != nil {
		return StateFile{}, err
	}
	defer f.Close()
	rest, identity, err := readRest(f.Metadata())
	if err != nil {
		return StateFile{}, fmt.Errorf("%s: %w", path, err)
	}
	s := &State{Step: rest.Step, Soft: rest.Soft, SoftSteps: rest.SoftSteps, Trace: rest.Trace}
	for _, part := range []struct {
		name string
		to   *[]float32
	}{{"noise", &s.Noise}, {"latent", &s.Latent}, {"embedding", &s.Embedding}} {
		d, err := f.Get(part.name)
		if err != nil {
			return StateFile{}, err
		}
		if d.Dtype() != gt.Float32 {
			return StateFile{}, fmt.Errorf("%s: tensor %q is of %v, want float32", path, part.name, d.Dtype())
		}
		*part.to = slices.Clone(tensor.Float32s(d)) // the file will be closed
	}
	return StateFile{State: s, Seed: rest.Seed, Identity: identity}, nil
}

// readRest reads what a state file's metadata says.
func readRest(meta map[string]string) (rest restOfState, identity map[string]string, err error) {
	if got := meta["format"]; got != stateFormat {
		return rest, nil, fmt.Errorf("its format is %.100q, want %q", got, stateFormat)
	}
	for _, part := range []struct {
		name string
		to   any
	}{{"rest", &rest}, {"identity", &identity}} {
		text := meta[part.name]
		if len(text) > maxRest {
			return rest, nil, fmt.Errorf("its %s has %d bytes, want at most %d", part.name, len(text), maxRest)
		}
		if err := nn.UnmarshalJSON([]byte(text), part.to); err != nil {
			return rest, nil, fmt.Errorf("its %s: %w", part.name, err)
		}
	}
	if rest.Step < 0 || rest.Step != len(rest.Trace) {
		return rest, nil, fmt.Errorf("its rest: step is %d, and the trace has %d", rest.Step, len(rest.Trace))
	}
	return rest, identity, nil
}
