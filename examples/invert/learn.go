package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/photos"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// lesson is a word that is being learned, and where it goes.
type lesson struct {
	flags    flags
	model    model
	folder   *files.Folder
	examples *examples
	options  diffusion.InversionOptions

	*diffusion.Inversion
	subject  subject
	identity map[string]string // of all that it depends on beside the options
	preview  *preview
	before   int // steps that an earlier run took
}

// saveEvery is after how many steps what was learned is written, so that little is lost where a machine stops.
const saveEvery = 50

// newLesson checks everything that can be checked before the long work, and goes on where an earlier run stopped.
func newLesson(ctx context.Context, f flags, m model, folder *files.Folder) (*lesson, error) {
	l := &lesson{flags: f, model: m, folder: folder, options: f.options(m.defaults.Articles)}
	var err error
	if l.examples, err = readExamples(ctx, f, m); err != nil {
		return nil, err
	}
	weights, err := m.fingerprint(ctx)
	if err != nil {
		return nil, err
	}
	l.identity = map[string]string{
		"pictures": strings.Join(l.examples.hashes, " "), "weights": weights, "configuration": files.Together(m.Texts()), "arithmetic": f.Arithmetic(),
	}
	if err := l.begin(ctx); err != nil {
		return nil, err
	}
	if err := l.goOn(); err != nil {
		return nil, err
	}
	l.preview, err = newPreview(ctx, l)
	return l, err
}

// goOn takes over what an earlier run has learned with the same options, and refuses to replace anything else.
func (l *lesson) goOn() error {
	err := l.ReadState(l.folder.Path(l.stateName()), l.identity)
	switch {
	case err == nil:
		l.before = len(l.Losses())
		return nil
	case l.flags.Overwrite:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w; --overwrite begins again", err)
	case files.Exists(l.folder.Path(l.name())):
		return fmt.Errorf("%s is there already, and not what it takes to go on: move it away, give another --out, or --overwrite", l.folder.Path(l.name()))
	}
	return nil
}

// stem is what the files' names begin with.
func (l *lesson) stem() string {
	stem := files.Name(strings.Trim(l.flags.Word, "<>"))
	if l.flags.Method == anomalyDiffusion {
		return stem + "-" + anomalyDiffusion
	}
	return stem
}

func (l *lesson) name() string      { return l.stem() + ".safetensors" }
func (l *lesson) stateName() string { return l.stem() + "-state.safetensors" }

// learn takes the steps that are left.
func (l *lesson) learn(ctx context.Context) error {
	left := l.options.Steps - l.before
	fmt.Fprintf(os.Stderr, "%s from %s, %d steps of %d, %s; %s\n",
		l.flags.Word, photos.Counted(len(l.examples.all), "picture"), max(left, 0), l.options.Steps, photos.Counted(l.options.Vectors, "vector"), &l.flags.Compute)
	report := show.NewProgress(ctx, os.Stderr, float64(max(left, 0)))
	report.Tenths = true
	report.Begin("", "step %d of %d: ", max(left, 0))
	defer report.End()
	err := l.steps(ctx, report)
	if taken := len(l.Losses()); taken > l.before || err == nil {
		err = errors.Join(err, l.save())
	}
	if err != nil {
		return err
	}
	report.End()
	_, err = fmt.Println(l.folder.Path(l.name()))
	return err
}

// steps takes steps, saves and shows now and then what was learned.
func (l *lesson) steps(ctx context.Context, report *show.Progress) error {
	if err := l.preview.take(ctx, l.before); err != nil {
		return err
	}
	for s, err := range l.Steps(ctx) {
		if err != nil {
			return err
		}
		report.Step(1, fmt.Sprintf("mean loss %.4f, this step's %.4f", s.Mean, s.Loss))
		if s.Number%saveEvery == 0 {
			if err := l.save(); err != nil {
				return err
			}
		}
		if err := l.preview.take(ctx, s.Number); err != nil {
			return err
		}
	}
	return nil
}

// save writes what was learned, and what it takes to go on, unless the model is another by now.
func (l *lesson) save() error {
	if err := l.model.Changed(); err != nil {
		return err
	}
	if err := l.subject.write(l.folder.Path(l.name())); err != nil {
		return err
	}
	return l.WriteState(l.folder.Path(l.stateName()), l.identity)
}
