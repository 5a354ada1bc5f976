package pth

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"

	"github.com/nlpodyssey/gopickle/types"

	"github.com/sdgraph/sdgraph/tensor"
)

// legacyMagic and legacyVersion are what the first two pickles of the old form are.
var legacyMagic, _ = new(big.Int).SetString("1950a86a20f9469cfc6c", 16)

const legacyVersion = 1001

// findLegacy lists the tensors of the form before torch 1.6: five pickles, which are a magic number, a version, what
// machine wrote the file, the state_dict, and the keys of its storages; then the storages in the order of the keys, each
// behind the count of its numbers.
func findLegacy(file io.ReaderAt, size int64) ([]tensor.Part, error) {
	begin := make([]byte, min(size, maxPickle))
	if _, err := file.ReadAt(begin, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	r := legacyReader{file: file, size: size, begin: begin, storages: map[string]*storage{}}
	if err := r.head(); err != nil {
		return nil, err
	}
	object, err := r.next(r.storage)
	if err != nil {
		return nil, err
	}
	keys, err := r.next(nil)
	if err != nil {
		return nil, err
	}
	if err := r.place(keys); err != nil {
		return nil, err
	}
	return parts(object)
}

// legacyReader reads pickles one after the other.
type legacyReader struct {
	file     io.ReaderAt
	size     int64
	begin    []byte // of the file
	at       int    // where the next pickle begins
	storages map[string]*storage
}

func (r *legacyReader) next(storage func(id *types.Tuple) (any, error)) (any, error) {
	object, n, err := unpickle(r.begin[r.at:], storage)
	r.at += n
	return object, err
}

// head reads the three pickles before the state_dict.
func (r *legacyReader) head() error {
	magic, err := r.next(nil)
	if err != nil {
		return err
	}
	if n, ok := magic.(*big.Int); !ok || n.Cmp(legacyMagic) != 0 {
		return errors.New("the file is a pickle, but not one of torch.save")
	}
	version, err := r.next(nil)
	if err != nil {
		return err
	}
	if version != legacyVersion {
		return fmt.Errorf("the file is of another version of torch.save's form, want %d", legacyVersion)
	}
	machine, err := r.next(nil)
	if err != nil {
		return err
	}
	if d, ok := machine.(*types.Dict); ok {
		if little, ok := d.Get("little_endian"); ok && little != true {
			return errors.New("the file's numbers have their highest byte first")
		}
	}
	return nil
}

// storage is described by one more than in the new form: where in another one it lies, which torch has not written for long.
func (r *legacyReader) storage(id *types.Tuple) (any, error) {
	key, s, err := newStorage(id)
	if err != nil {
		return nil, err
	}
	if id.Len() > 5 && id.Get(5) != nil {
		return nil, errors.New("a storage within another one, which is not read: save the state_dict again")
	}
	if r.storages[key] == nil {
		r.storages[key] = s
	}
	return r.storages[key], nil
}

// place finds where the storages lie.
func (r *legacyReader) place(keys any) error {
	list, ok := keys.(*types.List)
	if !ok || list.Len() != len(r.storages) {
		return fmt.Errorf("the file does not list the %d storages of its tensors", len(r.storages))
	}
	at := int64(r.at)
	for _, k := range *list {
		key, _ := k.(string)
		s := r.storages[key]
		if s == nil || s.offset != 0 {
			return fmt.Errorf("the file lists the storage %.60q twice, or no tensor is of it", key)
		}
		var count [8]byte
		if _, err := r.file.ReadAt(count[:], at); err != nil {
			return fmt.Errorf("the file is cut short: its download was not finished: %w", err)
		}
		if n := binary.LittleEndian.Uint64(count[:]); n != uint64(s.count) {
			return fmt.Errorf("storage %.60q has %d numbers, and is to have %d", key, n, s.count)
		}
		s.offset = at + int64(len(count))
		if int64(s.count) > (r.size-s.offset)/int64(s.bytes) {
			return fmt.Errorf("storage %.60q of %d numbers reaches beyond the file's end: its download was not finished", key, s.count)
		}
		at = s.offset + int64(s.count)*int64(s.bytes)
	}
	return nil
}
