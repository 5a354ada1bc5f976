package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/photos"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// batch is all pictures of a run: the jobs, one for each photograph, and what is left
// to be made of them.
type batch struct {
	spec   Spec // what was asked for
	model  *model
	folder *folder
	jobs   []*job
	tasks  []task // in the jobs' order
	listed bool   // each picture's files are said on standard output

	preview  *show.Preview // of the first worker's pictures; nil for none
	progress *progress
	saving   sync.Mutex      // one picture is saved at a time
	told     map[string]bool // notes of another generator, which are said once
	none     atomic.Int64    // how many seeds have no picture, in which nothing would have changed
}

// task is a picture that is to be made.
type task struct {
	job  *job
	seed uint64
}

// newBatch reads all photographs and checks everything that can be checked before the
// long work. The pictures go into a folder that the caller holds.
func newBatch(ctx context.Context, spec Spec, m *model, d *folder, all []Spec) (*batch, error) {
	b := &batch{spec: spec, model: m, folder: d, told: map[string]bool{}}
	t, err := cli.Await(ctx, func() (shown, error) { return spec.readTextures(ctx) })
	if err != nil {
		return nil, err
	}
	looked := show.NewProgress(ctx, io.Discard, float64(len(all)))
	if len(all) >= worthTelling {
		looked = show.NewProgress(ctx, os.Stderr, float64(len(all)))
	}
	looked.Tenths = true
	looked.Begin("", "looked at %d of %d photographs, ", len(all))
	defer looked.End()
	for _, of := range all {
		j, err := newJob(ctx, of, m, d, t)
		if err != nil {
			return nil, err
		}
		b.jobs = append(b.jobs, j)
		looked.Step(1, "")
	}
	b.shareOthers()
	b.warnOfCuts()
	if b.preview, err = newPreview(ctx, spec, m, d); err != nil {
		return nil, err
	}
	if _, err := cli.Await(ctx, func() (any, error) { return nil, spec.Again.checkModel(spec.arithmetic(), m) }); err != nil {
		return nil, err
	}
	return b, nil
}

// worthTelling is how many photographs take a while to look at.
const worthTelling = 50

// warnOfCuts says once of each text what of it the model does not read.
func (b *batch) warnOfCuts() {
	if b.model.Pipeline == nil {
		return
	}
	said := map[string]bool{}
	for _, j := range b.jobs {
		prompt, detail := j.spec.prompts()
		for _, t := range [][2]string{{"prompt", prompt}, {"detailed prompt", detail}, {"negative prompt", j.spec.Negative}} {
			if !said[t[1]] {
				cli.WarnOfCuts(os.Stderr, b.model.Tokenizer, t[0], t[1])
			}
			said[t[1]] = true
		}
	}
}

// make makes every picture that is not finished.
func (b *batch) make(ctx context.Context) error {
	if err := b.plan(ctx); err != nil {
		return err
	}
	return b.run(ctx)
}

// describe says what the pictures will be of: what becomes of photographs of one size
// once.
func (b *batch) describe() {
	times := map[string]int{}
	var fits []string
	for _, j := range b.jobs {
		if times[j.fit]++; times[j.fit] == 1 {
			fits = append(fits, j.fit)
		}
	}
	const most = 10
	for _, fit := range fits[:min(most, len(fits))] {
		if len(b.jobs) == 1 {
			fmt.Fprintf(os.Stderr, "photograph: %s\n", fit)
		} else {
			fmt.Fprintf(os.Stderr, "%s: %s\n", photos.Counted(times[fit], "photograph"), fit)
		}
	}
	if n := len(fits) - most; n > 0 {
		fmt.Fprintf(os.Stderr, "and so on, for %d more sizes or places\n", n)
	}
	b.describePlaces()
	if b.spec.isOther() {
		b.describeGenerator()
		return
	}
	fmt.Fprintf(os.Stderr, "prompt: %s\n", b.jobs[0].options.Prompt)
}

// describeGenerator says what makes the pictures, and of what.
func (b *batch) describeGenerator() {
	j := b.jobs[0]
	text := fmt.Sprintf("generator: %s, preset %s", methods[b.spec.Generator].called, b.spec.Preset)
	if prompt, _ := j.spec.prompts(); prompt != "" {
		text += ", prompt: " + prompt
	}
	if j.spec.Part != "" {
		text += ", the part is known as " + j.spec.Part
	}
	if j.textures.read != nil {
		text += ", of " + photos.Counted(len(j.textures.read.Names()), "texture")
	}
	if n := len(j.others.files); n > 1 || n == 1 && j.others.files[0].hash != j.inputs["image"] {
		text += fmt.Sprintf("; patches come from %s of this part and size, in turn", photos.Counted(n, "photograph"))
	}
	fmt.Fprintln(os.Stderr, text)
}
