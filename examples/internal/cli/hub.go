package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor/hub"
)

// Hub is the flags for models that are named as on the Hugging Face hub, for programs to embed.
type Hub struct {
	Yes     bool   `help:"Fetch a model that is named owner/name, as on the Hugging Face hub, and is not there yet, without asking." json:"-"`
	Variant string `placeholder:"WHICH" help:"Which weights of a model, where it has several: fp16, bf16, or none for those without a variant, in f32 mostly (default: of a model of the hub fp16, of a directory none)." json:"variant,omitempty"`
}

// CLIPOfSD15 is the CLIP that AnomalyAny refines pictures of Stable Diffusion 1.5 by, on the hub. Models there come without it.
const CLIPOfSD15 = "openai/clip-vit-large-patch14"

// Found is a model that a flag names, and where it is.
type Found struct {
	Name string // as it was given; of a model of the hub with the commit, so that it names the same for ever
	Path string // of the directory or file
}

// isHub reports whether it is a model of the hub.
func (f Found) isHub() bool { return f.Name != f.Path }

// VariantOf is the option for opening a model in the variant that is asked for: of the hub the one that is fetched unless another
// is asked for, even where there are both.
func (h *Hub) VariantOf(f Found) []diffusion.OpenOption {
	variant := h.Variant
	if variant == "" && f.isHub() {
		variant = "fp16"
	}
	return []diffusion.OpenOption{diffusion.WithVariant(variant)}
}

// Record puts the model's name in the place of its path at the beginning of paths, so that what is noted of its files does
// not depend on where a cache lies.
func (f Found) Record(of map[string]string) map[string]string {
	if !f.isHub() {
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

// InCache is the path of a model of the hub that is in the cache as a whole; "" where it is not, or is none. It never uses
// the network.
func (h *Hub) InCache(value string) string {
	if !IsHub(value) {
		return ""
	}
	r, err := hub.ParseRef(value)
	if err != nil {
		return ""
	}
	plan, err := hub.Look(context.Background(), r, hub.Options{Variant: h.Variant, Offline: true})
	if err != nil {
		return ""
	}
	return plan.Path()
}

// CheckBeside wants the files of other flags to be there, by their names, where a model has to be fetched first: nobody is
// to wait for that in vain.
func (h *Hub) CheckBeside(model string, files map[string]string) error {
	if !IsHub(model) || h.InCache(model) != "" {
		return nil
	}
	for _, flag := range slices.Sorted(maps.Keys(files)) {
		if path := files[flag]; path != "" {
			if _, err := os.Stat(path); err != nil {
				return fmt.Errorf("%s: %w", flag, err)
			}
		}
	}
	return nil
}

// Find finds models by the values of flags: what is on the disk, or is no name of the hub, as it is; of the hub what is in
// the cache, without the network; and what is missing of that it fetches, once the user has agreed to all of it.
func (h *Hub) Find(ctx context.Context, values ...string) ([]Found, error) {
	return h.find(ctx, whoever(), values, false)
}

// FindWithCLIP finds a model, a CLIP and others. With a model of the hub that has no CLIP, CLIPOfSD15 comes along where no
// other is asked for.
func (h *Hub) FindWithCLIP(ctx context.Context, model, clip string, others ...string) ([]Found, error) {
	return h.find(ctx, whoever(), append([]string{model, clip}, others...), true)
}

// Networks are for models beside a pipeline of Stable Diffusion: of them it is the weights without a variant that are
// fetched, in float32 mostly, unless another is asked for.
func (h *Hub) Networks() *Hub { return &Hub{Yes: h.Yes, Variant: cmp.Or(h.Variant, "none")} }

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
	var missing []*hub.Plan
	for i, value := range values {
		if withCLIP && i == 1 && value == "" && lacksCLIP(plans[0]) {
			value = CLIPOfSD15
		}
		all[i] = Found{value, value}
		if !IsHub(value) {
			continue
		}
		plan, err := h.look(ctx, value, i == 0)
		if err != nil {
			return nil, err
		}
		plans[i] = plan
		if plan.Note != "" {
			fmt.Fprintf(p.out, "%s: %s\n", value, plan.Note)
		}
		if n, _ := plan.Missing(); n > 0 {
			fmt.Fprintln(p.out, plan)
			missing = append(missing, plan)
		}
	}
	if err := p.sumUp(missing); err != nil {
		return nil, err
	}
	if len(missing) > 0 && !h.Yes {
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

// sumUp says how much several plans are together. The error is hub.ErrNoSpace where the disk has no room for all of them.
func (p person) sumUp(plans []*hub.Plan) error {
	if len(plans) < 2 {
		return nil // Plan.Fetch looks at the room for one
	}
	all, need, free := int64(0), int64(0), plans[0].Free
	for _, plan := range plans {
		_, bytes := plan.Missing()
		all += bytes
		need += bytes - plan.Begun()
	}
	fmt.Fprintf(p.out, "Together %s.\n", hub.Bytes(all))
	if free >= 0 && free < need {
		return fmt.Errorf("%s are needed, and %s are free; HF_HUB_CACHE sets another place%.0w", hub.Bytes(need), hub.Bytes(free), hub.ErrNoSpace)
	}
	return nil
}

// lacksCLIP reports whether a model is one of the hub without a CLIP of its own.
func lacksCLIP(p *hub.Plan) bool {
	return p != nil && !slices.ContainsFunc(p.Files, func(f hub.File) bool { return strings.HasPrefix(f.Name, "clip/") })
}

// look asks the cache, or the hub, about a model. One that comes beside the first need not have the variant that is asked for
// of that: published CLIPs have none.
func (h *Hub) look(ctx context.Context, value string, first bool) (*hub.Plan, error) {
	r, err := hub.ParseRef(value)
	if err != nil {
		return nil, err
	}
	plan, err := hub.Look(ctx, r, hub.Options{Variant: h.Variant})
	if errors.Is(err, hub.ErrUnsuitable) && !first && h.Variant != "" {
		plan, err = hub.Look(ctx, r, hub.Options{})
	}
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		return plan, err
	case errors.Is(err, hub.ErrNotFound) || errors.Is(err, hub.ErrOffline):
		return nil, fmt.Errorf("%s is no file or directory here, and of the hub: %w%s", value, err, DidYouMean(r.Repo, inCache()))
	}
	return nil, fmt.Errorf("%s: %w", value, err)
}

// inCache names the models in the cache.
func inCache() (names []string) {
	all, _ := hub.Cached(hub.Options{}) // what cannot be read has no names
	for _, r := range all {
		names = append(names, r.Repo)
	}
	return names
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
