package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// folder is an output directory that this run holds, and its index, which is in
// memory: nobody else changes it.
type folder struct {
	*files.Folder
	dir       string
	overwrite bool // --overwrite

	mu    sync.Mutex // of write
	index *index
}

// openFolder takes the directory of --out and reads its index.
func openFolder(spec Spec) (*folder, error) {
	if spec.Again != nil && !spec.Again.given["out"] {
		if err := notALink(spec.Out); err != nil {
			return nil, err
		}
	}
	held, err := files.Hold(spec.Out)
	if err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	d := &folder{Folder: held, dir: spec.Out, overwrite: spec.Overwrite}
	if d.index, err = readIndex(spec.Out); err == nil {
		err = d.checkPage()
	}
	if err != nil {
		held.Release()
		return nil, err
	}
	return d, nil
}

// notALink refuses a link in the place of a directory whose name the program has
// chosen: the user does not know that it leads elsewhere.
func notALink(dir string) error {
	if info, err := os.Lstat(dir); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return fmt.Errorf("%s is a link, which is not followed: give another --out", dir)
	}
	return nil
}

// checkPage refuses a page of something else. The index of an earlier version
// does not know its page, which says itself whose it is.
func (d *folder) checkPage() error {
	const name = "index.html"
	page, err := files.Read(d.Path(name), maxIndex)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("--out: %w", err)
	case !bytes.Contains(page, []byte(pageMark)):
		return fmt.Errorf("%s is a page of something else, and would be overwritten: give another --out", d.Path(name))
	case len(d.index.Files[name]) == 0:
		d.index.Files[name] = []string{files.SHA256(page)}
	}
	return d.index.Files.Check(d.Folder, name)
}

// close ends a run that err has ended, nil for none: the page shows all that was
// made, and others may have the folder.
func (d *folder) close(err error) error {
	defer d.Release()
	if d.index.unshown == 0 || len(d.index.Entries) == 0 {
		return err
	}
	return cmp.Or(err, d.flush())
}

// shared is a file that is not of one picture alone, by its name in the folder.
type shared struct {
	name string
	data []byte
}

// mayWrite checks whether such a file may get its name: nothing else would be
// lost. Of some the content is known before anything is computed; then not even
// an own file of another content may be.
func (d *folder) mayWrite(s shared) error {
	held := d.index.Files
	if s.data != nil && len(held[s.name]) == 0 { // from an earlier version, it may be the same
		if there, err := files.HashPlain(d.Path(s.name)); err == nil && there == files.SHA256(s.data) {
			held[s.name] = []string{there}
		}
	}
	if err := held.Check(d.Folder, s.name); err != nil {
		return err
	}
	if s.data != nil && !d.overwrite && files.Exists(d.Path(s.name)) && held[s.name][0] != files.SHA256(s.data) {
		return fmt.Errorf("%s %w; give another --out, or --overwrite to replace it", d.Path(s.name), errOther)
	}
	return nil
}

// errOther is that of a file of this program whose content would be another.
var errOther = errors.New("was made from another picture or with other options")

// has reports whether such a file, which mayWrite has let pass, is there as it
// would be written.
func (d *folder) has(s shared) bool {
	return files.Exists(d.Path(s.name)) && d.index.Files[s.name][0] == files.SHA256(s.data)
}

// put writes files that are not of one picture alone.
func (d *folder) put(s ...shared) error { return d.write(nil, nil, false, s...) }

// flush writes the index and the page.
func (d *folder) flush() error { return d.write(nil, nil, true) }

// write enters a picture into the index, if e is not nil, and brings to the disk
// the index, files that are not of one picture alone, those of e, which parts
// has in their order, and the page if it is time. The index comes first: it
// knows every file that is there, whenever the program is killed.
func (d *folder) write(e *entry, parts []files.File, page bool, others ...shared) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	x := d.index
	if e != nil {
		e.Files = x.filesOf(e.Name)
		for _, p := range parts {
			e.Files.Replace(filepath.Base(p.Path), p.Data)
		}
		x.put(*e)
	}
	if page = (page || x.due()) && len(x.Entries) > 0; page {
		data, err := x.page(false)
		if err != nil {
			return err
		}
		others = append(others, shared{"index.html", data})
	}
	batch := make([]files.File, 1, 2+len(parts)+len(others))
	for _, s := range others {
		x.Files.Replace(s.name, s.data)
		batch = append(batch, files.File{Path: d.Path(s.name), Data: s.data})
	}
	if page { // last
		n := len(batch) - 1
		batch = append(append(batch[:n:n], parts...), batch[n])
	} else {
		batch = append(batch, parts...)
	}
	data, err := x.encode()
	if err != nil {
		return err
	}
	batch[0] = files.File{Path: d.Path("index.json"), Data: data}
	if err := files.WriteAll(batch...); err != nil {
		d.reread()
		return err
	}
	for _, s := range others {
		x.Files.Written(s.name, false)
	}
	if e != nil {
		x.written(e.Name, parts)
	}
	if page {
		x.unshown = 0
	}
	return nil
}

// reread is the index as the disk has it, after an error, if it can be had.
func (d *folder) reread() {
	if x, err := readIndex(d.dir); err == nil {
		x.unshown = d.index.unshown
		d.index = x
	}
}
