// Package cli is what the programs' mains have in common.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/diffusion"
)

// Main reads a program's command line, runs the program and ends the process:
// with status 0 when it is done, 80 where the command line is wrong, 1 after
// another error, and after a signal that asks it to stop as shells have it, 130
// after SIGINT, 143 after SIGTERM and 129 after SIGHUP, when it says what state
// things were left in. Where the reader of its standard output has gone it ends
// with 141, that of SIGPIPE.
//
// The first signal ends the context, and the program with it in good order; the
// second ends the program within a second.
func Main(p Parser, interrupted string, run func(context.Context) error) {
	name := p.Model.Name
	ctx := stoppable(name)
	_, err := Await(ctx, func() (*kong.Context, error) { return p.parseOrExit(), nil }) // flags may name files to read
	if err == nil {
		collectOften()
		reportBrokenPipes()
		err = run(ctx)
	}
	if err != nil {
		message, status := ending(ctx, err, interrupted)
		fmt.Fprintf(os.Stderr, "%s: %s\n", name, message)
		os.Exit(status)
	}
}

// ending is what to say of an error, and the exit status.
func ending(ctx context.Context, err error, interrupted string) (message string, status int) {
	var by interruption
	var file *fs.PathError
	var fetch stopped
	if errors.As(err, &fetch) {
		interrupted = fetch.left
	}
	switch {
	case errors.As(context.Cause(ctx), &by) && errors.Is(err, context.Canceled):
		return fmt.Sprintf("%v; %s", by, interrupted), by.status()
	case errors.As(context.Cause(ctx), &by): // what came of it, or happened at the same time
		return fmt.Sprintf("%v; %v; %s", err, by, interrupted), by.status()
	case errors.Is(err, syscall.EPIPE) && errors.As(err, &file) && file.Path == os.Stdout.Name():
		return "nobody reads its output any more", interruption{syscall.SIGPIPE}.status()
	}
	return err.Error(), 1
}

// collectOften lets the heap grow by a tenth between garbage collections rather
// than to twice its size: nearly all of it is a few large buffers that stay, and
// a collection takes no time for these.
func collectOften() { debug.SetGCPercent(10) }

// OpenModel opens the model directory or file of --model, without CLIP, or with
// --random one of random weights. Where neither is given, the error is what
// howToStart says.
func OpenModel(ctx context.Context, model string, random bool, howToStart string, opts ...diffusion.OpenOption) (*diffusion.Pipeline, error) {
	if model == "" && !random {
		return nil, fmt.Errorf("--model MODEL is missing\n\n%s", strings.TrimSpace(howToStart))
	}
	return Await(ctx, func() (*diffusion.Pipeline, error) {
		if random {
			return diffusion.Random(0, opts...)
		}
		return diffusion.Open(ctx, model, append(opts, diffusion.WithoutCLIP())...)
	})
}

// Cause puts before the error of a run that its weights are no longer those that
// were opened, where that is so: what failed then may be anything.
func Cause(p interface{ Changed() error }, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, diffusion.ErrFileChanged) || errors.Is(err, diffusion.ErrFileReplaced) {
		return err
	}
	if changed := p.Changed(); changed != nil {
		return fmt.Errorf("%w (noticed when this failed: %w)", changed, err)
	}
	return err
}

// WarnOfCuts says what of a text, which is called what, the model will not
// read because it is too long.
func WarnOfCuts(w io.Writer, t *clip.Tokenizer, what, text string) {
	if cut := t.Truncated(text); len(cut) > 0 {
		fmt.Fprintf(w, "warning: the %s has more than the %d tokens that the model reads; left out: %s\n",
			what, t.Length()-2, strings.Join(cut, " "))
	}
}
