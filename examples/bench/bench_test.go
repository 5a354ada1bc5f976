package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tiny is a small model in the architecture of Stable Diffusion 1.5.
const tiny = "../../testdata/models/a"

// TestMain lets the test binary stand in for the programs that a benchmark
// starts: for bench itself, and for a Python that runs peers.py.
func TestMain(m *testing.M) {
	switch at := slices.Index(os.Args, "--child"); {
	case at < 0:
		os.Exit(m.Run())
	case strings.HasSuffix(os.Args[1], "peers.py"):
		for again := waiting(os.Stdin, os.Stdout); again(); {
		}
		fmt.Printf(`{"name": %q, "peer": "fake %s", "dtype": "f32", "threads": 1, "seconds": 1000, "cpu_seconds": 1000, "peak_rss_gb": 1000}`,
			os.Args[at+1], os.Args[slices.Index(os.Args, "--peer")+1])
	default:
		main()
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		o    options
		want string
	}{
		{options{Dtype: "f64", Size: 64}, "--dtype f64: want f32 or bf16"},
		{options{Dtype: "f32", Size: 64, Threads: -1}, "--threads -1: want at least 1"},
		{options{Dtype: "f32", Size: 64, Threads: 1_000_000_000}, "--threads 1000000000: want at most 4096"},
		{options{Dtype: "f32", Size: 64, Memory: -1}, "--memory is -1, want 0 to 1e+06"},
		{options{Dtype: "f32", Size: 64, Memory: math.NaN()}, "--memory is NaN"},
		{options{Dtype: "f32", Size: 100_032}, "--size 100032: want a multiple of 64, up to 8192"},
		{options{Dtype: "f32", Size: 64, Model: "nowhere"}, "--model: stat nowhere: "},
		{options{Dtype: "f32", Size: 100}, "--size 100: want a multiple of 64"},
		{options{Dtype: "f32", Size: 64, Only: []string{"unet.b1", "unet"}}, `no workload "unet"; there are unet.b1, unet.b2,`},
		{options{Dtype: "f32", Size: 64, Child: "vae"}, `no workload "vae"`},
	} {
		var out bytes.Buffer
		err := run(t.Context(), &out, c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one with %q", c.o, err, c.want)
		}
		if out.Len() > 0 {
			t.Errorf("%+v: printed %q", c.o, out.String())
		}
	}
}

func TestPeak(t *testing.T) {
	got := lines(t, options{Dtype: "f32", Size: 64, Threads: 1, Peak: true})
	if len(got) != 1 || got[0]["name"] != "peak" || got[0]["threads"] != 1.0 || got[0]["gflops"].(float64) <= 0 {
		t.Errorf("printed %v, want one line with the peak of one thread", got)
	}
}

func TestWorkloads(t *testing.T) {
	all := map[string]*result{}
	for _, w := range append(graphs(), find("attention.64x77x160.grad"), find("vision.lite0.b1"), find("nearest.784x784x1024"), find("generate.poisson"), find("generate.cutpaste")) {
		o := options{Model: tiny, Dtype: "f32", Size: 64, Profile: true}
		r, err := measure(t.Context(), o, w, alone())
		if err != nil {
			t.Fatalf("%s: %v", w.name, err)
		}
		all[w.name] = r
		sum := 0.0
		for _, k := range r.Profile {
			sum += k.Seconds
		}
		if sum < 0.99*r.Seconds || sum > 1.01*r.Seconds {
			t.Errorf("%s: took %v s, its operations %v s", w.name, r.Seconds, sum)
		}
	}
	more := func(a, b string, least, most float64) {
		t.Helper()
		if f := all[a].GFLOP / all[b].GFLOP; f < least || f > most {
			t.Errorf("the work of %s is %.3g times that of %s, want %g to %g times", a, f, b, least, most)
		}
	}
	more("unet.b2", "unet.b1", 1.9, 2)
	more("unet.grad", "unet.b1", 1.9, 3)
	more("vae.decode.grad", "vae.decode", 1.9, 3)
	more("taesd.decode.grad", "taesd.decode", 1.9, 2.1)
	more("inversion.step", "unet.b1", 1.9, 4)
	more("clip.image.grad", "clip.image", 1.9, 3)
	more("anomalyany.step", "unet.b2", 1.3, 2)
	more("anomalyany.refine", "anomalyany.step", 1.1, 100)
}

func TestLines(t *testing.T) {
	o := options{Model: tiny, Dtype: "f32", Size: 64, Threads: 1, Only: []string{"clip.image", "anomalyany.step", "anomalyany.refine"}}
	got := lines(t, o)
	var found []string
	for _, l := range got {
		found = append(found, l["name"].(string))
		for _, field := range []string{"dtype", "threads", "seconds", "gflop", "gflops", "of_peak", "isa"} {
			if _, ok := l[field]; !ok {
				t.Errorf("%s: no %s in %v", l["name"], field, l)
			}
		}
	}
	want := append(slices.Clone(o.Only), "anomalyany.image")
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("lines, want (-), got (+):\n%s", diff)
	}
}

func TestPeers(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	got := lines(t, options{Model: tiny, Dtype: "f32", Size: 64, Threads: 1, Peers: self, Only: []string{"clip.text"}})
	if len(got) != 5 || got[1]["peer"] != "fake torch" || got[2]["peer"] != "fake torch" || got[4]["peer"] != "fake openvino" {
		t.Fatalf("printed %v, want our line, and of each peer one and a ratio", got)
	}
	if want := round(1000/got[0]["seconds"].(float64), 3); got[2]["times_as_fast"] != want {
		t.Errorf("times_as_fast %v, want %v", got[2]["times_as_fast"], want)
	}

	picture := []string{"anomalyany.step", "anomalyany.refine"}
	got = lines(t, options{Model: tiny, Dtype: "f32", Size: 64, Threads: 1, Peers: self, Only: picture})
	if last := len(got) - 1; last != 8 || got[last]["name"] != "anomalyany.image" || got[last-1]["seconds"] != 75000.0 {
		t.Errorf("printed %v, want a picture of 75 steps of the peer and the ratio at the end", got)
	}
}

// TestSums asks for a picture of preset fast, whose parts are measured, and adds them up anew.
func TestSums(t *testing.T) {
	got := map[string]map[string]any{}
	for _, l := range lines(t, options{Model: tiny, Dtype: "f32", Size: 64, Threads: 1, Only: []string{"anomalyany.fast"}}) {
		got[l["name"].(string)] = l
	}
	if len(got) != 5 {
		t.Errorf("printed %v, want the four parts of a picture and the picture", got)
	}
	seconds, peak := 0.0, 0.0
	for name, times := range map[string]float64{"vae.encode": 1, "anomalyany.step": 9, "anomalyany.look": 5, "vae.decode": 1} {
		seconds += times * got[name]["seconds"].(float64)
		peak = max(peak, got[name]["peak_rss_gb"].(float64))
	}
	fast := got["anomalyany.fast"]
	if d := fast["seconds"].(float64)/seconds - 1; math.Abs(d) > 0.002 || fast["peak_rss_gb"] != peak {
		t.Errorf("%v, want %g seconds and %g GB", fast, seconds, peak)
	}
}

// TestUsual has what is measured of itself: neighbours are found, and defects generated, on the processor and in f32 only.
func TestUsual(t *testing.T) {
	for _, c := range []struct {
		o                           options
		network, nearest, attention bool
	}{
		{options{Device: "cpu", Dtype: "f32"}, true, true, false},
		{options{Device: "cpu", Dtype: "bf16"}, true, false, false},
		{options{Device: "cuda:0", Dtype: "f16"}, false, false, true},
	} {
		names := c.o.usual()
		for prefix, want := range map[string]bool{"unet.": true, "vision.": c.network, "nearest.": c.nearest, "generate.": c.nearest, "attention.": c.attention} {
			if slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, prefix) }) != want {
				t.Errorf("%s, %s: of %s there should be some: %v; measured are %v", c.o.Device, c.o.Dtype, prefix, want, names)
			}
		}
	}
	for _, name := range []string{"nearest.784x784x1024", "generate.nsa"} {
		_, err := measure(t.Context(), options{Dtype: "bf16"}, find(name), alone())
		if err == nil || !strings.Contains(err.Error(), "f32 only") {
			t.Errorf("%s in bf16: error %v", name, err)
		}
	}
}

// TestPeerFails: what a peer died of is the error, and our own process does not stay.
func TestPeerFails(t *testing.T) {
	peer, err := exec.LookPath("false")
	if err != nil {
		t.Skip(err)
	}
	o := options{Model: tiny, Dtype: "f32", Size: 64, Threads: 1, Peers: peer, Only: []string{"clip.text"}}
	err = run(t.Context(), &bytes.Buffer{}, o)
	if err == nil || !strings.Contains(err.Error(), "false on clip.text: exit status 1") {
		t.Errorf("error %v, want how the peer ended", err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := options{Model: tiny, Dtype: "f32", Size: 64, Child: "unet.b1"}
	if err := run(ctx, &bytes.Buffer{}, o); err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	o.Child, o.Only = "", []string{"unet.b1"}
	if err := run(ctx, &bytes.Buffer{}, o); err != context.Canceled {
		t.Errorf("error %v, want %v: that children end with it is no news", err, context.Canceled)
	}
}

// lines runs the benchmark and decodes what it prints.
func lines(t *testing.T, o options) []map[string]any {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), &out, o); err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for d := json.NewDecoder(&out); d.More(); {
		l := map[string]any{}
		if err := d.Decode(&l); err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}
