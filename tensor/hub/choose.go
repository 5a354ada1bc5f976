package hub

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// weightsExt is the extension of the one format of weights that is opened.
const weightsExt = ".safetensors"

// indexFile lists the parts of a pipeline of diffusers.
const indexFile = "model_index.json"

// shelf is the files of a repository, or of a snapshot of it, by their names.
type shelf map[string]File

// in are the names of the files right in a folder, without it; "" is the root.
func (s shelf) in(folder string) (names []string) {
	for name := range s {
		if dir := path.Dir(name); dir == folder || dir == "." && folder == "" {
			names = append(names, path.Base(name))
		}
	}
	slices.Sort(names)
	return names
}

// choice is the files that make up what is asked for.
type choice struct {
	names  []string // small ones first, so that a folder with weights has its texts
	single bool     // the last one is what to open; else the folder is
}

// choose picks of a repository what there is to open: a file that is named, a pipeline by its index, a lone model with
// its config.json, or a lone file of weights. The error, ErrUnsuitable, says what there is not.
func (s shelf) choose(r Ref, variant string, index func() ([]byte, error)) (choice, error) {
	switch {
	case r.File != "":
		return s.file(r)
	case s.has(indexFile):
		text, err := index()
		if err != nil {
			return choice{}, err
		}
		return s.pipeline(r, text, variant)
	}
	if c, err := s.part("", variant); err == nil {
		return choice{names: c}, nil
	} else if s.has("config.json") && len(s.alone()) == 0 {
		return choice{}, of(ErrUnsuitable, "%s: %w", r, err)
	}
	return s.only(r)
}

func (s shelf) has(name string) bool { _, found := s[name]; return found }

// file is one that is named, and a configuration of its name beside it.
func (s shelf) file(r Ref) (choice, error) {
	if !s.has(r.File) {
		return choice{}, of(ErrNotFound, "%s has no file %q", Ref{Repo: r.Repo, Revision: r.Revision}, r.File)
	}
	c := choice{names: []string{r.File}, single: true}
	if yaml := strings.TrimSuffix(r.File, weightsExt) + ".yaml"; s.has(yaml) {
		c.names = []string{yaml, r.File}
	}
	return c, nil
}

// alone are the files of weights in the root.
func (s shelf) alone() (names []string) {
	for _, name := range s.in("") {
		if path.Ext(name) == weightsExt {
			names = append(names, name)
		}
	}
	return names
}

// only is the only file of weights in the root; where there are several, the error lists them.
func (s shelf) only(r Ref) (choice, error) {
	names := s.alone()
	switch len(names) {
	case 0:
		return choice{}, of(ErrUnsuitable, "%s has no weights that can be opened: no %s, and no %s files%s", r, indexFile, weightsExt, s.pickles(""))
	case 1:
		return s.file(Ref{r.Repo, r.Revision, names[0]})
	}
	const most = 12
	var lines strings.Builder
	for _, name := range names[:min(len(names), most)] {
		fmt.Fprintf(&lines, "\n  %s  (%s)", Ref{r.Repo, r.Revision, name}, Bytes(s[name].Size))
	}
	if more := len(names) - most; more > 0 {
		fmt.Fprintf(&lines, "\n  and %d more", more)
	}
	return choice{}, of(ErrUnsuitable, "%s has %d files of weights: say which%s", r, len(names), &lines)
}

// pickles is what to say of a folder whose weights are in formats that are not opened, or nothing.
func (s shelf) pickles(folder string) string {
	for _, name := range s.in(folder) {
		switch path.Ext(name) {
		case ".bin", ".ckpt", ".pt", ".pth":
			return fmt.Sprintf("; there is %s, a pickle, which can run any code and is not read: load it in Python with from_pretrained and write it with save_pretrained(..., safe_serialization=True)", path.Join(folder, name))
		case ".msgpack", ".h5", ".onnx":
			return fmt.Sprintf("; there is %s, of another library", path.Join(folder, name))
		}
	}
	return ""
}

// never are parts of pipelines that no program opens.
var never = []string{"safety_checker", "feature_extractor", "image_encoder"}

// folders are the parts that a pipeline's index names.
func folders(text []byte) ([]string, error) {
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(text, &entries); err != nil {
		return nil, err
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		var class []*string // library and class; both null for a part that there is not
		if json.Unmarshal(entries[name], &class) != nil || len(class) != 2 || class[1] == nil {
			continue
		}
		if !strings.HasPrefix(name, "_") && !slices.Contains(never, name) && checkPart(name) == nil && !strings.Contains(name, "/") {
			names = append(names, name)
		}
	}
	return names, nil
}

// pipeline is the parts of a pipeline. What a model directory here may have besides comes first, so that what is there
// when the last file is has all of it.
func (s shelf) pipeline(r Ref, index []byte, variant string) (choice, error) {
	parts, err := folders(index)
	if err != nil || len(parts) == 0 {
		return choice{}, of(ErrUnsuitable, "%s: its %s names no parts", r, indexFile)
	}
	if s.has("clip/config.json") && !slices.Contains(parts, "clip") {
		parts = append([]string{"clip"}, parts...)
	}
	var texts, weights []string
	for _, name := range []string{indexFile, "anomalyany.json"} {
		if s.has(name) {
			texts = append(texts, name)
		}
	}
	for _, folder := range parts {
		names, err := s.part(folder, variant)
		if err != nil {
			return choice{}, of(ErrUnsuitable, "%s: %w", r, err)
		}
		for _, name := range names {
			if path.Ext(name) == weightsExt {
				weights = append(weights, name)
			} else {
				texts = append(texts, name)
			}
		}
	}
	return choice{names: append(texts, weights...)}, nil
}

// small are the files of a part that are no weights, as diffusers and transformers call them.
var small = []string{"config.json", "scheduler_config.json", "vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "preprocessor_config.json"}

// part is the files of a model, a scheduler or a tokenizer in a folder.
func (s shelf) part(folder, variant string) ([]string, error) {
	present := s.in(folder)
	has := func(name string) bool { return slices.Contains(present, name) }
	var names []string
	for _, name := range small {
		if has(name) {
			names = append(names, name)
		}
	}
	if !has("merges.txt") && has("tokenizer.json") {
		names = append(names, "tokenizer.json")
	}
	lacks := func(what string) error { return fmt.Errorf("%s has no %s", path.Join(".", folder)+"/", what) }
	switch {
	case strings.HasPrefix(folder, "scheduler"):
		if !has("scheduler_config.json") {
			return nil, lacks("scheduler_config.json")
		}
	case strings.HasPrefix(folder, "tokenizer"):
		if !has("tokenizer.json") && !(has("vocab.json") && has("merges.txt")) {
			return nil, lacks("vocab.json and merges.txt, nor a tokenizer.json")
		}
	default:
		weights, stem := weightsOf(present, variant)
		switch {
		case stem == openCLIPStem && has(openCLIPConfig):
			names = append(names, openCLIPConfig)
		case !has("config.json"):
			return nil, lacks("config.json")
		case weights == nil:
			return nil, fmt.Errorf("%w%s", lacks("weights in "+weightsExt+" files"+ofVariant(variant)), s.pickles(folder))
		}
		names = append(names, weights...)
	}
	for i, name := range names {
		names[i] = path.Join(folder, name)
	}
	return names, nil
}

func ofVariant(variant string) string {
	switch variant {
	case "":
		return ""
	case "none":
		return " without a variant"
	}
	return " of variant " + variant
}

// What open_clip calls its files.
const openCLIPStem, openCLIPConfig = "open_clip_model", "open_clip_config.json"

// stems are what weights are called before variant and extension.
var stems = []string{"diffusion_pytorch_model", "model", openCLIPStem}

// weightsOf picks of a folder's files the weights of one kind: of the first stem that there is, in the first variant that
// is wanted, in one file or in an index and all of its parts; nil where there are none.
func weightsOf(present []string, variant string) (names []string, stem string) {
	for _, stem := range stems {
		for _, v := range variants[variant] {
			if names := weightsIn(present, stem, v); names != nil {
				return names, stem
			}
		}
	}
	return nil, ""
}

// partForm is that of a sharded file: the variant stands before the numbers or behind them.
var partForm = regexp.MustCompile(`^([a-z_]+)(?:\.([a-z0-9_]+))?-([0-9]{5})-of-([0-9]{5})(?:\.([a-z0-9_]+))?\.safetensors$`)

func weightsIn(present []string, stem, variant string) []string {
	dotted := ""
	if variant != "" {
		dotted = "." + variant
	}
	if whole := stem + dotted + weightsExt; slices.Contains(present, whole) {
		return []string{whole}
	}
	var shards []string
	count := 0
	for _, name := range present {
		m := partForm.FindStringSubmatch(name)
		if m != nil && m[1] == stem && m[2]+m[5] == variant {
			shards = append(shards, name)
			count, _ = strconv.Atoi(m[4])
		}
	}
	for _, index := range []string{stem + weightsExt + ".index" + dotted + ".json", stem + dotted + weightsExt + ".index.json"} {
		if slices.Contains(present, index) && len(shards) > 0 && len(shards) == count {
			return append([]string{index}, shards...)
		}
	}
	return nil
}
