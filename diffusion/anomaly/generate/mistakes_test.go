package generate

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// method is a way to make defects, for tests that hold of all.
type method struct {
	name     string
	side     int                                          // of pictures that it takes
	defaults func() any                                   // a pointer to its options
	build    func(options any) (anomaly.Generator, error) // of such a pointer
}

// pixelMethods are those that need no model.
func pixelMethods() []method {
	return []method{
		{name: "CutPaste", side: 64,
			defaults: func() any { o := DefaultCutPaste(); return &o },
			build:    func(o any) (anomaly.Generator, error) { return NewCutPaste(*o.(*CutPasteOptions)) }},
		{name: "NSA", side: 64,
			defaults: func() any { o := DefaultNSA(); return &o },
			build:    func(o any) (anomaly.Generator, error) { return NewNSA(*o.(*NSAOptions)) }},
		{name: "DRAEM", side: 64,
			defaults: func() any { o := DefaultDRAEM(); return &o },
			build:    func(o any) (anomaly.Generator, error) { return NewDRAEM(nil, *o.(*DRAEMOptions)) }},
	}
}

// allMethods are those, and the ones with the small model.
func allMethods(t *testing.T) []method {
	p := demoPipeline(t)
	return append(pixelMethods(), sdasMethod(t, p), anomalyDiffusionMethod(t, p), o2magMethod(t, p))
}

func anomalyDiffusionMethod(t *testing.T, p *diffusion.Pipeline) method {
	l := crack(t, p)
	return method{name: "AnomalyDiffusion", side: 128,
		defaults: func() any { o := DefaultAnomalyDiffusion(); o.Steps, o.Masks.Kind = 2, PerlinMask; return &o },
		build: func(o any) (anomaly.Generator, error) {
			return NewAnomalyDiffusion(t.Context(), p, l, 128, 128, *o.(*AnomalyDiffusionOptions))
		}}
}

func o2magMethod(t *testing.T, p *diffusion.Pipeline) method {
	return method{name: "O2MAG", side: 128,
		defaults: func() any { o := shortO2MAG(2); o.Masks.Kind = PerlinMask; return &o },
		build: func(o any) (anomaly.Generator, error) {
			return NewO2MAG(t.Context(), p, 128, 128, spot(), *o.(*O2MAGOptions))
		}}
}

func sdasMethod(t *testing.T, p *diffusion.Pipeline) method {
	return method{name: "SDAS", side: 128,
		defaults: func() any { o := shortSDAS(1); return &o },
		build: func(o any) (anomaly.Generator, error) {
			return NewSDAS(t.Context(), p, 128, 128, *o.(*SDASOptions))
		}}
}

// option is a number or a text of options, by its name in JSON.
type option struct {
	name  string
	value reflect.Value
}

// optionsOf are all that a struct has, those within it too.
func optionsOf(v reflect.Value, name string) (all []option) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return optionsOf(v.Elem(), name)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			tag, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			all = append(all, optionsOf(v.Field(i), tag)...)
		}
	case reflect.Array:
		for i := range v.Len() {
			all = append(all, optionsOf(v.Index(i), name)...)
		}
	case reflect.Float64, reflect.Int, reflect.String:
		all = append(all, option{name, v})
	}
	return all
}

// TestOptionsOutOfRange gives each option of each method what it cannot be: an ErrArgument that names it.
func TestOptionsOutOfRange(t *testing.T) {
	for _, m := range allMethods(t) {
		if _, err := m.build(m.defaults()); err != nil {
			t.Errorf("%s: its defaults: %v", m.name, err)
		}
		n := len(optionsOf(reflect.ValueOf(m.defaults()), ""))
		if n < 8 {
			t.Fatalf("%s has %d options", m.name, n)
		}
		for i := range n {
			for _, wrong := range []any{math.NaN(), math.Inf(1), math.Inf(-1), -1e9, math.MinInt, math.MaxInt, -1, "nonsense"} {
				o := m.defaults()
				at := optionsOf(reflect.ValueOf(o), "")[i]
				v := reflect.ValueOf(wrong)
				if v.Kind() != at.value.Kind() || at.name == "prompt" || at.name == "normal" {
					continue
				}
				at.value.Set(v.Convert(at.value.Type()))
				_, err := m.build(o)
				if !errors.Is(err, ErrArgument) {
					t.Errorf("%s: %s %v: %v, want ErrArgument", m.name, at.name, wrong, err)
				} else if !names(err.Error(), at.name) {
					t.Errorf("%s: %s %v: %q does not name it", m.name, at.name, wrong, err)
				}
			}
		}
	}
}

// names reports whether a text has an option's name, or of a kind of masks theirs.
func names(text, option string) bool {
	for _, name := range []string{option, strings.ReplaceAll(option, "_", " "), strings.TrimSuffix(option, "s")} {
		if strings.Contains(text, name) {
			return true
		}
	}
	return option == "kind" && strings.Contains(text, "masks")
}

// untouched are draws that nobody may ask for.
type untouched struct {
	anomaly.Draws
	t *testing.T
}

func (u untouched) Whole(lo, _ int) int { u.t.Error("a draw, before the input is refused"); return lo }
func (u untouched) Uniform(lo, _ float64) float64 {
	u.t.Error("a draw, before the input is refused")
	return lo
}
func (u untouched) Normal(m, _ float64) float64 {
	u.t.Error("a draw, before the input is refused")
	return m
}
func (u untouched) Gamma(_, _ float64) float64 {
	u.t.Error("a draw, before the input is refused")
	return 0
}
func (u untouched) Choose(_, _ int) []int {
	u.t.Error("a draw, before the input is refused")
	return nil
}

// TestInputRefused gives each method inputs that it does not take: an error that says so, before anything is drawn.
func TestInputRefused(t *testing.T) {
	for _, m := range allMethods(t) {
		g, err := m.build(m.defaults())
		if err != nil {
			t.Fatal(err)
		}
		n := m.side
		normal := disc([3]uint8{200, 190, 180}, [3]uint8{40, 45, 50}, n)
		corner := placeOf(n, n, image.Rect(0, 0, n/8, n/8)) // of the background
		for says, in := range map[string]anomaly.Input{
			"no picture":               {},
			"at least 16×16":           {Normal: noisy(n, 15)},
			fmt.Sprintf("%d×%[1]d", n): {Normal: normal, Place: placeOf(n, n-1, image.Rect(1, 1, 9, 9))},
			fmt.Sprintf("picture 1 of the others has %d×%d pixels", n+1, n): {Normal: normal, Others: []*image.RGBA{normal, noisy(n+1, n)}},
			"is empty":            {Normal: normal, Place: image.NewGray(image.Rect(0, 0, n, n))},
			"nothing of the part": {Normal: normal, Place: corner},
		} {
			_, err := g.Generate(t.Context(), in, untouched{t: t})
			if !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v, want ErrArgument with %q", m.name, err, says)
			}
		}
		done, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := g.Generate(done, anomaly.Input{Normal: normal}, untouched{t: t}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want what ended the context", m.name, err)
		}
	}
}
