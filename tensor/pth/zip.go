package pth

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/nlpodyssey/gopickle/types"

	"github.com/sdgraph/sdgraph/tensor"
)

// maxDirectory bounds what is read of a zip file's directory: 100 bytes for each tensor.
const maxDirectory = 8 << 20

// findZip lists the tensors of a zip archive: NAME/data.pkl is the pickle, NAME/data/KEY a storage.
func findZip(file io.ReaderAt, size int64) ([]tensor.Part, error) {
	archive, err := zip.NewReader(&atMost{file, maxDirectory}, size)
	if err != nil {
		return nil, fmt.Errorf("as a zip archive: %w", err)
	}
	files := map[string]*zip.File{}
	folder, found := "", false
	for _, f := range archive.File {
		files[f.Name] = f
		if before, ok := strings.CutSuffix(f.Name, "data.pkl"); ok && !found {
			folder, found = before, true
		}
	}
	switch {
	case !found:
		return nil, errors.New("a zip archive without data.pkl, want what torch.save writes")
	case files[folder+"constants.pkl"] != nil:
		return nil, errors.New("a TorchScript archive, want the state_dict of the model: torch.save(module.state_dict(), …)")
	}
	if err := checkOrder(file, files[folder+"byteorder"]); err != nil {
		return nil, err
	}
	pickle, err := contents(file, files[folder+"data.pkl"], maxPickle)
	if err != nil {
		return nil, err
	}
	storages := map[string]*storage{}
	object, _, err := unpickle(pickle, func(id *types.Tuple) (any, error) {
		key, s, err := newStorage(id)
		if err != nil || storages[key] != nil {
			return storages[key], err
		}
		storages[key] = s
		f := files[folder+"data/"+key]
		if f == nil {
			return nil, fmt.Errorf("the archive has no data/%.60s", key)
		}
		if s.offset, err = stored(f); err == nil && uint64(s.count) > f.UncompressedSize64/uint64(s.bytes) {
			err = fmt.Errorf("data/%.60s has %d bytes, and is to hold %d numbers", key, f.UncompressedSize64, s.count)
		}
		return s, err
	})
	if err != nil {
		return nil, err
	}
	return parts(object)
}

// checkOrder refuses files of machines that have the highest byte first. Old files do not say.
func checkOrder(file io.ReaderAt, order *zip.File) error {
	if order == nil {
		return nil
	}
	text, err := contents(file, order, 16)
	if err == nil && string(text) != "little" {
		err = fmt.Errorf("numbers with the byte order %q, want little", text)
	}
	return err
}

// stored is where the bytes of a file in the archive begin. torch compresses none.
func stored(f *zip.File) (int64, error) {
	if f.Method != zip.Store || f.CompressedSize64 != f.UncompressedSize64 {
		return 0, fmt.Errorf("%.60s is compressed, which torch.save does not do", f.Name)
	}
	return f.DataOffset()
}

// contents reads a small file of the archive.
func contents(file io.ReaderAt, f *zip.File, most uint64) ([]byte, error) {
	at, err := stored(f)
	if err == nil && f.UncompressedSize64 > most {
		err = fmt.Errorf("%.60s has %d bytes, want at most %d", f.Name, f.UncompressedSize64, most)
	}
	if err != nil {
		return nil, err
	}
	data := make([]byte, f.UncompressedSize64)
	if _, err := file.ReadAt(data, at); err != nil {
		return nil, fmt.Errorf("%.60s: %w", f.Name, err)
	}
	return data, nil
}

// atMost is a file of which so many bytes may be read in all.
type atMost struct {
	io.ReaderAt
	left int
}

// ReadAt is part of io.ReaderAt.
func (r *atMost) ReadAt(p []byte, at int64) (int, error) {
	if r.left -= len(p); r.left < 0 {
		return 0, errors.New("its directory is larger than any network's")
	}
	return r.ReaderAt.ReadAt(p, at)
}
