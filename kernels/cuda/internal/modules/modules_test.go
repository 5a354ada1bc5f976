package modules

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// compiled returns the compiled files' folder and index.
func compiled(t *testing.T) *Index {
	t.Helper()
	x, err := ReadIndex(os.DirFS("data"))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestModulesMatchSources is what keeps compiled files honest on machines without a compiler.
func TestModulesMatchSources(t *testing.T) {
	x := compiled(t)
	sums, err := SourceSums(os.DirFS("../../src"))
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(sums, x.Sources) {
		for name := range sums {
			if sums[name] != x.Sources[name] {
				t.Errorf("src/%s and its headers are not what was compiled", name)
			}
		}
		t.Errorf("the embedded kernels come from other sources (%d, now %d): run make cuda and commit what it writes",
			len(x.Sources), len(sums))
	}
	if !slices.Equal(x.Flags, Flags) {
		t.Errorf("compiled with %q, should be %q: run make cuda", x.Flags, Flags)
	}
}

// TestModulesAreComplete also holds every image to its sum.
func TestModulesAreComplete(t *testing.T) {
	x := compiled(t)
	images, err := x.Unpack(os.DirFS("data"))
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for source := range x.Sources {
		for _, target := range Targets {
			m, err := x.Module(source, target)
			if err != nil {
				t.Error(err)
				continue
			}
			image, err := m.Image(images)
			if err != nil {
				t.Error(err)
				continue
			}
			total += len(image)
			checkImage(t, source, target, image)
		}
	}
	if total != len(images) {
		t.Errorf("%d bytes of images belong to no source: run make cuda", len(images)-total)
	}
}

var (
	ptxVersion = regexp.MustCompile(`(?m)^\.version (\S+)$`)
	ptxTarget  = regexp.MustCompile(`(?m)^\.target sm_(\d+)$`)
)

// checkImage checks that an image is what its target says: PTX of the version that the target's oldest driver takes, or
// an ELF file.
func checkImage(t *testing.T, source string, target Target, image []byte) {
	t.Helper()
	if !target.PTX() {
		if !strings.HasPrefix(string(image), "\x7fELF") {
			t.Errorf("%s for %s is no ELF file", source, target.Name)
		}
		return
	}
	versions := map[int]string{12000: "8.0", 13050: "9.5"}
	v, a := ptxVersion.FindSubmatch(image), ptxTarget.FindSubmatch(image)
	if v == nil || string(v[1]) != versions[target.Driver] {
		t.Errorf("%s for %s is PTX of version %s, and the target's oldest driver takes %s", source, target.Name, v,
			versions[target.Driver])
	}
	if a == nil || "compute_"+string(a[1]) != target.Name {
		t.Errorf("%s for %s is PTX for sm_%s", source, target.Name, a)
	}
}

// TestCompilersAreThoseOfRequirements keeps the compiled files reproducible.
func TestCompilersAreThoseOfRequirements(t *testing.T) {
	text, err := os.ReadFile("../../requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	x := compiled(t)
	for compiler, wheel := range map[string]string{"nvcc": "nvidia-cuda-nvcc", "nvrtc": "nvidia-cuda-nvrtc-cu12"} {
		if want := wheel + "==" + x.Compilers[compiler] + "\n"; !strings.Contains(string(text), want) {
			t.Errorf("%s %s compiled the kernels, which requirements.txt does not name: run make cuda without NVCC",
				compiler, x.Compilers[compiler])
		}
	}
}

// TestAttentionDoesNotSpill: a kernel that keeps rows of its output in registers has nothing to gain from more of them
// than there are.
func TestAttentionDoesNotSpill(t *testing.T) {
	n := 0
	for _, k := range compiled(t).Kernels {
		if !strings.HasPrefix(k.Name, "attention") {
			continue
		}
		n++
		for arch, r := range k.Resources {
			if r.SpillStores+r.SpillLoads > 0 {
				t.Errorf("%s on %s spills %d bytes and reads %d back", k.Name, arch, r.SpillStores, r.SpillLoads)
			}
		}
	}
	if n == 0 {
		t.Error("no kernel of attention is compiled in")
	}
}
