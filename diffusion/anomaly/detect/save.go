package detect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// A fitted detector's file is a safetensors file: what was learned as tensors of float32, and in its metadata the format
// and, as JSON, a Description.
const savedFormat = "sdgraph detector 1"

// maxDescription is how many bytes a Description may have: files come from others.
const maxDescription = 1 << 20

// Description is what a file says of the detector that it holds.
type Description struct {
	Kind    string          // "patchcore", "padim", "probe", "weighted" or "anomalydino"
	Options json.RawMessage // PatchCoreOptions and so on, with the defaults filled in; of "weighted" two Descriptions

	Network    string   // whose features the detector reads
	SHA256     string   // of the network's weights
	References []string // names of the normal pictures that it has learned from, without folders
	Defective  []string `json:",omitempty"` // and of the defective ones, where it learns from them
}

// learned are the tensors of a detector, by name.
type learned map[string]*gt.Dense

// Save writes a fitted detector of this package to a file that Load reads: whole or not at all. It is ErrNotFitted for one
// that has not learned anything, and ErrArgument where its Network has no SHA256, without which nobody could tell whether
// it is used with another.
func Save(path string, d anomaly.Detector) error {
	s, ok := d.(interface {
		save() (Description, learned, error)
	})
	if !ok {
		return wrong("%s: a detector of type %T is not saved by this package", path, d)
	}
	description, tensors, err := s.save()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if description.SHA256 == "" {
		return wrong("%s: the network %q has no SHA-256 of its weights, by which it is known again", path, description.Network)
	}
	text, err := json.Marshal(description)
	if err == nil && len(text) > maxDescription {
		err = wrong("its description has %d bytes, want at most %d", len(text), maxDescription)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return tensor.Save(path, tensors, map[string]string{"format": savedFormat, "detector": string(text)})
}

// Describe returns what a file that Save has written says, without the network.
func Describe(path string) (Description, error) {
	f, err := tensor.Open(path)
	if err != nil {
		return Description{}, err
	}
	defer f.Close()
	return describe(f)
}

func describe(f *tensor.File) (d Description, err error) {
	meta := f.Metadata()
	if got := meta["format"]; got != savedFormat {
		return d, damaged("%s: its format is %.60q, want %q: it holds no detector, or one of another version", f.Paths()[0], got, savedFormat)
	}
	text := meta["detector"]
	if len(text) > maxDescription {
		return d, damaged("%s: its description has %d bytes, want at most %d", f.Paths()[0], len(text), maxDescription)
	}
	if err := nn.UnmarshalJSON([]byte(text), &d); err != nil {
		return d, damaged("%s: its description: %w", f.Paths()[0], err)
	}
	if d.SHA256 == "" {
		return d, damaged("%s: its description names no SHA-256 of the network %.60q", f.Paths()[0], d.Network)
	}
	return d, nil
}

// kinds load a detector of what a file says and holds.
var kinds = map[string]func(ctx context.Context, n Network, d Description, r reader) (anomaly.Detector, error){
	"patchcore": loadPatchCore, "padim": loadPaDiM, "probe": loadProbe, "weighted": loadWeighted,
	"anomalydino": loadAnomalyDINO,
}

// parts are the Options of a Weighted.
type parts struct{ Normal, Probe Description }

// Load reads a detector that Save has written. It scores as the one that was saved, to the bit. open returns the network of
// a name, whose weights have the SHA-256 that is wanted; if it returns another one, the error is ErrOtherNetwork. What is no
// such file, is of another version, or contradicts itself or the network, is tensor.ErrDamaged.
func Load(ctx context.Context, path string, open func(name, sha256 string) (Network, error)) (anomaly.Detector, error) {
	if ctx == nil || open == nil {
		return nil, wrong("Load takes a context and what opens the network, not nil")
	}
	f, err := tensor.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d, err := describe(f)
	if err != nil {
		return nil, err
	}
	load := kinds[d.Kind]
	if load == nil {
		return nil, fmt.Errorf("%s: it holds a detector of kind %.60q, which there is not%.0w", path, d.Kind, tensor.ErrDamaged)
	}
	n, err := open(d.Network, d.SHA256)
	if err != nil {
		return nil, fmt.Errorf("%s: the network %.60q: %w", path, d.Network, err)
	}
	if n.SHA256 != d.SHA256 {
		return nil, fmt.Errorf("%s: %w: %s, and here is %s", path, ErrOtherNetwork, Network{Name: d.Network, SHA256: d.SHA256}, n)
	}
	detector, err := load(ctx, n, d, reader{file: f})
	if errors.Is(err, ErrArgument) { // of the file, not of the call
		err = fmt.Errorf("%w%.0w", err, tensor.ErrDamaged)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return detector, nil
}

// reader reads the tensors of a file whose names begin with a prefix.
type reader struct {
	file   *tensor.File
	prefix string
}

// get returns a copy of a tensor's numbers, which are finite, and its shape.
func (r reader) get(name string, dimensions int) ([]float32, []int, error) {
	if !r.has(name) {
		return nil, nil, damaged("it has no tensor %q", name)
	}
	d, err := r.file.Get(r.prefix + name)
	if err != nil {
		return nil, nil, err
	}
	shape := d.Shape()
	if d.Dtype() != gt.Float32 || len(shape) != dimensions {
		return nil, nil, damaged("tensor %q is %v of %v, want %d dimensions of float32", name, shape, d.Dtype(), dimensions)
	}
	if i := tensor.NonFinite(d); i >= 0 {
		return nil, nil, damaged("tensor %q is %v at %d", name, tensor.Float32s(d)[i], i)
	}
	return slices.Clone(tensor.Float32s(d)), slices.Clone(shape), nil
}

// has reports whether there is a tensor of a name.
func (r reader) has(name string) bool {
	_, ok := r.file.Info(r.prefix + name)
	return ok
}

// damaged says what is wrong with a file.
func damaged(format string, a ...any) error {
	return fmt.Errorf("%w%.0w", fmt.Errorf(format, a...), tensor.ErrDamaged)
}

// blank is what the network sees of a black picture, for the sizes of its layers.
func (e *eye) blank(ctx context.Context) ([]features, error) {
	return e.look(ctx, image.NewRGBA(image.Rect(0, 0, e.side, e.side)))
}

// describe is the Description of a fitted detector.
func (e *eye) describe(kind string, options any, references, defective []string) (Description, error) {
	return e.network.describe(kind, options, references, defective)
}

// describe is the Description of a fitted detector of the network's features.
func (n Network) describe(kind string, options any, references, defective []string) (Description, error) {
	text, err := json.Marshal(options)
	return Description{kind, text, n.Name, n.SHA256, references, defective}, err
}

func dense(v []float32, shape ...int) *gt.Dense { return tensor.FromFloat32s(v, shape...) }
