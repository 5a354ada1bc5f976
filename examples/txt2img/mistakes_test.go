package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// TestMain lets the test binary be the program.
func TestMain(m *testing.M) {
	clitest.Main(m, main)
}

func TestMistakes(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.png")
	if err := os.WriteFile(text, []byte("this is no picture\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	black := save(t, image.NewGray(image.Rect(0, 0, 64, 64)))
	large := save(t, image.NewGray(image.Rect(0, 0, 65, 64)))
	long := save(t, image.NewGray(image.Rect(0, 0, 1, 3000)))
	ones := image.NewGray(image.Rect(0, 0, 64, 64))
	for i := range ones.Pix {
		ones.Pix[i] = uint8(i % 2)
	}
	labels := save(t, ones)
	withPicture := func(change func(f *flags)) func(f *flags) {
		return func(f *flags) { f.Image = inputPicture; change(f) }
	}
	for name, c := range map[string]struct {
		change func(f *flags)
		says   []string
	}{
		"no model":         {func(f *flags) { f.Model, f.Prompt = "", "" }, []string{"--model MODEL is missing", "hf download", "unet/", "--random"}},
		"no directory":     {func(f *flags) { f.Model = "nowhere" }, []string{"nowhere", "text_encoder/"}},
		"two models":       {func(f *flags) { f.Random = true }, []string{"--model and --random"}},
		"no prompt":        {func(f *flags) { f.Prompt = "" }, []string{"--prompt TEXT is missing"}},
		"guidance":         {func(f *flags) { f.Guidance = -1 }, []string{"--guidance is -1, want 0 to 1000"}},
		"no guidance":      {func(f *flags) { f.Guidance = math.NaN() }, []string{"--guidance is NaN"}},
		"endless guidance": {func(f *flags) { f.Guidance = math.Inf(1) }, []string{"--guidance is +Inf"}},
		"huge guidance":    {func(f *flags) { f.Guidance = 1e39 }, []string{"--guidance is 1e+39, want 0 to 1000"}},
		"negative alone":   {func(f *flags) { f.Guidance = 1 }, []string{"--negative has no effect with --guidance 1", "more than 1"}},
		"eta":              {func(f *flags) { f.Scheduler, f.Eta = "euler", share(0.5) }, []string{"--eta is for ddim and tcd, not for euler"}},
		"too much eta":     {func(f *flags) { f.Eta = share(1.5) }, []string{"--eta is 1.5"}},
		"spacing":          {func(f *flags) { f.Scheduler, f.Spacing = "lcm", "trailing" }, []string{"--spacing trailing: lcm has timesteps of its own"}},
		"Karras":           {func(f *flags) { f.Karras = true }, []string{"--karras", "euler, euler-a, dpmpp2m, dpmpp2m-sde and unipc, not of ddim"}},
		"no steps":         {func(f *flags) { f.Steps = 0 }, []string{"--steps is 0, want 1 to 1000"}},
		"steps":            {func(f *flags) { f.Steps = 1001 }, []string{"--steps is 1001, want 1 to 1000"}},
		"number":           {func(f *flags) { f.N = 0 }, []string{"--n is 0"}},
		"seeds":            {func(f *flags) { f.Seed, f.N = math.MaxUint64, 2 }, []string{"--seed is 18446744073709551615", "no 2 seeds"}},
		"size":             {func(f *flags) { f.Size = 0 }, []string{"--size is 0"}},
		"huge size":        {func(f *flags) { f.Size = 100_000 }, []string{"--size is 100000, want 1 to 8192"}},
		"width":            {func(f *flags) { f.Width = -8 }, []string{"--width and --height are -8 and 0"}},
		"multiple":         {func(f *flags) { f.Width = 100 }, []string{"--width 100 and --height 64", "multiples of 64"}},
		"huge":             {func(f *flags) { f.Width, f.Height = 1<<20, 1<<20 }, []string{"1048576×1048576", "at most 67 million"}},
		"preview":          {func(f *flags) { f.Every = -1 }, []string{"--preview is -1, want 0 to"}},
		"strength alone":   {func(f *flags) { f.Strength = share(0.5) }, []string{"--strength needs --image"}},
		"mask alone":       {func(f *flags) { f.Mask = inputMask }, []string{"--mask needs --image"}},
		"strength":         {withPicture(func(f *flags) { f.Strength = share(1.5) }), []string{"--strength is 1.5, want 0 to 1"}},
		"no strength":      {withPicture(func(f *flags) { f.Strength = share(math.NaN()) }), []string{"--strength is NaN"}},
		"paste alone":      {withPicture(func(f *flags) { f.Paste = true }), []string{"--paste needs --mask"}},
		"two sizes":        {withPicture(func(f *flags) { f.Height = 64 }), []string{"--width and --height do not go with --image"}},
		"no file":          {func(f *flags) { f.Image = "nowhere.png" }, []string{"nowhere.png"}},
		"no picture":       {func(f *flags) { f.Image = text }, []string{"text.png", "a text file", "PNG, JPEG, GIF, BMP, TIFF and WebP"}},
		"small":            {withPicture(func(f *flags) { f.Size = 63 }), []string{"at least 64"}},
		"no mask":          {withPicture(func(f *flags) { f.Mask = text }), []string{"text.png", "a text file"}},
		"mask's size":      {withPicture(func(f *flags) { f.Mask = large }), []string{"picture.png is 65×64", "input.png is 64×64"}},
		"black mask":       {withPicture(func(f *flags) { f.Mask = black }), []string{"nothing of", "picture.png", "8×8 pixels"}},
		"labels":           {withPicture(func(f *flags) { f.Mask = labels }), []string{"picture.png", "its lightest value is 1 of 255", "multiplied"}},
		"long":             {func(f *flags) { f.Image = long }, []string{"1×3000", "at most 8 times"}},
		"huge picture":     {withPicture(func(f *flags) { f.Size = 100_000 }), []string{"--size is 100000, want 1 to 8192"}},
		"no folder":        {func(f *flags) { f.Out = text }, []string{"--out", "text.png"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := small(t)
			c.change(&f)
			err := f.Validate()
			if err == nil {
				err = run(t.Context(), f)
			}
			if err == nil {
				t.Fatal("no error")
			}
			for _, says := range c.says {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("the error does not say %q: %v", says, err)
				}
			}
			if f.Out != text && len(clitest.Written(t, f.Out)) > 0 {
				t.Errorf("wrote %v", clitest.Written(t, f.Out))
			}
		})
	}
}

// What kong refuses, and what there is without flags.
func TestCommandLine(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		status int
		says   []string
	}{
		"nothing":    {nil, 0, []string{"txt2img makes pictures", "hf download"}},
		"help":       {[]string{"--help"}, 0, []string{"--scheduler", "ddim,pndm,euler,euler-a,dpmpp2m", "cpu or cuda"}},
		"scheduler":  {[]string{"--scheduler", "heun"}, 80, []string{"--scheduler", `"euler-a"`, `"heun"`}},
		"noise":      {[]string{"--noise", "gpu"}, 80, []string{"--noise", `"cuda"`, `"gpu"`}},
		"number":     {[]string{"--steps", "many"}, 80, []string{"--steps", `"many"`}},
		"no value":   {[]string{"--image", "--mask", "m.png"}, 80, []string{"--image: its value is missing, --mask follows"}},
		"no file":    {[]string{"--mask", ""}, 80, []string{"--mask: its value is empty"}},
		"seed":       {[]string{"--seed", "-1"}, 80, []string{"--seed", "from 0 to 18446744073709551615", "torch takes 18446744073709551615 for -1"}},
		"no prompt":  {[]string{"--model", modelA}, 80, []string{"--prompt TEXT is missing"}},
		"validation": {[]string{"--n", "0"}, 80, []string{"--n is 0"}},
		"run":        {[]string{"--prompt", "a cat"}, 1, []string{"txt2img: --model MODEL is missing"}},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := clitest.Program(t, c.args...)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if got := cmd.ProcessState.ExitCode(); got != c.status {
				t.Errorf("exit status %d, want %d", got, c.status)
			}
			for _, says := range c.says {
				if !strings.Contains(string(out), says) {
					t.Errorf("the output does not say %q:\n%s", says, out)
				}
			}
		})
	}
}

// TestEnvironment asks for an instruction set that there is not.
func TestEnvironment(t *testing.T) {
	out := t.TempDir()
	cmd := clitest.Program(t, "--model", modelA, "--prompt", "a cat", "--size", "64", "--steps", "1", "--out", out)
	cmd.Env = append(cmd.Env, "SDGRAPH_ISA=nonsense")
	output, err := cmd.CombinedOutput()
	want := "txt2img: kernels: environment variable SDGRAPH_ISA: \"nonsense\" is no instruction set; this machine and build can run " +
		strings.Join(kernels.ISAs(), ", ") + "\n"
	if err == nil || string(output) != want || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("%v, output:\n%swant:\n%s", err, output, want)
	}
}

// An empty prompt makes the picture that guidance leads away from.
func TestEmptyPrompt(t *testing.T) {
	made := map[string]*image.RGBA{}
	for name, args := range map[string][]string{
		"empty": {"--prompt", ""}, "alone": {"--prompt=", "--guidance", "1"}, "cat": {"--prompt", "a cat"}, "negative": {"--prompt=", "--negative", "a cat"},
	} {
		out := t.TempDir()
		args = append(args, "--model", modelA, "--size", "64", "--steps", "3", "--precision", "f32", "--out", out)
		if output, err := clitest.Program(t, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v:\n%s", name, err, output)
		}
		path := filepath.Join(out, clitest.Written(t, out)[0])
		made[name] = readPicture(t, path)
		texts, err := images.ReadPNGText(t.Context(), path, "parameters")
		if err != nil {
			t.Fatal(err)
		}
		if begins := map[string]string{"empty": "Steps: 3, ", "negative": "Negative prompt: a cat\nSteps: 3, "}[name]; !strings.HasPrefix(texts[0].Value, begins) {
			t.Errorf("%s: the parameters are %q, want them to begin with %q", name, texts[0].Value, begins)
		}
	}
	if !bytes.Equal(made["empty"].Pix, made["alone"].Pix) {
		t.Error("guidance from an empty prompt to an empty one changes the picture")
	}
	for _, other := range []string{"cat", "negative"} {
		if bytes.Equal(made["empty"].Pix, made[other].Pix) {
			t.Errorf("%s: the same picture as without words", other)
		}
	}
}

// A prompt that is too long makes a picture and a warning that names the rest.
func TestLongPrompt(t *testing.T) {
	out := t.TempDir()
	long := strings.Repeat("a ", 75) + "red bucket"
	for flag, what := range map[string]string{"--prompt": "the prompt", "--negative": "the negative prompt"} {
		args := []string{"--model", modelA, "--prompt", "a cat", "--size", "64", "--steps", "1", "--out", out, flag, long}
		output, err := clitest.Program(t, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v:\n%s", err, output)
		}
		if want := fmt.Sprintf("warning: %s has more than the 75 tokens that the model reads; left out: red bucket\n", what); !strings.Contains(string(output), want) {
			t.Errorf("%s: the output does not say %q:\n%s", flag, want, output)
		}
	}
}

// TestCancelled gives up before the first operation, and after some.
func TestCancelled(t *testing.T) {
	f := small(t)
	f.Image, f.Scheduler = inputPicture, "euler"
	for _, operations := range []int{0, 300} {
		ctx, cancel := context.WithCancel(t.Context())
		if operations == 0 {
			cancel()
		}
		ran := 0
		err := run(nn.WithTrace(ctx, func(nn.Executed) {
			if ran++; ran == operations {
				cancel()
			}
		}), f)
		if !errors.Is(err, context.Canceled) || ran != operations {
			t.Errorf("to be cancelled after %d operations: error %v after %d, want the context's", operations, err, ran)
		}
		if names := clitest.Written(t, f.Out); len(names) > 0 {
			t.Errorf("after %d operations: left %v", operations, names)
		}
	}
}

// TestInterrupt stops a run that would take a minute.
func TestInterrupt(t *testing.T) {
	for _, by := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		out := t.TempDir()
		clitest.Stop(t, clitest.Program(t, "--model", modelA, "--prompt", "a cat", "--size", "256", "--steps", "900", "--out", out), "step 2 of 900", by)
		if names := clitest.Written(t, out); len(names) > 0 {
			t.Errorf("%v: left %v", by, names)
		}
	}
}

// A progress that cannot be written does not stop the work, paths that cannot do.
func TestFullOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	for name, c := range map[string]struct {
		onto   func(cmd *exec.Cmd)
		status int
	}{
		"progress": {func(cmd *exec.Cmd) { cmd.Stderr = full }, 0},
		"paths":    {func(cmd *exec.Cmd) { cmd.Stdout = full }, 1},
	} {
		out := t.TempDir()
		cmd := clitest.Program(t, "--model", modelA, "--prompt", "a cat", "--size", "64", "--steps", "2", "--scheduler", "ddim", "--out", out)
		c.onto(cmd)
		if err := cmd.Run(); cmd.ProcessState.ExitCode() != c.status {
			t.Errorf("%s: %v, want exit status %d", name, err, c.status)
		}
		if names := clitest.Written(t, out); len(names) != 1 {
			t.Errorf("%s: wrote %v, want the picture", name, names)
		}
	}
}

// TestTimeLeft reckons with steps and with the decoding of all pictures. Time passes only where it sleeps.
func TestTimeLeft(t *testing.T) {
	for guidance, want := range map[float64]string{7.5: "step 4 of 10: 31s left\n", 1: "step 4 of 10: 37s left\n"} { // 26 steps and 3·1.8 or 3·3.6
		synctest.Test(t, func(t *testing.T) {
			var out strings.Builder
			j := &job{flags: flags{N: 3, Guidance: guidance}}
			p := j.newProgress(t.Context(), &out, 10)
			p.Begin("", "step %d of %d: ", 10)
			for range 4 {
				time.Sleep(time.Second)
				p.Step(1, "")
			}
			if !strings.HasSuffix(out.String(), want) {
				t.Errorf("guidance %g: %q, want %q at the end", guidance, out.String(), want)
			}
		})
	}
}
