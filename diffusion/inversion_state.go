package diffusion

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// An inversion's state is a safetensors file: each parameter, its moments, the losses, and in the metadata the format and
// what the result depends on beside it.
const (
	inversionFormat = "sdgraph inversion 1"
	maxInversion    = 256 << 20 // bytes that such a file may have; others may have written it
)

// WriteState writes what ReadState needs to go on: beside its place, and then renamed. identity is what else the result
// depends on, such as the digests of pictures and of the model's files, by name; the options are noted anyway.
func (v *Inversion) WriteState(path string, identity map[string]string) error {
	if v == nil || len(v.losses) == 0 {
		return badArgument("%s: there is no inversion that has taken a step", path)
	}
	all := map[string]*gt.Dense{"losses": tensor.FromFloat32s(v.losses, len(v.losses))}
	for i, p := range v.adam.parameters {
		all["parameter."+p.Name] = tensor.FromFloat32s(p.Values, p.Shape...)
		all["first."+p.Name] = tensor.FromFloat32s(v.adam.first[i], p.Shape...)
		all["second."+p.Name] = tensor.FromFloat32s(v.adam.second[i], p.Shape...)
	}
	is, err := v.identity(identity)
	if err != nil {
		return err
	}
	return tensor.Save(path, all, map[string]string{"format": inversionFormat, "identity": is})
}

// identity is as JSON what the state is of: the options, but for how many steps there are to be, and what else there is.
func (v *Inversion) identity(more map[string]string) (string, error) {
	o := v.options
	o.Steps = 0
	options, err := json.Marshal(o)
	if err != nil {
		return "", err
	}
	all := maps.Clone(more)
	if all == nil {
		all = map[string]string{}
	}
	all["options"] = string(options)
	data, err := json.Marshal(all)
	return string(data), err
}

// ReadState goes on where an inversion was when it wrote the file: the steps that follow are those that would have
// followed. A state of other options, but for Steps, or of another identity is ErrArgument, which names what differs.
// After an error nothing has changed.
func (v *Inversion) ReadState(path string, identity map[string]string) error {
	if v == nil || v.words == nil {
		return badArgument("%s: there is no inversion to go on", path)
	}
	f, err := tensor.Read(path, maxInversion)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := v.checkState(f.Metadata(), identity); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return v.readState(f)
}

// checkState compares what a state is of.
func (v *Inversion) checkState(meta, identity map[string]string) error {
	if got := meta["format"]; got != inversionFormat {
		return badArgument("its format is %.100q, want %q", got, inversionFormat)
	}
	want, err := v.identity(identity)
	if err != nil {
		return err
	}
	var theirs, ours map[string]string
	if err := nn.UnmarshalJSON([]byte(meta["identity"]), &theirs); err != nil {
		return badArgument("its identity: %w", err)
	}
	if err := json.Unmarshal([]byte(want), &ours); err != nil {
		return err
	}
	for name := range ours {
		if theirs[name] != ours[name] {
			return badArgument("it is of other %s: %.300s, and here they are %.300s", name, theirs[name], ours[name])
		}
	}
	if len(theirs) != len(ours) {
		return badArgument("it is of %d things, and here they are %d", len(theirs), len(ours))
	}
	return nil
}

// readState takes the numbers over once all of them are there.
func (v *Inversion) readState(f *tensor.File) error {
	get := func(name string, n int) ([]float32, error) {
		d, err := f.Get(name)
		if err != nil {
			return nil, err
		}
		if d.Dtype() != gt.Float32 || n >= 0 && d.Shape().TotalSize() != n {
			return nil, fmt.Errorf("tensor %q is of %v and %v, want %d numbers of float32", name, d.Dtype(), d.Shape(), n)
		}
		if err := nn.Finite(d); err != nil {
			return nil, fmt.Errorf("tensor %q is %w", name, err)
		}
		return slices.Clone(tensor.Float32s(d)), nil
	}
	losses, err := get("losses", -1)
	if err != nil {
		return err
	}
	n := len(v.adam.parameters)
	values, first, second := make([][]float32, n), make([][]float32, n), make([][]float32, n)
	for i, p := range v.adam.parameters {
		for of, to := range map[string]*[]float32{"parameter.": &values[i], "first.": &first[i], "second.": &second[i]} {
			if *to, err = get(of+p.Name, len(p.Values)); err != nil {
				return err
			}
		}
	}
	for i, p := range v.adam.parameters {
		copy(p.Values, values[i])
	}
	v.adam.first, v.adam.second, v.losses = first, second, losses
	return nil
}
