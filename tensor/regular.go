package tensor

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// openRegular opens a file of the disk. What is none, such as a directory or a
// pipe, is refused before it is opened: that of a pipe would wait for whoever
// writes into it. A link that leads nowhere is an error that says so.
func openRegular(path string) (*os.File, os.FileInfo, error) {
	info, err := stat(path)
	if err == nil {
		err = checkRegular(path, info)
	}
	if err != nil {
		return nil, nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err == nil { // another may have taken its name
		err = checkRegular(path, info)
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// checkRegular refuses what is not a file with contents of its own.
func checkRegular(path string, info fs.FileInfo) error {
	if info.Mode().IsRegular() {
		return nil
	}
	return damaged(fmt.Errorf("%s: not a regular file but %s", path, Kind(info.Mode())))
}

// Kind names what a file's mode says it is, such as "a file", "a directory" or "a
// pipe", for messages.
func Kind(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return "a file"
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeSymlink != 0:
		return "a link"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

// errNowhere is of a link that leads nowhere.
var errNowhere = damaged(errors.New("which is not there: the download was not finished, or what links lead to was not copied with them"))

// stat is os.Stat, but that a link which leads nowhere is an error that says so
// and is not fs.ErrNotExist: what has a name is meant to be there.
func stat(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if link, target, ok := dangling(path); ok {
			return nil, fmt.Errorf("%s: a link to %s, %w", link, target, errNowhere)
		}
	}
	return info, err
}

// dangling finds the link, path itself or a directory on its way, that leads
// nowhere, and where it leads: of links to links, where the last of them does.
func dangling(path string) (link, target string, ok bool) {
	for link = path; ; link = filepath.Dir(link) {
		if info, err := os.Lstat(link); err == nil {
			if info.Mode()&fs.ModeSymlink == 0 {
				return "", "", false
			}
			break
		}
		if filepath.Dir(link) == link {
			return "", "", false
		}
	}
	if _, err := os.Stat(link); !errors.Is(err, fs.ErrNotExist) {
		return "", "", false // it leads somewhere, where what is looked for is not
	}
	target, err := os.Readlink(link)
	if err == nil && !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(link), target)
	}
	if _, further, ok := dangling(target); ok {
		target = further
	}
	return link, target, err == nil
}

// readAll reads a file that may have most bytes.
func readAll(f io.Reader, path string, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if int64(len(data)) > most {
		return nil, damaged(fmt.Errorf("%s: the file has more bytes than it may, want at most %d", path, most))
	}
	return data, nil
}
