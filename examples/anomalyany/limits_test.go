package main

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

// TestNumbersAreFinite: every flag that is a number with a fraction refuses what
// is none, and names its range.
func TestNumbersAreFinite(t *testing.T) {
	var visit func(v reflect.Value)
	f := small(t)
	seen := 0
	visit = func(v reflect.Value) {
		for i := range v.NumField() {
			field, name := v.Field(i), v.Type().Field(i).Name
			if field.Kind() == reflect.Struct {
				visit(field)
			}
			if !field.CanFloat() {
				continue
			}
			seen++
			before := field.Float()
			for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e30, -1e30} {
				field.SetFloat(bad)
				err := f.Validate()
				if flag := strings.ReplaceAll(strings.ToLower(name), "-", ""); err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "-", ""), flag) || !strings.Contains(err.Error(), " is ") || !strings.Contains(err.Error(), "want") {
					t.Errorf("%s of %g: %v", name, bad, err)
				}
			}
			field.SetFloat(before)
			if err := f.Validate(); err != nil {
				t.Errorf("%s of %g: %v", name, before, err)
			}
		}
	}
	visit(reflect.ValueOf(&f).Elem())
	if seen < 11 {
		t.Errorf("only %d numbers", seen)
	}
}

func TestLimits(t *testing.T) {
	for name, c := range map[string]struct {
		change func(f *Spec)
		says   string
	}{
		"negative area": {func(f *Spec) { f.MinArea = -1 }, "--min-area is -1, want 0 to 100"},
		"many":          {func(f *Spec) { f.N = 1_000_000_000 }, "--n is 1000000000, want 1 to 1000000"},
		"none":          {func(f *Spec) { f.N = 0 }, "--n is 0"},
		"last seed":     {func(f *Spec) { f.Seed = math.MaxUint64 }, ""},
		"past the last": {func(f *Spec) { f.Seed, f.N = math.MaxUint64-1, 3 }, "--seed is 18446744073709551614, and there are no 3 seeds"},
		"two last":      {func(f *Spec) { f.Seed, f.N = math.MaxUint64-1, 2 }, ""},
		"long text":     {func(f *Spec) { f.Detail = strings.Repeat("a ", 10_000) }, "--detail has 20000 bytes, want at most 16384"},
		"no text":       {func(f *Spec) { f.Prompt = "a \xff crack" }, "--prompt is not a text in UTF-8"},
		"no word":       {func(f *Spec) { f.Anomaly = []string{"\xff"} }, "--anomaly is not a text in UTF-8"},
	} {
		f := small(t)
		c.change(&f)
		if err := f.Validate(); (err != nil) != (c.says != "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}
