package tensor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	gt "gorgonia.org/tensor"
)

// Set is the weights of one model: those of a single file, or of an index and the
// shards that it names. What the comment of File says of files that change and of
// goroutines holds for a Set.
type Set struct {
	index string // path of the index, "" for a single file
	hash  string // SHA-256 of the index
	files []*File
	at    map[string]*File // the file that holds a tensor
}

// suffixes are the names that diffusers and transformers give to a model's
// weights, after the stem: whole, whole in half precision, and the index of a
// sharded model. In an index's name both put "fp16" before the last extension;
// other tools put it right after the stem.
var suffixes = []string{
	".safetensors",
	".fp16.safetensors",
	".safetensors.index.json",
	".safetensors.index.fp16.json",
	".fp16.safetensors.index.json",
	".bf16.safetensors",
	".safetensors.index.bf16.json",
	".bf16.safetensors.index.json",
}

// suffixes are those of a directory, with the variant first that it prefers.
func (d Dir) suffixes() []string {
	preferred := func(suffix string) bool {
		switch d.variant {
		case "":
			return false
		case "none":
			return !strings.Contains(suffix, "fp16") && !strings.Contains(suffix, "bf16")
		}
		return strings.Contains(suffix, d.variant)
	}
	first, rest := []string{}, []string{}
	for _, suffix := range suffixes {
		if preferred(suffix) {
			first = append(first, suffix)
		} else {
			rest = append(rest, suffix)
		}
	}
	return append(first, rest...)
}

// OpenSet opens the weights of a model directory. For each stem in turn, such
// as "diffusion_pytorch_model" or "model", it looks for STEM.safetensors,
// STEM.fp16.safetensors, their sharded forms (STEM.safetensors.index.json) and
// those of bf16, and opens the first that exists; Dir.Prefer has another order. When there is none, the error, which is
// fs.ErrNotExist, lists what it looked for, and says so when there are only
// pickles, which are not read. A file or an index that is not what it should be is
// ErrDamaged.
func OpenSet(dir string, stems ...string) (*Set, error) { return OnDisk(dir).OpenSet(stems...) }

// OpenSet opens the weights in d, as the function OpenSet does.
func (d Dir) OpenSet(stems ...string) (*Set, error) {
	var looked []string
	for _, stem := range stems {
		for _, suffix := range d.suffixes() {
			name := stem + suffix
			switch _, err := d.Stat(name); {
			case errors.Is(err, fs.ErrNotExist):
				looked = append(looked, name)
			case err != nil:
				return nil, err
			case strings.HasSuffix(name, ".json"):
				return d.openIndex(name)
			default:
				return d.openSingle(name)
			}
		}
	}
	return nil, d.notFound(looked)
}

// notFound explains why a directory has no weights that can be read.
func (d Dir) notFound(looked []string) error {
	entries, err := d.ReadDir()
	if err != nil {
		return fmt.Errorf("model weights: %w", err)
	}
	err = fmt.Errorf("%s: no weights: looked for %s%.0w", d, strings.Join(looked, ", "), fs.ErrNotExist)
	if name := d.unfinished(entries); name != "" {
		return fmt.Errorf("%w; found %s, a download that was not finished: start it again", err, name)
	}
	for _, e := range entries {
		switch filepath.Ext(e.Name()) {
		case ".bin", ".ckpt", ".pt", ".pth":
			return fmt.Errorf("%w; found %s, a pickle, which can run any code and is not read: load it in Python with from_pretrained and write it with save_pretrained(..., safe_serialization=True)", err, e.Name())
		}
	}
	return err
}

// unfinished is the path of a file that a program was still downloading, among
// a directory's entries or where the hub's own program keeps them, "" if there
// is none.
func (d Dir) unfinished(entries []fs.DirEntry) string {
	for _, e := range entries {
		switch filepath.Ext(e.Name()) {
		case ".incomplete", ".part", ".crdownload", ".aria2":
			return d.Path(e.Name())
		}
	}
	if d.fsys != nil {
		return ""
	}
	// hf download --local-dir MODEL, for the files of MODEL/PART.
	part, err := filepath.Abs(d.path)
	if err != nil {
		return ""
	}
	downloads := filepath.Join(filepath.Dir(part), ".cache", "huggingface", "download", filepath.Base(part))
	if found, err := filepath.Glob(filepath.Join(downloads, "*.incomplete")); err == nil && len(found) > 0 {
		return found[0]
	}
	return ""
}

func (d Dir) openSingle(name string) (*Set, error) {
	f, err := d.Open(name)
	if err != nil {
		return nil, err
	}
	s := &Set{}
	s.add(f)
	return s, nil
}

// openIndex opens the shards of an index, which says for every tensor which
// file holds it.
func (d Dir) openIndex(name string) (*Set, error) {
	text, err := d.ReadFile(name)
	if err != nil {
		return nil, err
	}
	path := d.Path(name)
	weightMap, err := parseIndex(text)
	if err != nil {
		return nil, damaged(fmt.Errorf("%s: index: %w", path, err))
	}
	sum := sha256.Sum256(text)
	s := &Set{index: path, hash: hex.EncodeToString(sum[:])}
	if err := s.openShards(d, weightMap); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), s.Close())
	}
	return s, nil
}

// parseIndex returns the weight_map of an index: tensor name to file name.
func parseIndex(text []byte) (weightMap map[string]string, err error) {
	r := newJSONReader(text)
	err = r.object(func(key string) (err error) {
		if key != "weight_map" {
			_, err = r.value()
			return err
		}
		if weightMap, err = r.texts(); err != nil {
			err = fmt.Errorf("weight_map: %w", err)
		}
		return err
	})
	if err == nil {
		err = r.end()
	}
	if err != nil {
		return nil, err
	}
	if len(weightMap) == 0 {
		return nil, errors.New(`"weight_map" is missing or empty; it must map tensor names to .safetensors files`)
	}
	for _, name := range slices.Sorted(maps.Keys(weightMap)) {
		if shard := weightMap[name]; !plainName(shard) {
			return nil, fmt.Errorf("tensor %.60q: shard %.60q is not a plain file name beside the index, ending in .safetensors", name, shard)
		}
	}
	return weightMap, nil
}

func (s *Set) openShards(d Dir, weightMap map[string]string) error {
	byShard := map[string]*File{}
	shards := slices.Compact(slices.Sorted(maps.Values(weightMap)))
	if err := d.checkShards(shards); err != nil {
		return err
	}
	for _, shard := range shards {
		f, err := d.Open(shard)
		if err != nil {
			return fmt.Errorf("shard: %w", err)
		}
		byShard[shard] = f
		s.add(f)
	}
	for _, name := range slices.Sorted(maps.Keys(weightMap)) {
		f := byShard[weightMap[name]]
		if _, ok := f.header.tensors[name]; !ok {
			return damaged(fmt.Errorf("tensor %.60q is not in %s, where the index has it", name, weightMap[name]))
		}
		s.at[name] = f // decides where two shards hold it
	}
	return nil
}

// checkShards wants all shards to be there.
func (d Dir) checkShards(shards []string) error {
	var missing []string
	for _, shard := range shards {
		if !d.Exists(shard) {
			missing = append(missing, d.Path(shard))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d shards are not there, the first %s: the download was not finished%.0w", len(missing), len(shards), missing[0], fs.ErrNotExist)
}

// plainName reports whether a shard's name stays in the index's directory on
// every operating system.
func plainName(name string) bool {
	return filepath.IsLocal(name) && !strings.ContainsAny(name, `/\:`) && filepath.Ext(name) == ".safetensors"
}

// add takes over f. A tensor that several files hold is read from the first,
// unless an index says otherwise.
func (s *Set) add(f *File) {
	s.files = append(s.files, f)
	if s.at == nil {
		s.at = map[string]*File{}
	}
	for name := range f.header.tensors {
		if s.at[name] == nil {
			s.at[name] = f
		}
	}
}

// Names returns the names of all tensors, sorted. Tensors that a shard holds
// and the index does not mention are among them.
func (s *Set) Names() []string { return slices.Sorted(maps.Keys(s.at)) }

// Info describes a tensor without reading it, and reports whether there is one of
// that name.
func (s *Set) Info(name string) (Info, bool) {
	f, ok := s.at[name]
	if !ok {
		return Info{}, false
	}
	return f.Info(name)
}

// Get returns a tensor, as File.Get does.
func (s *Set) Get(name string) (*gt.Dense, error) {
	f, ok := s.at[name]
	if !ok {
		return nil, fmt.Errorf("%s: no tensor %q", strings.Join(s.Paths(), ", "), name)
	}
	return f.Get(name)
}

// Forget gives a tensor's memory back, as File.Forget does.
func (s *Set) Forget(name string) {
	if f, ok := s.at[name]; ok {
		f.Forget(name)
	}
}

// Changed returns ErrChanged, as File.Changed does, for the first file that has.
func (s *Set) Changed() error { return s.first((*File).Changed) }

// Replaced returns ErrReplaced, as File.Replaced does, for the first file that is.
func (s *Set) Replaced() error { return s.first((*File).Replaced) }

// first returns the first error that check has for a file.
func (s *Set) first(check func(*File) error) error {
	for _, f := range s.files {
		if err := check(f); err != nil {
			return err
		}
	}
	return nil
}

// Hashes returns the SHA-256 of all files of Paths, as File.Hashes does; for the
// index it is the hash of the text as it was read.
func (s *Set) Hashes(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	if s.index != "" {
		all[s.index] = s.hash
	}
	for _, f := range s.files {
		hashes, err := f.Hashes(ctx)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, hashes)
	}
	return all, nil
}

// Paths returns the paths of the files that make up the set, the index first.
func (s *Set) Paths() []string {
	var paths []string
	if s.index != "" {
		paths = append(paths, s.index)
	}
	for _, f := range s.files {
		paths = append(paths, f.path)
	}
	return paths
}

// Close closes every file, as File.Close does.
func (s *Set) Close() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}
