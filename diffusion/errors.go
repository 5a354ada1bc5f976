package diffusion

import (
	"errors"
	"fmt"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// The kinds of errors that a program may tell apart with errors.Is, whichever
// call returns them. Some are of the packages below, by another name. Besides,
//
//   - fs.ErrNotExist is a model, a part of one or a file that is not there;
//   - context.Canceled and context.DeadlineExceeded come through as they are, and
//     so do the other errors of packages os and io/fs.
//
// An error of Open may be of several kinds, where several parts are at fault.
var (
	// ErrNotStableDiffusion1 is a model of another kind than Stable Diffusion 1.x.
	ErrNotStableDiffusion1 = errors.New("only Stable Diffusion 1.x is supported")

	// ErrDamaged is a model whose files are not what they should be: cut short,
	// malformed, something else in their place (a Git LFS pointer, a pickle, a web
	// page), weights that hold NaN or do not fit the configuration, parts that do
	// not belong together.
	ErrDamaged = tensor.ErrDamaged

	// ErrNoCLIP is what needs CLIP where there is none.
	ErrNoCLIP = errors.New("there is no CLIP model: published Stable Diffusion 1.5 directories have none; " +
		"get openai/clip-vit-large-patch14 (config.json and model.safetensors) as the directory's clip/, or say where it is")

	// ErrArgument is a call with what it does not take: a tensor of the wrong shape
	// or type, a number out of its range, an option that contradicts another, nil.
	ErrArgument = nn.ErrArgument

	// ErrUnsupportedScheduler is a scheduler that is not among SchedulerNames, or an
	// option in its configuration that is not supported.
	ErrUnsupportedScheduler = errors.New("there is no such scheduler")

	// ErrWordAbsent and ErrWordCut come from Tokenizer.FindWord: the prompt does not
	// have the word, or it has it behind the last token that the model reads.
	ErrWordAbsent = clip.ErrWordAbsent
	ErrWordCut    = clip.ErrWordCut

	// ErrNotFinite is a result with a NaN or an infinity.
	ErrNotFinite = nn.ErrNotFinite

	// ErrMemory is a graph that does not fit into the memory that WithMemory allows,
	// or that the machine has; it says what is needed, what there is and what to
	// lower.
	ErrMemory = nn.ErrMemory

	// ErrClosed is everything that uses a Pipeline after Close, and what runs when
	// Close is called.
	ErrClosed = nn.ErrClosed

	// ErrFileChanged and ErrFileLost are a file of weights that was written to or cut
	// short while it was open. The first is noticed when a graph is compiled and by
	// Pipeline.Changed, by the file's size and times; a change that comes later
	// changes results, so ask before these are kept.
	ErrFileChanged = tensor.ErrChanged
	ErrFileLost    = nn.ErrFileLost

	// ErrFileReplaced comes from Pipeline.Changed: another file has taken the name
	// of one that is open. Results are those of the one that is open.
	ErrFileReplaced = tensor.ErrReplaced
)

// badArgument is fmt.Errorf with a result that is ErrArgument, too: %.0w wraps
// without printing.
func badArgument(format string, args ...any) error {
	return fmt.Errorf("%w%.0w", fmt.Errorf(format, args...), ErrArgument)
}

// badFile is fmt.Errorf with a result that is ErrDamaged, too.
func badFile(format string, args ...any) error {
	return fmt.Errorf("%w%.0w", fmt.Errorf(format, args...), ErrDamaged)
}
