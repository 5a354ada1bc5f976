package diffusion

import (
	"errors"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// The errors of this module that a program may tell apart with errors.Is, with
// those of the packages below; context.Canceled and DeadlineExceeded come
// through as they are, and so do those of package os.
var (
	// ErrNoCLIP is returned by what needs CLIP where there is none.
	ErrNoCLIP = errors.New("there is no CLIP model: published Stable Diffusion 1.5 directories have none; " +
		"get openai/clip-vit-large-patch14 (config.json and model.safetensors) as the directory's clip/, or say where it is")

	// ErrNotStableDiffusion1 is returned by Open for another kind of model.
	ErrNotStableDiffusion1 = errors.New("only Stable Diffusion 1.x is supported")

	// ErrWordAbsent and ErrWordCut are returned by Tokenizer.FindWord: the prompt
	// has no such word, or it stands behind what the model reads.
	ErrWordAbsent = clip.ErrWordAbsent
	ErrWordCut    = clip.ErrWordCut

	// ErrNotFinite is returned where a result has a NaN or an infinity.
	ErrNotFinite = nn.ErrNotFinite

	// ErrMemory is returned where a graph does not fit into the memory that
	// WithMemory allows, or that the machine has; it says what is needed, what
	// there is and what to lower.
	ErrMemory = nn.ErrMemory

	// ErrClosed is returned by everything that uses a Pipeline after Close, and by
	// what runs when Close is called.
	ErrClosed = nn.ErrClosed

	// ErrFileChanged and ErrFileLost are returned where a file of weights was
	// written to or cut short while it was open. The first is noticed when a graph
	// is compiled and by Pipeline.Changed, by the file's size and times; a change
	// that comes later changes results, so ask before these are kept.
	ErrFileChanged = tensor.ErrChanged
	ErrFileLost    = nn.ErrFileLost

	// ErrFileReplaced is returned by Pipeline.Changed where another file has taken
	// the name of one that is open. Results are those of the one that is open.
	ErrFileReplaced = tensor.ErrReplaced
)
