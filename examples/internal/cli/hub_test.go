package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/tensor/hub"
)

const (
	modelA = "../../../testdata/models/a"
	repoA  = "maker/tiny"
	clipA  = "maker/clip"
)

func aHub(t *testing.T) *clitest.Hub {
	return clitest.NewHub(t, map[string]string{repoA: modelA, clipA: modelA + "/clip"})
}

// answering is somebody at a terminal.
func answering(text string) (person, *bytes.Buffer) {
	out := new(bytes.Buffer)
	return person{strings.NewReader(text), out, true}, out
}

// TestIsHub: what is on the disk is no name, nor what cannot be one.
func TestIsHub(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("models/sd15", 0o700); err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]bool{
		"": false, "sd15": false, "models/sd15": false, "./models/other": false, "../models": false, "/models/other": false, "a/b/c": false,
		"models/other": true, "owner/name@main": true, "owner/name:weights.safetensors": true, "https://huggingface.co/owner/name": true, `C:\models`: false,
	} {
		if got := IsHub(value); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

// TestFind asks once for all that is missing, fetches it, and finds it without the network the next time.
func TestFind(t *testing.T) {
	h := aHub(t)
	p, out := answering("\n")
	found, err := new(Hub).find(t.Context(), p, []string{repoA, clipA, modelA, ""}, false)
	if err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	for _, want := range []string{
		"maker/tiny (main, 0123456): 13 files, ", "into ", " free. Licence: creativeml-openrail-m.\nmaker/clip (main, 0123456): 2 files, ", "Download? [Y/n] ", "100 % of ",
	} {
		if strings.Count(out.String(), want) == 0 {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Count(out.String(), "Download?") != 1 {
		t.Errorf("asked more than once:\n%s", out)
	}
	if found[0].Name != repoA+"@"+clitest.HubCommit || found[2] != (Found{modelA, modelA}) || found[3] != (Found{}) {
		t.Errorf("found %v", found)
	}
	want, err1 := os.ReadFile(filepath.Join(modelA, "unet/config.json"))
	got, err2 := os.ReadFile(filepath.Join(found[0].Path, "unet/config.json"))
	if err1 != nil || err2 != nil || !bytes.Equal(got, want) {
		t.Errorf("another file came: %v, %v", err1, err2)
	}
	before := h.Asked()
	p, out = answering("")
	for _, name := range []string{repoA, found[0].Name} {
		again, err := new(Hub).find(t.Context(), p, []string{name}, false)
		if err != nil || again[0] != found[0] || out.Len() > 0 || h.Asked() != before {
			t.Errorf("%s again: %v, error %v, %d requests more, said %q", name, again, err, h.Asked()-before, out)
		}
	}
}

// TestCLIPComesAlong: with a model that has none, and only where it is wanted.
func TestCLIPComesAlong(t *testing.T) {
	bare := filepath.Join(t.TempDir(), "bare")
	if err := os.CopyFS(bare, os.DirFS(modelA)); err != nil {
		t.Fatal(err)
	}
	index := []byte(`{"_class_name": "StableDiffusionPipeline", "scheduler": ["diffusers", "PNDMScheduler"], "text_encoder": ["transformers", "CLIPTextModel"], "tokenizer": ["transformers", "CLIPTokenizer"], "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]}`)
	if err := errors.Join(os.RemoveAll(filepath.Join(bare, "clip")), os.WriteFile(filepath.Join(bare, "model_index.json"), index, 0o600)); err != nil {
		t.Fatal(err)
	}
	clitest.NewHub(t, map[string]string{repoA: modelA, "maker/bare": bare, CLIPOfSD15: modelA + "/clip", clipA: modelA + "/clip"})
	for _, c := range []struct {
		model, clip string
		with        bool
		want        string // the CLIP's name
	}{
		{"maker/bare", "", true, CLIPOfSD15 + "@" + clitest.HubCommit}, {"maker/bare", "", false, ""}, {repoA, "", true, ""}, {bare, "", true, ""},
		{"maker/bare", clipA, true, clipA + "@" + clitest.HubCommit}, {"", "", true, ""},
	} {
		p, out := answering("y\n")
		found, err := new(Hub).find(t.Context(), p, []string{c.model, c.clip}, c.with)
		if err != nil || found[1].Name != c.want {
			t.Errorf("%s with %q, %v: %v, error %v in\n%s", c.model, c.clip, c.with, found, err, out)
		}
	}
}

// TestAgrees: only who says yes agrees, and who is not there is told what to type.
func TestAgrees(t *testing.T) {
	h := aHub(t)
	for _, answer := range []string{"n\n", "no\n", "", "what\n", "Y\n"} {
		p, _ := answering(answer)
		agrees := answer == "Y\n" // the last, since then it is there
		_, err := new(Hub).find(t.Context(), p, []string{clipA}, false)
		if (err == nil) != agrees || err != nil && err.Error() != "nothing was fetched" {
			t.Errorf("%q: error %v", answer, err)
		}
	}
	args := os.Args
	t.Cleanup(func() { os.Args = args })
	os.Args = []string{"/somewhere/anomalyany", "--model", repoA, "--prompt", "it's a crack", ""}
	p, _ := answering("y\n")
	p.present = false
	_, err := new(Hub).find(t.Context(), p, []string{repoA}, false)
	if want := `anomalyany --model maker/tiny --prompt 'it'\''s a crack' '' --yes`; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("nobody there: error %v, want %s", err, want)
	}
	if _, err := (&Hub{Yes: true}).find(t.Context(), p, []string{repoA}, false); err != nil {
		t.Errorf("--yes: %v", err)
	}
	if h.Asked() == 0 {
		t.Error("nobody was asked for anything")
	}
}

// TestFindRefuses says of what is neither here nor there that it is.
func TestFindRefuses(t *testing.T) {
	h := aHub(t)
	p, _ := answering("y\n")
	_, err := new(Hub).find(t.Context(), p, []string{"maker/other"}, false)
	if !errors.Is(err, hub.ErrNotFound) || !strings.Contains(err.Error(), "maker/other is no file or directory here, and of the hub: ") {
		t.Errorf("an unknown model: %v", err)
	}
	if _, err = (&Hub{Variant: "fp8"}).find(t.Context(), p, []string{repoA}, false); !errors.Is(err, hub.ErrArgument) || !strings.Contains(err.Error(), `variant "fp8"`) {
		t.Errorf("an unknown variant: %v", err)
	}
	h.Close()
	t.Setenv("HF_HUB_OFFLINE", "1")
	if _, err = new(Hub).find(t.Context(), p, []string{repoA}, false); !errors.Is(err, hub.ErrOffline) || !strings.Contains(err.Error(), "hf download maker/tiny") {
		t.Errorf("offline: %v", err)
	}
}

// TestFindIsStopped stops at once, keeps what has come and goes on there.
func TestFindIsStopped(t *testing.T) {
	h := aHub(t)
	h.Slowly(true)
	ctx, cancel := context.WithCancel(t.Context())
	p, out := answering("y\n")
	p.out = stopAt{out, "% of", cancel}
	_, err := new(Hub).find(ctx, p, []string{clipA}, false)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v in\n%s", err, out)
	}
	by, end := context.WithCancelCause(t.Context())
	end(interruption{syscall.SIGINT})
	if message, status := ending(by, err, "pictures are complete"); status != 130 || message != "interrupted; what has come of maker/clip stays in the cache, and the same command goes on there" {
		t.Errorf("ends with %q, status %d", message, status)
	}
	h.Slowly(false)
	p, out = answering("y\n")
	if _, err := new(Hub).find(t.Context(), p, []string{clipA}, false); err != nil || !strings.Contains(out.String(), "going on with what has come before") {
		t.Errorf("error %v in\n%s", err, out)
	}
}

// stopAt cancels when a text is written.
type stopAt struct {
	*bytes.Buffer
	text   string
	cancel func()
}

func (s stopAt) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(s.text)) {
		s.cancel()
	}
	return s.Buffer.Write(b)
}

// TestNear: a name that is nearly one of the cache is asked about.
func TestNear(t *testing.T) {
	aHub(t)
	p, _ := answering("y\n")
	if _, err := new(Hub).find(t.Context(), p, []string{repoA}, false); err != nil {
		t.Fatal(err)
	}
	if _, err := new(Hub).find(t.Context(), p, []string{"maker/tyni"}, false); err == nil || !strings.HasSuffix(err.Error(), `did you mean "maker/tiny"?`) {
		t.Errorf("error %v", err)
	}
}

// TestTogether: of several the sum is said, and a disk that has no room for all of them is noticed before anybody is asked.
func TestTogether(t *testing.T) {
	aHub(t)
	p, out := answering("n\n")
	if _, err := new(Hub).find(t.Context(), p, []string{repoA, clipA}, false); err == nil || !strings.Contains(out.String(), "Licence: creativeml-openrail-m.\nTogether ") {
		t.Errorf("error %v in\n%s", err, out)
	}
	var plans []*hub.Plan
	for _, name := range []string{repoA, clipA} {
		plan, err := new(Hub).look(t.Context(), name, true)
		if err != nil {
			t.Fatal(err)
		}
		plan.Free = 1000
		plans = append(plans, plan)
	}
	if err := p.sumUp(plans); !errors.Is(err, hub.ErrNoSpace) || !strings.Contains(err.Error(), "1.0 kB are free") {
		t.Errorf("error %v", err)
	}
	if err := p.sumUp(plans[:1]); err != nil {
		t.Errorf("one alone: %v", err)
	}
}

// TestVariant: of the hub it is half precision that is fetched and opened, without one where it is asked for, and a CLIP that
// has not what is asked for of the model comes as it is.
func TestVariant(t *testing.T) {
	both := filepath.Join(t.TempDir(), "both")
	if err := os.CopyFS(both, os.DirFS(modelA)); err != nil {
		t.Fatal(err)
	}
	for _, stem := range []string{"unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model", "text_encoder/model", "clip/model"} {
		data, err := os.ReadFile(filepath.Join(both, stem+".safetensors"))
		if err := errors.Join(err, os.WriteFile(filepath.Join(both, stem+".fp16.safetensors"), data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	clitest.NewHub(t, map[string]string{"maker/both": both, clipA: modelA + "/clip"})
	for _, c := range []struct {
		variant string
		half    int
	}{{"", 3}, {"none", 0}, {"fp16", 3}, {"", 3}} { // in a cache that has both from the second one on
		h, clip := &Hub{Yes: true, Variant: c.variant}, clipA
		p, _ := answering("")
		found, err := h.find(t.Context(), p, []string{"maker/both", clip}, true)
		if err != nil {
			t.Fatalf("variant %q: %v", c.variant, err)
		}
		of, err := diffusion.Open(t.Context(), found[0].Path, append(h.VariantOf(found[0]), diffusion.WithoutCLIP())...)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(strings.Join(of.Files(), " "), ".fp16."); got != c.half {
			t.Errorf("variant %q: opened %v", c.variant, of.Files())
		}
		of.Close()
	}
	if _, err := (&Hub{Variant: "bf16"}).find(t.Context(), person{}, []string{"maker/both"}, false); !errors.Is(err, hub.ErrUnsuitable) {
		t.Errorf("a variant that there is not: %v", err)
	}
}

// TestCheckBeside: nobody waits for a model in vain, and what is there is not looked at twice.
func TestCheckBeside(t *testing.T) {
	aHub(t)
	h := &Hub{Yes: true}
	files := map[string]string{"--image": filepath.Join(t.TempDir(), "nut.png"), "--mask": ""}
	for model, want := range map[string]bool{repoA: true, modelA: false, "": false} {
		if err := h.CheckBeside(model, files); (err != nil) != want || want && !strings.HasPrefix(err.Error(), "--image: ") {
			t.Errorf("%q: error %v", model, err)
		}
	}
	p, _ := answering("")
	if h.InCache(repoA) != "" || h.InCache("nowhere") != "" {
		t.Error("it is in an empty cache")
	}
	found, err := h.find(t.Context(), p, []string{repoA}, false)
	if err != nil || h.InCache(repoA) != found[0].Path || h.CheckBeside(repoA, files) != nil {
		t.Errorf("error %v; %s is in the cache, want %v", err, h.InCache(repoA), found)
	}
}

// TestRecord: what is noted of a model's files does not say where the cache lies.
func TestRecord(t *testing.T) {
	f := Found{"maker/tiny@0123", filepath.FromSlash("/cache/snapshots/0123")}
	got := f.Record(map[string]string{filepath.FromSlash("/cache/snapshots/0123/unet/x.safetensors"): "1", "/elsewhere": "2"})
	if len(got) != 2 || got["maker/tiny@0123/unet/x.safetensors"] != "1" || got["/elsewhere"] != "2" {
		t.Errorf("%v", got)
	}
	here := map[string]string{"a/b": "1"}
	if got := (Found{"a", "a"}).Record(here); got["a/b"] != "1" {
		t.Errorf("%v", got)
	}
}

// TestFetchingTells counts in hundredths, and a file that is fetched anew takes nothing back.
func TestFetchingTells(t *testing.T) {
	out := new(bytes.Buffer)
	f := newFetching(t.Context(), out, 1000)
	f.started = time.Now().Add(-time.Second)
	for _, p := range []hub.Progress{{Done: 200, Kept: 200}, {Done: 500, Kept: 200, File: "a"}, {Done: 300, Kept: 200, Note: "the server asks to wait"}, {Done: 650, Kept: 200, File: "a"}, {Done: 1000, Kept: 200, File: "b"}} {
		p.Total = 1000
		f.tell(p)
	}
	for _, want := range []string{"going on with what has come before\n", "30 % of 1.0 kB", "50 % of", "the server asks to wait\n", "60 % of", "100 % of 1.0 kB"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out.String(), "20 % of") || f.taken != 100 {
		t.Errorf("%d steps in\n%s", f.taken, out)
	}
}
