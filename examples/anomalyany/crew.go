package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/photos"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/kernels"
)

// mostWorkers bounds the memory: each has a copy of the model.
const mostWorkers = 8

// workers is how many pictures are made at a time: of the small model several, whose
// tensors leave little to do for a second thread, and without a model one a processor.
func (b *batch) workers() int {
	if !b.spec.needsModel() {
		return max(1, min(runtime.GOMAXPROCS(0), len(b.tasks)))
	}
	if !b.spec.usesEmbedded() || b.spec.OnDevice() {
		return 1
	}
	return min(kernels.Threads(), len(b.tasks), mostWorkers)
}

// run makes every picture that is left. It returns when every worker has ended, so
// that nothing runs any more.
func (b *batch) run(ctx context.Context) error {
	if len(b.tasks) == 0 {
		return nil
	}
	if b.listed {
		b.describe()
	}
	workers := b.workers()
	if workers > 1 {
		defer b.share(workers)()
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	b.progress = newProgress(ctx, os.Stderr, b.tasks, workers > 1 || b.spec.isOther())
	defer b.progress.End()
	tasks := make(chan task)
	go feed(ctx, b.tasks, tasks)
	var crew sync.WaitGroup
	var once sync.Once
	var first error
	for i := range workers {
		crew.Go(func() {
			if err := b.work(ctx, i, tasks); err != nil {
				once.Do(func() { first = err })
				stop()
			}
		})
	}
	crew.Wait()
	if none := int(b.none.Load()); none > 0 && none == len(b.tasks) && first == nil {
		first = errors.New("no picture was made: nothing would have changed in any of them")
	}
	return cmp.Or(first, ctx.Err())
}

// share says how many pictures are made at a time, and has their makers share the processors until it is called off.
func (b *batch) share(workers int) (restore func()) {
	made := fmt.Sprintf("%s of %s, %d at a time", photos.Counted(len(b.tasks), "picture"), photos.Counted(len(b.jobs), "photograph"), workers)
	if !b.spec.needsModel() {
		fmt.Fprintln(os.Stderr, made)
		return func() {}
	}
	fmt.Fprintf(os.Stderr, "%s; %s\n", made, &b.spec.Compute)
	threads := kernels.Threads()
	kernels.SetThreads(max(1, threads/workers))
	return func() { kernels.SetThreads(threads) }
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

// work makes pictures until there are no more tasks, or one fails. The first worker
// has the run's model, the others open it again.
func (b *batch) work(ctx context.Context, number int, tasks <-chan task) error {
	m := b.model
	if number > 0 && m.Pipeline != nil {
		p, err := openPipeline(ctx, b.spec, m.words())
		if err != nil {
			return err
		}
		defer p.Close()
		m = &model{Pipeline: p, vocabulary: m.vocabulary, hashes: m.hashes}
	}
	w := &worker{model: m}
	if number == 0 { // one file has room for one picture under way
		w.preview = b.preview
	}
	var of, j *job
	var making maker
	for t := range tasks {
		if t.job != of {
			var err error
			of, j = t.job, t.job.with(m)
			if making, err = b.begin(ctx, j, w); err != nil {
				return b.naming(j, err)
			}
		}
		if err := b.makeOne(ctx, j, making, t.seed); err != nil {
			return b.naming(j, err)
		}
	}
	return nil
}

// begin prepares a job, and saves what belongs to all of its pictures.
func (b *batch) begin(ctx context.Context, j *job, w *worker) (maker, error) {
	started, had := time.Now(), w.made
	making, err := j.prepare(ctx, w)
	if err != nil {
		return nil, err
	}
	if b.listed && !b.progress.together && w.made > had {
		lead := fmt.Sprintf("prepared in %.1f s: ", time.Since(started).Seconds())
		for _, line := range making.about(&b.spec.Compute) {
			b.progress.Say(lead + line)
			lead = ""
		}
	}
	b.saving.Lock()
	defer b.saving.Unlock()
	path, err := j.saveForeground()
	switch {
	case err != nil || path == "":
	case len(b.jobs) == 1:
		b.progress.Say("mask: the object was taken to be what is white in " + path)
	case j.spec.Image == b.jobs[0].spec.Image:
		b.progress.Say("masks: the object of each photograph was taken to be what is white in its file, such as " + path)
	}
	return making, err
}

// makeOne makes and saves a picture and says where it is.
func (b *batch) makeOne(ctx context.Context, j *job, making maker, seed uint64) error {
	bar := b.progress.of(j, b.called(j))
	m, err := making.make(ctx, seed, bar)
	if errors.Is(err, anomaly.ErrNothingChanged) {
		b.none.Add(1)
		b.progress.Say(fmt.Sprintf("%sseed %d has no picture: %v", b.called(j), seed, err))
		bar.saved()
		return nil
	}
	if err != nil {
		return fmt.Errorf("seed %d: %w", seed, err)
	}
	f, err := m.encode()
	if err != nil {
		return fmt.Errorf("seed %d: %w", seed, err)
	}
	b.saving.Lock()
	defer b.saving.Unlock()
	paths, err := j.save(m, f)
	if err != nil {
		return err
	}
	bar.saved()
	if !b.listed {
		return nil
	}
	if note := m.job.note; note != "" {
		b.progress.Say(fmt.Sprintf("%sseed %d: %s", b.called(j), seed, note))
	}
	for _, note := range m.job.made {
		if !b.told[note] {
			b.told[note] = true
			b.progress.Say(fmt.Sprintf("%sseed %d: %s", b.called(j), seed, note))
		}
	}
	for _, why := range j.spec.judge(m.scores) {
		b.progress.Say(fmt.Sprintf("%sseed %d failed: %s", b.called(j), seed, why))
	}
	_, err = fmt.Println(strings.Join(paths, "\n"))
	return err
}

// called is what a job's photograph is called beside others, with a comma.
func (b *batch) called(j *job) string {
	if len(b.jobs) == 1 {
		return ""
	}
	return filepath.Base(j.spec.Image) + ", "
}

// naming lets an error of one of several jobs name the photograph.
func (b *batch) naming(j *job, err error) error {
	if len(b.jobs) == 1 {
		return err
	}
	return fmt.Errorf("%s: %w", j.spec.Image, err)
}

// worker is what one of those has who make pictures at the same time.
type worker struct {
	model      *model
	generators []generator   // the one used last comes last
	made       int           // how many were made
	preview    *show.Preview // of the pictures under way; nil for none
}

// generator is one that takes long to make, and what it is for.
type generator struct {
	made    any
	size    image.Point
	options any
}

// mostGenerators is how many sizes a worker has graphs for at a time.
const mostGenerators = 4

// generator returns AnomalyAny's Generator of a size and options.
func (w *worker) generator(ctx context.Context, size image.Point, o anomalyany.Options) (*anomalyany.Generator, error) {
	g, err := w.keep(size, o, func() (any, error) { return anomalyany.New(ctx, w.model.Pipeline, size.Y, size.X, o) })
	if err != nil {
		return nil, err
	}
	return g.(*anomalyany.Generator), nil
}

// keep returns what is made of a size and options: a new one only where none has been used of late.
func (w *worker) keep(size image.Point, options any, make func() (any, error)) (any, error) {
	for i, g := range w.generators {
		if g.size == size && reflect.DeepEqual(g.options, options) {
			w.generators = append(slices.Delete(w.generators, i, i+1), g)
			return g.made, nil
		}
	}
	made, err := make()
	if err != nil {
		return nil, err
	}
	if len(w.generators) == mostGenerators {
		w.generators = slices.Delete(w.generators, 0, 1)
	}
	w.generators = append(w.generators, generator{made, size, options})
	w.made++
	return made, nil
}
