// Package cli is what the programs' mains have in common.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/diffusion"
)

// Main runs a program until it is done or interrupted, and ends the process
// with status 1 after an error and 130 after an interruption, when it says what
// state things were left in.
func Main(name, interrupted string, run func(context.Context) error) {
	CollectOften()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx)
	switch {
	case err == nil:
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(os.Stderr, "%s: interrupted; %s\n", name, interrupted)
		os.Exit(130)
	default:
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// CollectOften lets the heap grow by a tenth between garbage collections rather
// than to twice its size: nearly all of it is a few large buffers that stay, and
// a collection takes no time for these.
func CollectOften() { debug.SetGCPercent(10) }

// OpenModel opens the model directory or file of --model, without CLIP, or with
// --random one of random weights. Where neither is given, the error is what
// howToStart says.
func OpenModel(ctx context.Context, model string, random bool, howToStart string, opts ...diffusion.OpenOption) (*diffusion.Pipeline, error) {
	switch {
	case random:
		return diffusion.Random(0, opts...)
	case model == "":
		return nil, fmt.Errorf("--model DIR is missing\n\n%s", strings.TrimSpace(howToStart))
	}
	return diffusion.Open(model, append(opts, diffusion.WithoutCLIP(), diffusion.WithContext(ctx))...)
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
