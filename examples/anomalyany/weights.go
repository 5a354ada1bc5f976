package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/hub"
)

// Weights is the command that lists and fetches weights.
type Weights struct {
	Name string `arg:"" optional:"" help:"A model of the Hugging Face hub to fetch, owner/name[@revision]; CLIP, which refines pictures, comes along unless --no-refine."`
}

const howToStart = `For photographs anomalyany needs the weights of Stable Diffusion 1.5 and of
CLIP ViT-L/14, which do not come with this module. It fetches them from the
Hugging Face hub, once it has said how large they are and under which licence:

  anomalyany --model stable-diffusion-v1-5/stable-diffusion-v1-5 \
     --image hazelnut.png --object hazelnut --anomaly crack

Where there is no network, a directory has them that was fetched elsewhere:

  hf download stable-diffusion-v1-5/stable-diffusion-v1-5 --local-dir sd15 \
     --include "*.json" "*.txt" "*.fp16.safetensors"
  hf download openai/clip-vit-large-patch14 --local-dir sd15/clip \
     --include "*.json" "*.txt" "model.safetensors"

  anomalyany --model sd15 --image hazelnut.png --object hazelnut --anomaly crack

(hf is the command of the Python package huggingface_hub, whose cache and
settings anomalyany shares: HF_HOME, HF_TOKEN, HF_ENDPOINT, HF_HUB_OFFLINE.)
In general, ` + diffusion.Layout + `

To see what it costs on this machine before fetching anything, run the same
computation with random weights; the picture will be noise:

  anomalyany --random --steps 8

anomalyany --help lists every flag.
`

// run lists what is in the cache, or fetches.
func (w Weights) run(ctx context.Context, spec *Spec) error {
	if w.Name == "" {
		if _, err := fmt.Print(howToStart); err != nil {
			return err
		}
		return list(spec.Variant)
	}
	spec.Model = w.Name
	if _, err := spec.find(ctx); err != nil {
		return err
	}
	_, err := fmt.Println(spec.modelPath())
	if err == nil && spec.Clip != "" {
		_, err = fmt.Println(spec.clipPath())
	}
	return err
}

// list says which models are in the cache.
func list(variant string) error {
	all, err := hub.Cached(hub.Options{Variant: variant})
	if err != nil || len(all) == 0 {
		return err
	}
	fmt.Print("\nIn the cache:\n\n")
	t := show.NewTable(os.Stdout)
	t.Row("model", "commit", "revision", "fetched", "size", "licence", "")
	t.Row("---", "---", "---", "---", "---:", "---", "---")
	for _, r := range all {
		for _, s := range r.Snapshots {
			state := "complete"
			if s.Lacks != "" {
				state = s.Lacks
			}
			t.Row(r.Repo, s.Commit[:min(7, len(s.Commit))], strings.Join(s.Refs, ", "), s.Fetched.Format("2006-01-02"), hub.Bytes(s.Size), s.Licence, state)
		}
	}
	t.Flush()
	return nil
}

// find finds --model and --clip, where these are of the hub, and fetches what is missing, if the user agrees: models of the
// hub come without the CLIP that refines pictures, which then comes along. What is recorded of them is their names. It
// reports whether the model has just come and says which numbers suit it: the flags did not know that.
func (s *Spec) find(ctx context.Context) (hasNumbers bool, err error) {
	if err := s.CheckBeside(s.Model, s.inputFiles()); err != nil {
		return false, err
	}
	wasThere := s.InCache(s.Model) != ""
	var found []cli.Found
	if s.NoRefine || s.isOther() {
		found, err = s.Find(ctx, s.Model, s.Clip, s.TAESD)
	} else {
		found, err = s.FindWithCLIP(ctx, s.Model, s.Clip, s.TAESD)
	}
	if err != nil {
		return false, err
	}
	isHub := cli.IsHub(s.Model)
	s.Found = [2]cli.Found(found)
	s.Model, s.Clip, s.TAESD = found[0].Name, found[1].Name, found[2].Path
	return isHub && !wasThere && tensor.OnDisk(s.modelPath()).Exists(anomalyany.DefaultsFile), nil
}

// inputFiles are the files that pictures are made of, by their flags.
func (s *Spec) inputFiles() map[string]string {
	files := map[string]string{"--image": s.Image, "--mask": s.Mask, "--learned": s.LearnedFile, "--reference": s.Reference, "--reference-mask": s.ReferenceMask}
	if s.Mask == autoMask {
		delete(files, "--mask")
	}
	return files
}

// modelPath is where --model is; of the hub, what is in the cache.
func (s *Spec) modelPath() string {
	if path := at(s.Found[0], s.Model); path != s.Model {
		return path
	}
	return orDefault(s.InCache(s.Model), s.Model)
}

// clipPath is where --clip is.
func (s *Spec) clipPath() string { return at(s.Found[1], s.Clip) }

// at is where a flag's value was found, or else the value.
func at(f cli.Found, value string) string {
	if f.Name == value && f.Path != "" {
		return f.Path
	}
	return value
}
