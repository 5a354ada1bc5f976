package main

import (
	"encoding/json"
	"testing"
	"testing/fstest"

	"github.com/sdgraph/sdgraph/kernels/cuda/internal/modules"
)

// folder packs two sources, each compiled for all targets to its own name.
func folder(t *testing.T) (fstest.MapFS, *modules.Index) {
	t.Helper()
	index := &modules.Index{
		Compilers: map[string]string{"nvcc": "1"},
		Sources:   map[string]string{"a.cu": "A", "b.cu": "B"},
	}
	units := (&builder{}).units(index.Sources)
	for i := range units {
		units[i].image = []byte(units[i].source)
	}
	images, err := gather(index, units)
	if err != nil {
		t.Fatal(err)
	}
	index.Kernels = []modules.Kernel{{Name: "ka", Source: "a.cu"}, {Name: "kb", Source: "b.cu"}}
	packed, err := modules.Pack(images)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(index)
	if err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{modules.IndexName: {Data: text}, modules.ImagesName: {Data: packed}}, index
}

func TestReuse(t *testing.T) {
	files, old := folder(t)
	now := &modules.Index{
		Compilers: old.Compilers,
		Sources:   map[string]string{"a.cu": "A", "b.cu": "changed", "c.cu": "C"},
	}
	units := (&builder{}).units(now.Sources)
	reuse(units, now, files)
	for _, u := range units {
		if got, want := string(u.image), map[string]string{"a.cu": "a.cu"}[u.source]; got != want {
			t.Errorf("%s for %s: image %q, want %q", u.source, u.target.Name, got, want)
		}
	}
	if len(now.Kernels) != 1 || now.Kernels[0].Name != "ka" {
		t.Errorf("kernels %+v, want ka", now.Kernels)
	}
}

func TestReuseTakesNothingOfOtherCompilersOrDamagedFiles(t *testing.T) {
	files, old := folder(t)
	for name, spoil := range map[string]func(now *modules.Index){
		"compiler": func(now *modules.Index) { now.Compilers = map[string]string{"nvcc": "2"} },
		"flags":    func(now *modules.Index) { now.Flags = []string{"-G"} },
		"damage":   func(*modules.Index) { files[modules.ImagesName].Data = []byte("x") },
		"nothing":  func(*modules.Index) { delete(files, modules.IndexName) },
	} {
		now := &modules.Index{Compilers: old.Compilers, Sources: old.Sources}
		units := (&builder{}).units(now.Sources)
		spoil(now)
		reuse(units, now, files)
		for _, u := range units {
			if u.image != nil {
				t.Errorf("%s: %s was reused", name, u.source)
			}
		}
		if name == "damage" {
			files, old = folder(t)
		}
	}
}
