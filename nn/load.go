package nn

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"runtime/debug"
	"slices"
	"strings"

	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/tensor"
)

// Source is where weights come from: a tensor.File, a tensor.Set, or anything
// else that holds tensors under names.
type Source interface {
	Names() []string
	Get(name string) (*gt.Dense, error)
}

// LoadOption says how the names of a source and a model differ; nil says
// nothing.
type LoadOption func(*loader)

// WithPrefix lets names differ by a prefix, such as "text_model.", that the source's
// or the model's have and the other's lack.
func WithPrefix(prefix string) LoadOption {
	return func(l *loader) { l.prefixes = append(l.prefixes, prefix) }
}

// WithRename translates the source's names into the model's before anything
// else looks at them. "" means that the tensor is to be ignored.
func WithRename(rename func(name string) string) LoadOption {
	if rename == nil {
		return nil
	}
	return func(l *loader) { l.renames = append(l.renames, rename) }
}

// WithNames says what the source calls a weight of the model, for a source
// whose names follow other rules. Errors then have the source's names. Other
// names of the source are treated as the other options say.
func WithNames(sourceName func(weight string) string) LoadOption {
	return func(l *loader) { l.sourceName = sourceName }
}

// WithIgnore passes over the source's tensors whose renamed name matches one of
// the patterns, in whole or in the part after a dot: "position_ids" matches
// "embeddings.position_ids". Patterns are those of path.Match, where * also
// matches dots.
func WithIgnore(patterns ...string) LoadOption {
	return func(l *loader) { l.ignore = append(l.ignore, patterns...) }
}

// WithUnused accepts tensors that the model has no place for.
func WithUnused() LoadOption { return func(l *loader) { l.allowUnused = true } }

// Load gives every weight of a model (see Params) its tensor of the source, without
// copying it. A tensor must have the weight's shape, where [out, in] and [out, in,
// 1, 1] count as the same; its dtype must be F32, F16 or BF16, and its numbers
// neither NaN nor infinite, nor a BatchNorm's variance below 0, for which Load reads all of them. When ctx is done, Load
// stops after the tensor under way and returns ctx's error.
//
// Load changes the model only when everything fits. Otherwise it returns one
// error, tensor.ErrDamaged, that lists everything that does not: weights that are
// missing, tensors that are not used, and tensors that are of the wrong shape or
// dtype, not finite or not readable.
func Load(ctx context.Context, model any, src Source, opts ...LoadOption) error {
	params, err := Params(model)
	if err != nil {
		return fmt.Errorf("load weights: %w", err)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // see faulted
	if src == nil {
		return errors.New("load weights: there is no source to load from: it is nil")
	}
	if ctx == nil {
		return errors.New("load weights: the context is nil")
	}
	l := loader{ctx: ctx, wanted: map[string]*Weight{}, called: map[string]string{}}
	for _, opt := range opts {
		if opt != nil {
			opt(&l)
		}
	}
	for _, pattern := range l.ignore {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("load weights: pattern %q to ignore: %w", pattern, err)
		}
	}
	for _, p := range params {
		l.wanted[p.Name] = p.Weight
		if l.sourceName != nil {
			l.called[l.sourceName(p.Name)] = p.Name
		}
	}
	l.match(src.Names())
	if err := l.read(src); err != nil {
		return named(src, err)
	}
	if err := l.report.err(); err != nil {
		return named(src, err)
	}
	for name, value := range l.values {
		w, source := l.wanted[name], l.found[name]
		w.bind(name, value)
		w.forget = func() { forget(src, source) }
	}
	return nil
}

// forget lets a source that is a mapped file have the memory of a tensor back,
// until the tensor is read again.
func forget(src Source, name string) {
	if f, ok := src.(interface{ Forget(name string) }); ok {
		f.Forget(name)
	}
}

// named puts the file before an error, where the source is one.
func named(src Source, err error) error {
	if file := fileOf(src); file != "" {
		return fmt.Errorf("%s: %w", file, err)
	}
	return err
}

// fileOf is the first of the source's files, "" where it has none.
func fileOf(src Source) string {
	if files, ok := src.(interface{ Paths() []string }); ok && len(files.Paths()) > 0 {
		return files.Paths()[0]
	}
	return ""
}

type loader struct {
	ctx         context.Context
	prefixes    []string
	renames     []func(string) string
	sourceName  func(string) string // nil: the model's own
	ignore      []string
	allowUnused bool

	wanted map[string]*Weight   // by the model's names
	called map[string]string    // sourceName's names to the model's
	found  map[string]string    // model's name to source's name
	values map[string]*gt.Dense // by the model's names
	report report
}

// match decides which tensor of the source each weight gets.
func (l *loader) match(names []string) {
	l.found = map[string]string{}
	for _, source := range names {
		name, ignored := l.translate(source)
		other, taken := l.found[name]
		switch {
		case ignored:
		case l.wanted[name] == nil:
			if !l.allowUnused {
				l.report.add(unused, "%s", source)
			}
		case taken:
			l.report.add(ambiguous, "%s: both %s and %s", name, other, source)
		default:
			l.found[name] = source
		}
	}
	for name, w := range l.wanted {
		if _, ok := l.found[name]; !ok {
			if l.sourceName != nil {
				name = l.sourceName(name)
			}
			l.report.add(missing, "%s %v", name, w.shape)
		}
	}
}

// translate turns a name of the source into one of the model.
func (l *loader) translate(name string) (translated string, ignored bool) {
	if own, ok := l.called[name]; ok {
		return own, false
	}
	for _, rename := range l.renames {
		if name = rename(name); name == "" {
			return "", true
		}
	}
	if l.wanted[name] == nil {
		for _, prefix := range l.prefixes {
			for _, other := range []string{strings.TrimPrefix(name, prefix), prefix + name} {
				if l.wanted[other] != nil {
					return other, false
				}
			}
		}
	}
	return name, l.wanted[name] == nil && l.ignores(name)
}

func (l *loader) ignores(name string) bool {
	return slices.ContainsFunc(l.ignore, func(pattern string) bool {
		for rest, more := name, true; more; _, rest, more = strings.Cut(rest, ".") {
			if ok, err := path.Match(pattern, rest); ok && err == nil {
				return true
			}
		}
		return false
	})
}

// read gets and checks the matched tensors. Its error is the context's, or that
// the file's memory went away.
func (l *loader) read(src Source) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if err = faulted(r); err == nil {
				panic(r)
			}
		}
	}()
	l.values = map[string]*gt.Dense{}
	for _, name := range slices.Sorted(maps.Keys(l.found)) {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		source := l.found[name]
		value, err := src.Get(source)
		if err == nil && value == nil {
			err = fmt.Errorf("%s: the source lists it and has no tensor for it", source)
		}
		if err != nil {
			l.report.add(unreadable, "%s", strings.TrimPrefix(err.Error(), fileOf(src)+": ")) // named says it once
			continue
		}
		if want := l.wanted[name].shape; l.check(source, value, want) && l.checkVariance(name, source, value) {
			l.values[name] = reshaped(value, want)
		}
		forget(src, source) // read for the check; many weights are not read again for long
	}
	return nil
}

// check reports what is wrong with a tensor.
func (l *loader) check(source string, value *gt.Dense, want gt.Shape) bool {
	switch value.Dtype() {
	case gt.Float32, tensor.Float16, tensor.BFloat16:
	default:
		l.report.add(wrongDtype, "%s: %v, want float32, Float16 or BF16", source, value.Dtype())
		return false
	}
	if !slices.Equal(plainShape(value.Shape()), plainShape(want)) {
		l.report.add(wrongShape, "%s: %v, want %v", source, value.Shape(), want)
		return false
	}
	if at := tensor.NonFinite(value); at >= 0 {
		number := tensor.Elements(value).Slice(at, at+1)
		var bad [1]float32
		number.Float32(bad[:])
		l.report.add(nonFinite, "%s: %v at %v", source, bad[0], position(at, value.Shape()))
		return false
	}
	return true
}

// checkVariance reports what no batch norm can divide by.
func (l *loader) checkVariance(name, source string, value *gt.Dense) bool {
	if !isVariance(name) {
		return true
	}
	v := tensor.Float32s(value)
	at := slices.IndexFunc(v, func(v float32) bool { return v < 0 })
	if at >= 0 {
		l.report.add(negative, "%s: %v at %v", source, v[at], position(at, value.Shape()))
	}
	return at < 0
}

// plainShape drops the ones that make a linear layer's [out, in] a convolution
// of one pixel, [out, in, 1, 1].
func plainShape(s gt.Shape) gt.Shape {
	if len(s) == 4 && s[2] == 1 && s[3] == 1 {
		return s[:2]
	}
	return s
}

// reshaped returns value under another shape with as many numbers. value stays
// as it is: it may belong to the caller.
func reshaped(value *gt.Dense, shape gt.Shape) *gt.Dense {
	if value.IsMaterializable() {
		value = value.Materialize().(*gt.Dense)
	}
	if slices.Equal(value.Shape(), shape) {
		return value
	}
	value = value.ShallowClone()
	if err := value.Reshape(shape...); err != nil {
		panic(err) // the number of elements was compared before
	}
	return value
}

// position turns a row-major index into one index for each axis.
func position(index int, shape gt.Shape) []int {
	at := make([]int, len(shape))
	for axis := len(shape) - 1; axis >= 0; axis-- {
		at[axis], index = index%shape[axis], index/shape[axis]
	}
	return at
}
