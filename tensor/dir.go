package tensor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Dir is a directory that holds a model or a part of one: on the disk, or in an
// fs.FS, such as the files that a program embeds. Weights on the disk are mapped
// into memory; those of an fs.FS are read.
type Dir struct {
	fsys  fs.FS  // nil for the disk
	path  string // as fsys or the system takes it
	texts *Texts // that note what is read, nil for none

	variant string // of weights, that is opened where there are several; "" for the usual order
}

// OnDisk returns a directory of the operating system.
func OnDisk(path string) Dir { return Dir{path: path} }

// InFS returns the root directory of fsys; that of nil is empty.
func InFS(fsys fs.FS) Dir {
	if fsys == nil {
		fsys = nothing{}
	}
	return Dir{fsys: fsys, path: "."}
}

// nothing is an fs.FS without files.
type nothing struct{}

func (nothing) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// String returns the directory's path; in an fs.FS it begins at the root, ".".
func (d Dir) String() string { return d.path }

// Path returns the path of a file or directory of d, as errors have it.
func (d Dir) Path(name string) string {
	if d.fsys != nil {
		return path.Join(d.path, name)
	}
	return filepath.Join(d.path, name)
}

// Sub returns the directory of this name in d, which need not exist.
func (d Dir) Sub(name string) Dir {
	d.path = d.Path(name)
	return d
}

// Prefer returns d as a directory of which, and of its Subs, OpenSet opens weights of a
// variant where there are several: "fp16", "bf16", or "none" for those without one. Where
// there are none of it, it opens others. "" is for the usual order.
func (d Dir) Prefer(variant string) Dir {
	d.variant = variant
	return d
}

// maxText is how long a file may be that ReadFile reads, in bytes. CLIP's
// tokenizer.json has 4 MB.
const maxText = 16 << 20

// ReadFile reads a file of d that is text, such as a configuration or a
// vocabulary. The error, which names the file's Path, is fs.ErrNotExist where
// there is none. It is ErrDamaged for what is no regular file, is longer than
// 16 MiB, is a link that leads nowhere, or by its first bytes is what a download
// leaves in a file's place, and for a .json file without contents.
func (d Dir) ReadFile(name string) ([]byte, error) { return d.ReadUpTo(name, maxText) }

// ReadUpTo is ReadFile for a file that may have at most limit bytes.
func (d Dir) ReadUpTo(name string, limit int64) ([]byte, error) {
	path := d.Path(name)
	f, err := d.openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := readAll(f, path, limit)
	if err != nil {
		return nil, err
	}
	if len(text) == 0 && filepath.Ext(name) == ".json" {
		return nil, damaged(fmt.Errorf("%s: the file is empty; want JSON", path))
	}
	if what := foreign(text); what != "" {
		return nil, damaged(fmt.Errorf("%s: the file is %s", path, what))
	}
	d.texts.note(path, text)
	return text, nil
}

// openRegular opens a file by its path, as the function of this name does.
func (d Dir) openRegular(path string) (fs.File, error) {
	if d.fsys == nil {
		f, _, err := openRegular(path)
		return f, err
	}
	info, err := fs.Stat(d.fsys, path)
	if err == nil {
		err = checkRegular(path, info)
	}
	if err != nil {
		return nil, err
	}
	return d.fsys.Open(path)
}

// Exists reports whether there is something of this name in d, "" being d itself.
// What cannot be opened, such as a link that leads nowhere or to itself, exists,
// too: an error of opening it says more than that it is missing.
func (d Dir) Exists(name string) bool {
	_, err := d.Stat(name)
	return err == nil || errors.Is(err, errNowhere) || d.fsys == nil && listed(d.Path(name))
}

// listed reports whether there is something at a path, which may be a link.
func listed(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Stat describes what is of this name in d, "" being d itself. The error is
// fs.ErrNotExist where there is nothing; for a link that leads nowhere it is
// ErrDamaged, and says where the link leads.
func (d Dir) Stat(name string) (fs.FileInfo, error) {
	if d.fsys != nil {
		return fs.Stat(d.fsys, d.Path(name))
	}
	return stat(d.Path(name))
}

// ReadDir returns the entries of d, sorted by name.
func (d Dir) ReadDir() ([]fs.DirEntry, error) {
	if d.fsys != nil {
		return fs.ReadDir(d.fsys, d.path)
	}
	return os.ReadDir(d.path)
}

// Open opens a safetensors file of d, as the function Open does. Of an fs.FS the
// File is a copy in memory, which nothing changes and Close releases.
func (d Dir) Open(name string) (*File, error) {
	path := d.Path(name)
	if d.fsys == nil {
		return Open(path)
	}
	info, err := d.Stat(name)
	if err == nil {
		err = checkRegular(path, info)
	}
	if err != nil {
		return nil, err
	}
	data, err := fs.ReadFile(d.fsys, path)
	if err != nil {
		return nil, err
	}
	return inMemory(path, data)
}
