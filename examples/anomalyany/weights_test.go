package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/examples/internal/clitest"
)

// TestModelOfTheHub makes a picture with a model that is fetched, and the same again from the picture's own options,
// without a network, from a cache that lies elsewhere.
func TestModelOfTheHub(t *testing.T) {
	clitest.NewHub(t, map[string]string{"maker/tiny": modelA})
	f := small(t)
	args := []string{"--model", "maker/tiny", "--image", f.Image, "--object=hazelnut", "--anomaly=crack", "--size=64", "--steps=4", "--out", f.Out}
	said, err := clitest.Program(t, args...).CombinedOutput()
	if err == nil || !strings.Contains(string(said), "maker/tiny (main, 0123456): 13 files, ") || !strings.Contains(string(said), "--model maker/tiny --image ") || !strings.HasSuffix(string(said), " --yes\n") {
		t.Errorf("nobody agreed: error %v in\n%s", err, said)
	}
	if said, err := clitest.Program(t, append(args, "--yes")...).CombinedOutput(); err != nil {
		t.Fatalf("%v in\n%s", err, said)
	}
	r := readRecord(t, f, "hazelnut-crack-0000.json")
	name := "maker/tiny@" + clitest.HubCommit
	if r.Options.Model != name || r.Options.Clip != "" || len(r.Model) != 4 {
		t.Errorf("the record has --model %s, --clip %q and the weights %v", r.Options.Model, r.Options.Clip, r.Model)
	}
	for path := range r.Model {
		if !strings.HasPrefix(path, name+"/") {
			t.Errorf("the weights' file is called %s", path)
		}
	}
	text, err := os.ReadFile(filepath.Join(f.Out, "hazelnut-crack-0000.json"))
	if home := os.Getenv("HF_HOME"); err != nil || strings.Contains(string(text), home) {
		t.Errorf("error %v, or the record says where the cache %s lies:\n%s", err, home, text)
	}

	elsewhere := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(os.Getenv("HF_HOME"), elsewhere); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HF_HOME", elsewhere)
	t.Setenv("HF_HUB_OFFLINE", "1")
	again := filepath.Join(t.TempDir(), "again")
	if said, err := clitest.Program(t, "--from", filepath.Join(f.Out, "hazelnut-crack-0000.png"), "--out", again).CombinedOutput(); err != nil {
		t.Fatalf("%v in\n%s", err, said)
	}
	first, err1 := os.ReadFile(filepath.Join(f.Out, "hazelnut-crack-0000-mask.png"))
	second, err2 := os.ReadFile(filepath.Join(again, "hazelnut-crack-0000-mask.png"))
	if err := errors.Join(err1, err2); err != nil || len(first) == 0 || len(second) == 0 {
		t.Error(err)
	}
}

// TestNumbersOfTheHub: a model that is fetched brings the numbers that suit it, as its directory does, the first time, too.
func TestNumbersOfTheHub(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "numbers")
	numbers := []byte(`{"preset": "paper", "size": 64, "steps": 4, "guidance": 3, "gamma": 0.25}`)
	if err := errors.Join(os.CopyFS(dir, os.DirFS(modelA)), os.WriteFile(filepath.Join(dir, "anomalyany.json"), numbers, 0o600)); err != nil {
		t.Fatal(err)
	}
	clitest.NewHub(t, map[string]string{"maker/numbers": dir})
	f := small(t)
	var first record
	for i, model := range []string{"maker/numbers", "maker/numbers", dir} {
		out := filepath.Join(t.TempDir(), "out")
		if said, err := clitest.Program(t, "--yes", "--model", model, "--image", f.Image, "--object=hazelnut", "--anomaly=crack", "--out", out).CombinedOutput(); err != nil {
			t.Fatalf("%v in\n%s", err, said)
		}
		f.Out = out
		r := readRecord(t, f, "hazelnut-crack-0000.json")
		if i == 0 {
			first = r
		}
		if o := r.Options; o.Steps != 4 || o.Guidance != 3 || o.Size != 64 || r.Hashes["picture"] == "" || r.Hashes["mask"] != first.Hashes["mask"] {
			t.Errorf("%s, run %d: %d steps, guidance %g, size %d, hashes %v", model, i, o.Steps, o.Guidance, o.Size, r.Hashes)
		}
	}
	if said, err := clitest.Program(t, "--model", "maker/numbers", "--help").CombinedOutput(); err != nil || !strings.Contains(string(said), "--size=64") {
		t.Errorf("the help has other numbers: %v\n%s", err, said)
	}
}

// TestNothingInVain: what is missing here is said before a model is fetched.
func TestNothingInVain(t *testing.T) {
	h := clitest.NewHub(t, map[string]string{"maker/tiny": modelA})
	said, err := clitest.Program(t, "--yes", "--model", "maker/tiny", "--image", filepath.Join(t.TempDir(), "nut.png"), "--object=hazelnut", "--anomaly=crack", "--out", t.TempDir()).CombinedOutput()
	if err == nil || !strings.Contains(string(said), "--image: ") || h.Asked() > 0 {
		t.Errorf("error %v, %d requests, in\n%s", err, h.Asked(), said)
	}
}

// TestWeights lists what is in the cache, and fetches.
func TestWeights(t *testing.T) {
	h := clitest.NewHub(t, map[string]string{"maker/tiny": modelA})
	list := func() string {
		said, err := clitest.Program(t, "weights").CombinedOutput()
		if err != nil {
			t.Fatalf("%v in\n%s", err, said)
		}
		return strings.Join(strings.Fields(string(said)), " ")
	}
	if said := list(); strings.Contains(said, "In the cache") || !strings.Contains(said, "--model stable-diffusion-v1-5/stable-diffusion-v1-5") || h.Asked() > 0 {
		t.Errorf("an empty cache, %d requests:\n%s", h.Asked(), said)
	}
	said, err := clitest.Program(t, "weights", "maker/tiny", "--yes").Output()
	if err != nil {
		t.Fatalf("error %v, said %q", err, said)
	}
	if _, err := os.Stat(filepath.Join(strings.TrimSpace(string(said)), "unet/config.json")); err != nil {
		t.Error(err)
	}
	if said := list(); !strings.Contains(said, "| maker/tiny | 0123456 | main |") || !strings.Contains(said, "| complete |") {
		t.Errorf("lists\n%s", said)
	}
}

// TestFetchIsInterrupted says that the same command goes on.
func TestFetchIsInterrupted(t *testing.T) {
	h := clitest.NewHub(t, map[string]string{"maker/clip": modelA + "/clip"})
	h.Slowly(true)
	clitest.Interrupt(t, clitest.Program(t, "weights", "maker/clip", "--yes", "--no-refine"), "10 % of")
	h.Slowly(false)
	said, err := clitest.Program(t, "weights", "maker/clip", "--yes", "--no-refine").CombinedOutput()
	if err != nil || !strings.Contains(string(said), "going on with what has come before") {
		t.Errorf("error %v in\n%s", err, said)
	}
}
