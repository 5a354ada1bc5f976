package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// scene is a pair that is shown where nothing is asked for: a subject as it is
// drawn, and what is to be wrong with it.
type scene struct {
	subject, defect string
	drawing         uint64 // from trial.FirstSeed on: of none that a model was trained on
}

// scenes are the pairs, most of which the model never saw.
var scenes = []scene{
	{"hazelnut", "crack", 1},
	{"leather", "scratch", 2},
	{"wood", "hole", 3},
	{"capsule", "crack", 4},
	{"carpet", "stain", 5},
}

// demoPictures is how many pictures of each scene are made unless --n says it.
const demoPictures = 5

// isDemo reports whether nothing is asked for.
func (s *Spec) isDemo() bool {
	return s.usesEmbedded() && s.Again == nil && s.Image == "" && s.Mask == "" && s.Object == "" && len(s.Anomaly) == 0 &&
		s.Prompt == "" && s.Normal == "" && s.Detail == "" && s.Negative == "" && s.Category == ""
}

// demonstrate makes pictures of every scene, a job for each of them, side by side,
// and one sheet of all.
func demonstrate(ctx context.Context, spec Spec) (err error) {
	started := time.Now()
	d, err := openFolder(spec)
	if err != nil {
		return err
	}
	defer func() { err = d.close(err) }()
	m, err := openModel(ctx, spec)
	if err != nil {
		return err
	}
	defer m.Close()
	s, err := newDemonstration(ctx, spec, m, d)
	if err != nil {
		return err
	}
	if err := s.run(ctx); err != nil {
		return err
	}
	picture, err := sheet(s.jobs)
	if err != nil {
		return err
	}
	data, err := images.EncodePNG(picture, nil)
	if err != nil {
		return err
	}
	if err := d.put(shared{sheetName, data}); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d pictures in %.0f s\n", len(s.tasks), time.Since(started).Seconds())
	_, err = fmt.Printf("look at %s and %s\n", d.Path("index.html"), d.Path(sheetName))
	return err
}

// demonstration is the jobs of all scenes.
type demonstration struct {
	spec  Spec
	model *model
	jobs  []*job
	tasks []task         // in the jobs' order
	made  *show.Progress // of the tasks
}

// task is a picture that is to be made.
type task struct {
	job  int
	seed uint64
}

// sheetName is the file of the sheet.
const sheetName = "sheet.png"

// newDemonstration draws the normal pictures and prepares the jobs.
func newDemonstration(ctx context.Context, spec Spec, m *model, d *folder) (*demonstration, error) {
	s := &demonstration{spec: spec, model: m}
	all, err := drawScenes(spec, d)
	if err != nil {
		return nil, err
	}
	for _, of := range all {
		j, err := newJob(ctx, of, m, d)
		if err != nil {
			return nil, err
		}
		s.jobs = append(s.jobs, j)
	}
	if err := s.checkSheet(d); err != nil {
		return nil, err
	}
	for i, j := range s.jobs {
		seeds, err := j.left(ctx)
		if err != nil {
			return nil, err
		}
		for _, seed := range seeds {
			s.tasks = append(s.tasks, task{i, seed})
		}
	}
	return s, nil
}

// drawScenes draws the scenes' normal pictures into the output directory, unless
// something would be lost, and returns the Specs that ask for each scene.
func drawScenes(spec Spec, d *folder) (all []Spec, err error) {
	normal := d.Path(normalDir)
	if err := notALink(normal); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	var drawn []shared // that are not there
	for _, c := range scenes {
		of, picture, err := c.draw(spec)
		if err == nil {
			err = d.mayWrite(picture)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, of)
		if !d.has(picture) {
			drawn = append(drawn, picture)
		}
	}
	if len(drawn) == 0 {
		return all, nil
	}
	if err := d.mayWrite(shared{name: sheetName}); err != nil { // no sheet of an earlier version is without its scenes
		return nil, err
	}
	if err := errors.Join(files.MakeWritable(normal), files.Clean(normal)); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	return all, d.put(drawn...)
}

// normalDir is where the normal pictures are, in the output directory.
const normalDir = "normal"

// draw draws the scene's normal picture, and returns the Spec that asks for the
// scene.
func (c scene) draw(spec Spec) (Spec, shared, error) {
	pairs := world.Pairs(world.AllPairs)
	i := slices.IndexFunc(pairs, func(p world.Pair) bool { return p.Subject.Name == c.subject && p.Defect.Name == c.defect })
	if i < 0 {
		return spec, shared{}, fmt.Errorf("nobody draws a %s with a %s", c.subject, c.defect)
	}
	drawn := trial.Trial{Pair: pairs[i], Seed: trial.FirstSeed + c.drawing}
	normal, asked := drawn.Normal(spec.Size), drawn.Defective(spec.Size) // this for its words alone
	name := world.FileName(c.subject) + ".png"
	spec.Image = filepath.Join(spec.Out, normalDir, name)
	spec.Object, spec.Anomaly, spec.Normal = c.subject, []string{c.defect}, normal.Caption
	spec.Prompt, spec.Detail = asked.Caption, asked.Detail
	spec.KeepEvery = 0 // a picture is a matter of seconds
	data, err := images.EncodePNG(images.FromBytes(normal.Picture, spec.Size, spec.Size), nil)
	return spec, shared{normalDir + "/" + name, data}, err
}

// mostWorkers bounds the memory: each has a copy of the model.
const mostWorkers = 8

// run makes all pictures, several at a time: the tensors of a small model leave
// little to do for a second thread, so the threads take whole pictures, each
// with a pipeline of its own.
func (s *demonstration) run(ctx context.Context) error {
	threads := kernels.Threads()
	workers := min(threads, len(s.tasks), mostWorkers)
	if workers == 0 {
		return nil
	}
	if s.spec.OnDevice() {
		workers = 1
	}
	kernels.SetThreads(max(1, threads/workers))
	defer kernels.SetThreads(threads)
	fmt.Fprintf(os.Stderr, "%d pictures of %d scenes, %d at a time; %s\n", len(s.tasks), len(s.jobs), workers, &s.spec.Compute)

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s.made = show.NewProgress(ctx, os.Stderr, float64(len(s.tasks)))
	s.made.Begin("", "%d of %d pictures, ", len(s.tasks))
	defer s.made.End()
	tasks, done := make(chan task), make(chan result, len(s.tasks)) // nobody waits for the disk
	go feed(ctx, s.tasks, tasks)
	var crew sync.WaitGroup
	for i := range workers {
		crew.Go(func() { s.work(ctx, i, tasks, done) })
	}
	go func() { crew.Wait(); close(done) }()

	var first error
	for r := range done { // until every worker has ended, so that nothing runs any more when this returns
		err := r.err
		if err == nil && first == nil {
			if _, err = s.jobs[r.job].save(r.outcome); err == nil {
				s.made.Step(0, "")
			}
		}
		if err != nil && first == nil {
			first = err
			stop()
		}
	}
	if first == nil {
		first = ctx.Err()
	}
	return first
}

// feed hands the tasks out until ctx ends.
func feed(ctx context.Context, all []task, to chan<- task) {
	defer close(to)
	for _, t := range all {
		select {
		case to <- t:
		case <-ctx.Done():
			return
		}
	}
}

// result is a picture, or why there is none.
type result struct {
	task
	*outcome
	err error
}

// work makes pictures until there are no more tasks, or one fails. The first
// worker has the show's model, the others open it again.
func (s *demonstration) work(ctx context.Context, number int, tasks <-chan task, done chan<- result) {
	m := s.model
	if number > 0 {
		p, err := openPipeline(ctx, s.spec)
		if err != nil {
			done <- result{err: err}
			return
		}
		defer p.Close()
		m = &model{Pipeline: p, vocabulary: m.vocabulary, hashes: m.hashes}
	}
	var g *anomalyany.Generator
	var j *job
	at := -1
	for t := range tasks {
		var err error
		if t.job != at {
			j, at = s.jobs[t.job].with(m), t.job
			if g, err = j.prepare(ctx); err != nil {
				done <- result{task: t, err: err}
				return
			}
		}
		r := result{task: t}
		if r.outcome, r.err = j.make(ctx, g, t.seed, newPart(s.made, g)); r.err != nil {
			r.err = fmt.Errorf("%s: %w", j.options.Prompt, r.err)
		}
		done <- r
		if r.err != nil {
			return
		}
	}
}

// with is the same job with another model.
func (j *job) with(m *model) *job {
	of := *j
	of.model, of.scorer = m, nil
	return &of
}
