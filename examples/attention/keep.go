package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// The names in the folder that are not of a word, and what the others have.
const (
	indexName   = "index.json"
	pageName    = "index.html"
	pictureName = "picture.png"
	stepPart    = "-step-"
	sitePart    = "-site-"
)

// index is the file index.json: what made the maps of a folder, and which files
// they are.
type index struct {
	Format   string         `json:"format"`
	Identity files.Identity `json:"options"`
	Files    files.Holdings `json:"files"`
}

const (
	indexFormat = "attention index 1"
	maxIndex    = 16 << 20 // bytes; others may have written it
)

// readIndex reads a folder's index; an empty one where there is none.
func readIndex(folder *files.Folder) (*index, error) {
	path := folder.Path(indexName)
	x := &index{Format: indexFormat, Files: files.Holdings{}}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return x, nil
	}
	_, err := files.HashPlain(path) // not a link
	var data []byte
	if err == nil {
		data, err = files.Read(path, maxIndex)
	}
	if err == nil {
		err = json.NewDecoder(files.NewBoundedJSON(bytes.NewReader(data), 4, maxIndex, maxIndex)).Decode(x)
	}
	if err == nil && x.Format != indexFormat {
		err = fmt.Errorf("its format is %.100q", x.Format)
	}
	if err == nil && x.Files == nil {
		err = errors.New("it has no files")
	}
	if err == nil {
		err = x.Files.CheckNames()
	}
	if err != nil {
		return nil, fmt.Errorf("%s is not an index of this program (%s): %w; it would be overwritten: give another --out", path, indexFormat, err)
	}
	return x, nil
}

// identity is everything that makes the maps what they are.
func (j *job) identity() (files.Identity, error) {
	f := j.flags
	weights, err := files.Fingerprint(j.pipeline.Files()...)
	if err != nil {
		return nil, err
	}
	var words []string
	for _, w := range j.words {
		words = append(words, w.text)
	}
	id := files.Identity{
		"--model": weights, "the configuration of --model": files.Together(j.pipeline.Texts()), "--prediction-type": j.pipeline.Scheduler.PredictionType, "--prompt": f.Prompt, "--words": strings.Join(words, ","), "--seed": strconv.FormatUint(f.Seed, 10),
		"the size": fmt.Sprintf("%d×%d", j.width, j.height), "--precision": f.Precision, "--image": "",
	}
	if words := cli.Identity(j.pipeline.Embeddings()); words != "" {
		id["--embedding"] = words
	}
	if j.photograph != nil {
		id["--image"], id["--t"] = "the picture "+files.Short(files.SHA256(j.photograph.Pix)), fmt.Sprint(f.T)
		return id, nil
	}
	id["--negative"], id["--guidance"] = f.Negative, strconv.FormatFloat(f.Guidance, 'g', -1, 64)
	id["--scheduler"], id["--steps"] = f.Scheduler, strconv.Itoa(f.Steps)
	return id, nil
}

// check refuses to overwrite what is not this program's, was edited since, or
// was made with other options.
func (j *job) check() error {
	x, err := readIndex(j.folder)
	if err != nil {
		return err
	}
	there, err := os.ReadDir(j.flags.Out)
	if err != nil {
		return err
	}
	words := names(j.words)
	for _, e := range there {
		if name := e.Name(); mine(name, words) || len(x.Files[name]) > 0 {
			if err := x.Files.Check(j.folder, name); err != nil {
				return err
			}
		}
	}
	id, err := j.identity()
	if err != nil {
		return err
	}
	if d := id.Differences(x.Identity); len(x.Files) > 0 && len(d) > 0 && !j.flags.Overwrite {
		return fmt.Errorf("%s has maps that were made with other options: %s; give another --out, or --overwrite to replace them", j.flags.Out, strings.Join(d, "; "))
	}
	x.Identity, j.kept = id, x
	return nil
}

// mine reports whether a name is one that maps of words may get. A disk may take
// names that differ in case for one.
func mine(name string, words []string) bool {
	name = strings.ToLower(name)
	if name == pageName || name == pictureName {
		return true
	}
	return slices.ContainsFunc(words, func(w string) bool {
		return name == w+".png" || strings.HasPrefix(name, w+stepPart) || strings.HasPrefix(name, w+sitePart)
	})
}

// place writes the files, after an index that knows both them and what they
// replace, and removes what is left of other words.
func (j *job) place(made []files.File) error {
	x, batch := j.kept, make([]files.File, 1)
	left := map[string]bool{}
	for name := range x.Files {
		left[name] = true
	}
	for i, f := range made {
		x.Files.Replace(f.Path, f.Data)
		delete(left, f.Path)
		made[i].Path = j.folder.Path(f.Path)
	}
	for name := range left {
		batch = append(batch, files.File{Path: j.folder.Path(name), Remove: true})
	}
	var err error
	if batch[0], err = x.file(j.folder); err != nil {
		return err
	}
	if err := files.WriteAll(append(batch, made...)...); err != nil {
		return err
	}
	for name := range x.Files {
		x.Files.Written(name, left[name])
	}
	last, err := x.file(j.folder)
	if err != nil {
		return err
	}
	return files.WriteAll(last)
}

// file is the index as it is written.
func (x *index) file(folder *files.Folder) (files.File, error) {
	data, err := json.MarshalIndent(x, "", "  ")
	return files.File{Path: folder.Path(indexName), Data: append(data, '\n')}, err
}
