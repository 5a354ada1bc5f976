package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor/hub"
)

// Hub is the flags for models that are named as on the Hugging Face hub, for programs to embed.
type Hub struct {
	Yes     bool   `help:"Fetch a model that is named owner/name, as on the Hugging Face hub, and is not there yet, without asking." json:"-"`
	Variant string `placeholder:"WHICH" help:"Which weights of it: fp16, bf16, or none for those without a variant, in f32 mostly (default: fp16 where there are such)." json:"-"`
}

// CLIPOfSD15 is the CLIP that AnomalyAny refines pictures of Stable Diffusion 1.5 by, on the hub. Models there come without it.
const CLIPOfSD15 = "openai/clip-vit-large-patch14"

// Found is a model that a flag names, and where it is.
type Found struct {
	Name string // as it was given; of a model of the hub with the commit, so that it names the same for ever
	Path string // of the directory or file
}

// Record puts the model's name in the place of its path at the beginning of paths, so that what is noted of its files does
// not depend on where a cache lies.
func (f Found) Record(of map[string]string) map[string]string {
	if f.Name == f.Path {
		return of
	}
	named := make(map[string]string, len(of))
	for path, value := range of {
		if rest, found := strings.CutPrefix(path, f.Path); found {
			path = f.Name + filepath.ToSlash(rest)
		}
		named[path] = value
	}
	return named
}

// IsHub reports whether a flag's value names a model of the hub: owner/name, with @revision or :FILE.safetensors behind it,
// or its address; and nothing on the disk.
func IsHub(value string) bool {
	if _, err := os.Lstat(value); err == nil || value == "" {
		return false
	}
	if strings.HasPrefix(value, ".") || filepath.IsAbs(value) {
		return false
	}
	_, err := hub.ParseRef(value)
	return err == nil || strings.HasPrefix(value, "https://")
}

// Find finds models by the values of flags: what is on the disk, or is no name of the hub, as it is; of the hub what is in
// the cache, without the network; and what is missing of that it fetches, once the user has agreed to all of it.
func (h *Hub) Find(ctx context.Context, values ...string) ([]Found, error) {
	return h.find(ctx, whoever(), values, false)
}

// FindWithCLIP finds a model and a CLIP. With a model of the hub that has none, CLIPOfSD15 comes along where no other is
// asked for.
func (h *Hub) FindWithCLIP(ctx context.Context, model, clip string) ([]Found, error) {
	return h.find(ctx, whoever(), []string{model, clip}, true)
}

// person is who is asked, if there is somebody.
type person struct {
	in      io.Reader
	out     io.Writer
	present bool
}

// whoever may be at the terminal.
func whoever() person {
	return person{os.Stdin, os.Stderr, show.IsTerminal(os.Stdin) && show.IsTerminal(os.Stderr)}
}

// find is Find, or FindWithCLIP.
func (h *Hub) find(ctx context.Context, p person, values []string, withCLIP bool) ([]Found, error) {
	all, plans := make([]Found, len(values)), make([]*hub.Plan, len(values))
	missing := false
	for i, value := range values {
		if withCLIP && i == 1 && value == "" && lacksCLIP(plans[0]) {
			value = CLIPOfSD15
		}
		all[i] = Found{value, value}
		if !IsHub(value) {
			continue
		}
		plan, err := h.look(ctx, value)
		if err != nil {
			return nil, err
		}
		plans[i] = plan
		if plan.Note != "" {
			fmt.Fprintf(p.out, "%s: %s\n", value, plan.Note)
		}
		if n, _ := plan.Missing(); n > 0 {
			fmt.Fprintln(p.out, plan)
			missing = true
		}
	}
	if missing && !h.Yes {
		if err := p.agrees(ctx); err != nil {
			return nil, err
		}
	}
	for i, plan := range plans {
		if plan == nil {
			continue
		}
		path, err := fetch(ctx, p.out, plan)
		if err != nil {
			return nil, err
		}
		r := plan.Ref
		r.Revision = plan.Commit
		all[i] = Found{r.String(), path}
	}
	return all, nil
}

// lacksCLIP reports whether a model is one of the hub without a CLIP of its own.
func lacksCLIP(p *hub.Plan) bool {
	return p != nil && !slices.ContainsFunc(p.Files, func(f hub.File) bool { return strings.HasPrefix(f.Name, "clip/") })
}

// look asks the cache, or the hub, about a model.
func (h *Hub) look(ctx context.Context, value string) (*hub.Plan, error) {
	r, err := hub.ParseRef(value)
	if err != nil {
		return nil, err
	}
	plan, err := Await(ctx, func() (*hub.Plan, error) { return hub.Look(ctx, r, hub.Options{Variant: h.Variant}) })
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		return plan, err
	case errors.Is(err, hub.ErrNotFound) || errors.Is(err, hub.ErrOffline):
		return nil, fmt.Errorf("%s is no file or directory here, and of the hub: %w", value, err)
	}
	return nil, fmt.Errorf("%s: %w", value, err)
}

// agrees asks whether to fetch. Nobody who is not there agrees.
func (p person) agrees(ctx context.Context) error {
	if !p.present {
		return fmt.Errorf("to fetch that: %s --yes", commandLine(os.Args))
	}
	fmt.Fprint(p.out, "Download? [Y/n] ")
	answer, err := Await(ctx, func() (string, error) { return bufio.NewReader(p.in).ReadString('\n') })
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	case "":
		if err == nil { // Enter, and not the end of the input
			return nil
		}
	}
	return errors.New("nothing was fetched")
}

// commandLine is a command as a shell reads it, by the program's name alone.
func commandLine(args []string) string {
	words := []string{filepath.Base(args[0])}
	for _, arg := range args[1:] {
		if arg == "" || strings.ContainsFunc(arg, func(c rune) bool { return !strings.ContainsRune("-_./:=,@%+", c) && !isWord(c) }) {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}

func isWord(c rune) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' }
