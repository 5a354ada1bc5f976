package main

import (
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/kernels/cuda"
)

// killAfter is the environment variable that ends the program, as if it were
// killed, after so many files have got their names or were removed.
const (
	killAfter    = "ANOMALYANY_TEST_KILL_AFTER"
	killedStatus = 99
)

// TestMain lets the test binary be the program. What it has embedded is the
// directory of ANOMALYANY_TEST_MODEL, in the tests themselves nothing.
func TestMain(m *testing.M) {
	embedded = nil
	if dir := os.Getenv("ANOMALYANY_TEST_MODEL"); dir != "" {
		embedded = os.DirFS(dir)
	}
	if n, err := strconv.Atoi(os.Getenv(killAfter)); err == nil {
		files.Changed = func(string) {
			if n--; n == 0 {
				os.Exit(killedStatus)
			}
		}
	}
	clitest.Main(m, main)
}

func TestMistakes(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.png")
	if err := os.WriteFile(text, []byte("this is no picture\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ones := image.NewGray(image.Rect(0, 0, 150, 100))
	for i := range ones.Pix {
		ones.Pix[i] = uint8(i % 2)
	}
	labels := save(t, "labels.png", ones)
	for name, c := range map[string]struct {
		change func(f *Spec)
		says   []string
	}{
		"no model":       {func(f *Spec) { f.Model = "" }, []string{"--model MODEL is missing", "hf download", "unet/", "--random"}},
		"no directory":   {func(f *Spec) { f.Model = "nowhere" }, []string{"nowhere", "text_encoder/"}},
		"two models":     {func(f *Spec) { f.Random = true }, []string{"--model and --random"}},
		"no photograph":  {func(f *Spec) { f.Image = "" }, []string{"--image FILE is missing"}},
		"no anomaly":     {func(f *Spec) { f.Anomaly = nil }, []string{"--anomaly WORD is missing"}},
		"no object":      {func(f *Spec) { f.Object = "" }, []string{"--object WORD is missing", "--prompt"}},
		"word":           {func(f *Spec) { f.Prompt = "a photo of a nut" }, []string{`"crack"`, "a, photo, of, a, nut"}},
		"no file":        {func(f *Spec) { f.Image = "nowhere.png" }, []string{"nowhere.png", "no such file"}},
		"no picture":     {func(f *Spec) { f.Image = text }, []string{"text.png", "a text file", "PNG, JPEG, GIF, BMP, TIFF and WebP"}},
		"no mask":        {func(f *Spec) { f.Mask = text }, []string{"text.png", "a text file"}},
		"mask's size":    {func(f *Spec) { f.Mask = writeMask(t, 100, 150, 0, 0, 1, 1) }, []string{"mask.png is 100×150", "nut.png is 150×100"}},
		"black mask":     {func(f *Spec) { f.Mask = writeMask(t, 150, 100, 0, 0, 0, 0) }, []string{"nothing of the mask is left", "2×2", "32×32 pixels"}},
		"mask cut off":   {func(f *Spec) { f.Mask = writeMask(t, 150, 100, 0, 0, 0.1, 1) }, []string{"nothing of the mask is left"}},
		"mask alone":     {func(f *Spec) { f.Image, f.Mask = "", "mask.png" }, []string{"--mask needs --image"}},
		"small":          {func(f *Spec) { f.Size = 63 }, []string{"at least 64"}},
		"size":           {func(f *Spec) { f.Size = 0 }, []string{"--size is 0"}},
		"drawn huge":     {func(f *Spec) { f.Image, f.Drawn, f.Size = "", true, 1<<62 }, []string{"--size is 4611686018427387904"}},
		"long":           {func(f *Spec) { f.Image = writePicture(t, "long.png", 1, 3000) }, []string{"1×3000", "at most 8 times"}},
		"labels":         {func(f *Spec) { f.Mask = labels }, []string{"labels.png", "its lightest value is 1 of 255", "multiplied"}},
		"number":         {func(f *Spec) { f.N = 0 }, []string{"--n is 0"}},
		"memory":         {func(f *Spec) { f.Memory = -2 }, []string{"--memory is -2"}},
		"no memory":      {func(f *Spec) { f.Memory = math.NaN() }, []string{"--memory is NaN, want 0 to 1e+06"}},
		"huge memory":    {func(f *Spec) { f.Memory = 1e300 }, []string{"--memory is 1e+300"}},
		"huge size":      {func(f *Spec) { f.Size = 100_000 }, []string{"--size is 100000, want 1 to 8192"}},
		"guidance":       {func(f *Spec) { f.Guidance = float32(math.Inf(1)) }, []string{"--guidance is +Inf, want 0 to 1000"}},
		"lambda":         {func(f *Spec) { f.Lambda = -1 }, []string{"--lambda λ is -1, want 0 to"}},
		"refine":         {func(f *Spec) { f.Refine = -2 }, []string{"--refine R is -2, want -1 to 1000"}},
		"no gamma":       {func(f *Spec) { f.Gamma = math.NaN() }, []string{"--gamma γ is NaN, want 0 to less than 1"}},
		"little memory":  {func(f *Spec) { f.Memory = 1e-6 }, []string{"memory budget", "too small"}},
		"gamma":          {func(f *Spec) { f.Gamma = 1 }, []string{"γ is 1"}},
		"steps":          {func(f *Spec) { f.Steps = 0 }, []string{"T is 0"}},
		"out":            {func(f *Spec) { f.Out = filepath.Join(f.Image, "out") }, []string{"--out", "nut.png"}},
		"CLIP elsewhere": {func(f *Spec) { f.Clip = "nowhere" }, []string{filepath.Join("nowhere", "config.json")}},
	} {
		f := small(t)
		c.change(&f)
		err := f.Validate()
		if err == nil {
			err = run(t.Context(), f)
		}
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, part := range c.says {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error does not mention %q: %v", name, part, err)
			}
		}
		if names := clitest.Written(t, f.Out); len(names) > 0 {
			t.Errorf("%s: left %v", name, names)
		}
	}
}

// TestProgram looks at what a user sees: output, progress and exit status.
func TestProgram(t *testing.T) {
	f := small(t)
	args := []string{"--model", modelA, "--image", f.Image, "--object", "hazelnut", "--anomaly", "crack", "--size", "64", "--out", f.Out, "--overwrite"}
	for name, c := range map[string]struct {
		args   []string
		status int
		stdout []string
		stderr []string
	}{
		"nothing":  {nil, 1, nil, []string{"--model MODEL is missing", "hf download"}},
		"weights":  {[]string{"weights"}, 0, []string{"hf download", "scheduler/", "--random", "--help"}, nil},
		"help":     {[]string{"--help"}, 0, []string{"--model=MODEL", "--eta-e=0.02", "(γ; T - ⌊γT⌋ steps run)"}, nil},
		"no model": {[]string{"--image", f.Image}, 1, nil, []string{"--model MODEL is missing", "hf download"}},
		"flag":     {append(args, "--stepz", "3"), 80, nil, []string{"unknown flag --stepz"}},
		"preset":   {append(args, "--preset=released", "--mu=1"), 80, nil, []string{"--mu is a number of --preset paper"}},
		"picture": {append(args, "--steps", "3"), 0, []string{filepath.Join(f.Out, "hazelnut-crack-0000.json")}, []string{
			"photograph: 150×100 scaled to 96×64, centre 64×64 kept", "prompt: a photo of a hazelnut with a crack on it",
			"picture 1 of 1, seed 0", "seed 0, step 3 of 3: L_att ", "0s left"}},
		"detail": {append(args, "--steps", "4", "--detail", "a crack"), 0, nil, []string{"step 3 of 3: L_att ", "L_img ", "L_prompt "}},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr strings.Builder
			cmd := clitest.Program(t, c.args...)
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if got := cmd.ProcessState.ExitCode(); got != c.status {
				t.Errorf("exit status %d, want %d", got, c.status)
			}
			for _, part := range c.stdout {
				if !strings.Contains(stdout.String(), part) {
					t.Errorf("the output does not mention %q:\n%s", part, &stdout)
				}
			}
			for _, part := range c.stderr {
				if !strings.Contains(stderr.String(), part) {
					t.Errorf("what goes to stderr does not mention %q:\n%s", part, &stderr)
				}
			}
		})
	}
}

// TestInterruptSignal stops a run that would take a minute, as a user does.
func TestInterruptSignal(t *testing.T) {
	f := small(t)
	clitest.Interrupt(t, clitest.Program(t, "--model", modelA, "--image", f.Image, "--object", "hazelnut", "--anomaly", "crack",
		"--size", "256", "--steps", "999", "--out", f.Out), "step 1 of 750")
	if names := clitest.Written(t, f.Out); len(names) > 0 {
		t.Errorf("left %v", names)
	}
}

// TestAdvice: who runs out of a GPU's memory is told of the flag that asks for less.
func TestAdvice(t *testing.T) {
	f := Spec{Memory: 3}
	full := &cuda.OutOfMemoryError{Device: "cuda:0", Need: 3 << 30, Free: 1 << 30, Total: 8 << 30}
	err := f.advise(fmt.Errorf("seed 1: %w", full))
	for _, part := range []string{"seed 1: cuda: out of memory on cuda:0: 3072.0 MiB needed", "1024.0 MiB of 8192.0 MiB are free", "a lower --memory, the GiB for activations, now 3"} {
		if !errors.Is(err, full) || !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	if other := errors.New("no such file"); f.advise(other) != other || f.advise(nil) != nil {
		t.Error("another error is changed")
	}
}
