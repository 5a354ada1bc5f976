package pth

import (
	"errors"
	"fmt"
	"slices"

	"github.com/nlpodyssey/gopickle/types"

	"github.com/sdgraph/sdgraph/tensor"
)

// dtypes are torch's storages by their classes, as safetensors calls their numbers, and the bytes of one.
var dtypes = map[string]dtype{
	"FloatStorage": {"F32", 4}, "HalfStorage": {"F16", 2}, "BFloat16Storage": {"BF16", 2}, "DoubleStorage": {"F64", 8},
	"LongStorage": {"I64", 8}, "IntStorage": {"I32", 4}, "ShortStorage": {"I16", 2}, "CharStorage": {"I8", 1}, "ByteStorage": {"U8", 1}, "BoolStorage": {"BOOL", 1},
}

type dtype struct {
	name  string
	bytes int
}

// storage is a run of numbers in the file, of which tensors are views.
type storage struct {
	dtype
	count  int
	offset int64 // in the file; the old form has it known last
}

// view is a tensor: what torch's functions are asked to rebuild.
type view struct {
	of          *storage
	first       int // number in the storage
	shape, step []int
}

// findClass is what a pickle gets for the name of a class or a function.
func findClass(module, name string) (any, error) {
	switch module {
	case ownCollections:
		if name == "OrderedDict" {
			return call(newOrderedDict), nil
		}
	case "torch._utils":
		switch name {
		case "_rebuild_tensor", "_rebuild_tensor_v2":
			return call(rebuildTensor), nil
		case "_rebuild_parameter":
			return call(rebuildParameter), nil
		}
	case "torch":
		if d, ok := dtypes[name]; ok {
			return d, nil
		}
	}
	return nil, fmt.Errorf("it wants %.60q of %.60q, which no state_dict does: it is of a whole module or of a training; save the state_dict", name, module)
}

// call is a function that a pickle may call.
type call func(args []any) (any, error)

// Call is what gopickle asks for.
func (f call) Call(args ...any) (any, error) { return f(args) }

// orderedDict is Python's. gopickle's own takes no argument.
type orderedDict struct{ types.Dict }

// PyDictSet is asked for attributes, of which torch's state_dict has one about versions.
func (*orderedDict) PyDictSet(key, value any) error { return nil }

// newOrderedDict is empty, or of a list of pairs, which is how Python 2 writes it.
func newOrderedDict(args []any) (any, error) {
	d := &orderedDict{}
	if len(args) == 0 {
		return d, nil
	}
	pairs, ok := args[0].(*types.List)
	if !ok || len(args) > 1 {
		return nil, errors.New("a dictionary that is not made of a list of pairs")
	}
	for _, p := range *pairs {
		pair, ok := p.(*types.List)
		if !ok || pair.Len() != 2 {
			return nil, errors.New("a dictionary of something else than pairs")
		}
		d.Set(pair.Get(0), pair.Get(1))
	}
	return d, nil
}

// rebuildTensor is of a storage, the number of its first element, a shape and steps; what torch passes behind that is
// about gradients.
func rebuildTensor(args []any) (any, error) {
	if len(args) < 4 {
		return nil, fmt.Errorf("a tensor of %d arguments, want at least 4", len(args))
	}
	of, ok1 := args[0].(*storage)
	first, ok2 := args[1].(int)
	shape, ok3 := numbers(args[2])
	step, ok4 := numbers(args[3])
	if !ok1 || !ok2 || !ok3 || !ok4 || len(shape) != len(step) {
		return nil, errors.New("a tensor that is not made of a storage, a number, a shape and steps")
	}
	return &view{of, first, shape, step}, nil
}

// rebuildParameter is of a tensor, and of what is about gradients.
func rebuildParameter(args []any) (any, error) {
	if len(args) == 0 {
		return nil, errors.New("a parameter without a tensor")
	}
	return args[0], nil
}

// numbers are those of a tuple, none below 0.
func numbers(of any) ([]int, bool) {
	tuple, ok := of.(*types.Tuple)
	if !ok {
		return nil, false
	}
	all := make([]int, tuple.Len())
	for i, v := range *tuple {
		if all[i], ok = v.(int); !ok || all[i] < 0 {
			return nil, false
		}
	}
	return all, true
}

// newStorage takes the description of a storage apart, which begins ("storage", class, key, device, count).
func newStorage(id *types.Tuple) (key string, s *storage, err error) {
	if id.Len() < 5 {
		return "", nil, fmt.Errorf("a storage of %d descriptions, want at least 5", id.Len())
	}
	what, _ := id.Get(0).(string)
	d, ok1 := id.Get(1).(dtype)
	key, ok2 := id.Get(2).(string)
	count, ok3 := id.Get(4).(int)
	if what != "storage" || !ok1 || !ok2 || !ok3 || count < 0 {
		return "", nil, errors.New("a storage that is not described by its class, key, device and count")
	}
	return key, &storage{dtype: d, count: count}, nil
}

// parts are the tensors of a state_dict.
func parts(object any) ([]tensor.Part, error) {
	var all []tensor.Part
	add := func(key, value any) error {
		name, ok := key.(string)
		if !ok {
			return fmt.Errorf("an entry of the state_dict has a %T for its name, want a text", key)
		}
		v, ok := value.(*view)
		if !ok {
			return fmt.Errorf("entry %.60q is no tensor: want a state_dict, which has nothing else", name)
		}
		p, err := v.part(name)
		all = append(all, p)
		return err
	}
	entries, ok := entriesOf(object)
	if !ok {
		return nil, fmt.Errorf("the file has a %T, want a state_dict", object)
	}
	for _, e := range entries {
		if err := add(e.Key, e.Value); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// entriesOf are those of any of the three dictionaries that there are: gopickle's ordered one comes of protocol 4.
func entriesOf(object any) (all []types.DictEntry, ok bool) {
	switch d := object.(type) {
	case *types.Dict:
		return *d, true
	case *orderedDict:
		return d.Dict, true
	case *types.OrderedDict:
		for e := d.List.Front(); e != nil; e = e.Next() {
			entry := e.Value.(*types.OrderedDictEntry)
			all = append(all, types.DictEntry{Key: entry.Key, Value: entry.Value})
		}
		return all, true
	}
	return nil, false
}

// part is where a tensor lies, within its storage.
func (v *view) part(name string) (tensor.Part, error) {
	p := tensor.Part{Name: name, Dtype: v.of.name, Shape: v.shape, Offset: v.of.offset + int64(v.first)*int64(v.of.bytes)}
	count, last := 1, v.first
	for i, n := range slices.Backward(v.shape) {
		if n > 1 && v.step[i] != count {
			p.Steps = v.step // a convolution that was another framework's, for example
		}
		if n > 0 && count > v.of.count/n || n > 1 && v.step[i] > v.of.count/(n-1) {
			return p, fmt.Errorf("tensor %.60q of shape %v and steps %v is larger than its storage of %d numbers", name, v.shape, v.step, v.of.count)
		}
		count *= n
		last += max(n-1, 0) * v.step[i]
	}
	if count > 0 && last >= v.of.count {
		return p, fmt.Errorf("tensor %.60q of shape %v and steps %v reaches to number %d of a storage of %d", name, v.shape, v.step, last, v.of.count)
	}
	return p, nil
}
