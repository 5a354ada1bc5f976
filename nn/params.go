package nn

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unsafe"
)

// Param is a weight and its path in a model.
type Param struct {
	Name string
	*Weight
}

// Params returns the weights of a model in the order of its fields. A layer is a
// struct whose fields mirror the checkpoint:
//
//	type Attention struct {
//		ToQ, ToK, ToV Linear                       // to_q, to_k, to_v
//		ToOut         Linear  `weight:"to_out.0"` // another name than the field's
//		Norms         []*Norm                      // norms.0, norms.1, ...
//		Heads         int                          // not a weight: passed over
//		cache         *Weight                      // unexported: passed over
//		Tied          *Linear `weight:"-"`         // passed over
//	}
//
// Fields of an embedded struct, or of one tagged with an empty name, count as
// fields of the struct around it. Maps are passed over. A nil pointer is a part
// that this model does not have. A part that several pointers lead to is listed
// once, under its first path.
//
// model is a pointer to a struct. Anything else is an error, and so are two
// fields with one path.
func Params(model any) ([]Param, error) {
	v := reflect.ValueOf(model)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("model is %T; want a non-nil pointer to a struct of layers", model)
	}
	w := walker{seen: map[target]bool{}, names: map[string]bool{}}
	w.walk("", v)
	return w.params, errors.Join(w.errs...)
}

type walker struct {
	params []Param
	errs   []error
	seen   map[target]bool // pointers followed already
	names  map[string]bool
}

// target is what a pointer points to. A struct and its first field share an
// address, so the type belongs to it.
type target struct {
	of reflect.Type
	at unsafe.Pointer
}

func (w *walker) walk(path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		w.pointer(path, v)
	case reflect.Interface:
		w.walk(path, v.Elem())
	case reflect.Slice, reflect.Array:
		if !mayHoldLayers(v.Type().Elem()) {
			return
		}
		for i := range v.Len() {
			w.walk(join(path, strconv.Itoa(i)), v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			w.field(path, v.Type().Field(i), v.Field(i))
		}
	}
}

func (w *walker) pointer(path string, v reflect.Value) {
	to := target{v.Type(), v.UnsafePointer()}
	if v.IsNil() || w.seen[to] {
		return
	}
	w.seen[to] = true
	if v.Type() == reflect.TypeFor[*Weight]() {
		if v.CanInterface() { // not embedded under an unexported name
			w.add(path, v.Interface().(*Weight))
		}
		return
	}
	w.walk(path, v.Elem())
}

// mayHoldLayers spares the walk long slices of numbers.
func mayHoldLayers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Struct, reflect.Interface:
		return true
	}
	return false
}

func (w *walker) field(path string, f reflect.StructField, v reflect.Value) {
	tag, tagged := f.Tag.Lookup("weight")
	switch {
	case tag == "-" || !f.IsExported() && !f.Anonymous:
	case tagged:
		w.walk(join(path, tag), v)
	case f.Anonymous && f.Type != reflect.TypeFor[*Weight]():
		w.walk(path, v)
	default:
		w.walk(join(path, snake(f.Name)), v)
	}
}

func (w *walker) add(path string, weight *Weight) {
	if w.names[path] {
		w.errs = append(w.errs, fmt.Errorf("two fields of the model are called %q", path))
	}
	w.names[path] = true
	w.params = append(w.params, Param{path, weight})
}

func join(path, name string) string {
	if path == "" || name == "" {
		return path + name
	}
	return path + "." + name
}

// snake turns a Go name into a checkpoint's: ToQ into to_q, LayerNorm1 into
// layer_norm1, FC1 into fc1.
func snake(name string) string {
	var b strings.Builder
	letters := []rune(name)
	for i, r := range letters {
		if i > 0 && unicode.IsUpper(r) {
			nextLower := i+1 < len(letters) && unicode.IsLower(letters[i+1])
			if !unicode.IsUpper(letters[i-1]) || nextLower {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
