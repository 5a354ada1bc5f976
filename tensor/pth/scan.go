package pth

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/nlpodyssey/gopickle/pickle"
	"github.com/nlpodyssey/gopickle/types"
)

// What a pickle may take. That of a network has 200 bytes and 40 instructions for each tensor.
const (
	maxPickle       = 16 << 20 // bytes
	maxInstructions = 1 << 20
)

// Instructions that something here asks about.
const (
	opProto = '\x80'
	opStop  = '.'
)

// What follows an instruction: a fixed number of bytes, or one of these.
const (
	lengthOf1 = -1 - iota // a byte that counts those behind it
	lengthOf4             // four of them, as one number
	twoLines              // the names of a module and of a function in it
	frame                 // eight bytes, which count those of several instructions behind them
)

// arguments are the instructions that torch's pickles are made of, by protocols 2 to 5, and what follows each. Those
// that make objects of classes otherwise than by a call, and those of numbers as text, are not among them.
var arguments = map[byte]int{
	opProto: 1, opStop: 0, '\x95': frame,
	'(': 0, '0': 0, 't': 0, ')': 0, '\x85': 0, '\x86': 0, '\x87': 0, // marks and tuples
	']': 0, 'a': 0, 'e': 0, '}': 0, 's': 0, 'u': 0, // lists and dictionaries
	'N': 0, '\x88': 0, '\x89': 0, 'K': 1, 'M': 2, 'J': 4, 'G': 8, '\x8a': lengthOf1, // none, truth values, numbers
	'U': lengthOf1, 'T': lengthOf4, 'X': lengthOf4, '\x8c': lengthOf1, // texts
	'q': 1, 'r': 4, 'h': 1, 'j': 4, '\x94': 0, // what is kept under a number
	'c': twoLines, '\x93': 0, 'R': 0, 'Q': 0, 'b': 0, // functions, calls, storages, attributes
}

// A pickle's OrderedDict is looked for in a module that there is not, so that gopickle asks for it.
const collections, ownCollections = "collections", "Collections"

// scan returns how many bytes the pickle at the beginning of data has. It is an error if there are instructions other
// than the above, or more of all than a network's pickle has, or lengths that reach beyond data.
func scan(data []byte) (int, error) {
	for at, n := 0, 0; at < len(data); n++ {
		op := data[at]
		argument, known := arguments[op]
		switch {
		case !known:
			return 0, fmt.Errorf("the pickle has the instruction %#x at %d, which no state_dict has: want that, not a whole module", op, at)
		case n == maxInstructions || at > maxPickle:
			return 0, errors.New("the pickle is larger than any network's")
		case op == opStop:
			return at + 1, nil
		}
		length, err := argumentLength(data[at+1:], argument)
		if err != nil {
			return 0, fmt.Errorf("the pickle's instruction %#x at %d: %w", op, at, err)
		}
		at += 1 + length
	}
	return 0, errCut
}

var errCut = errors.New("the pickle is cut short: the file's download was not finished")

// argumentLength returns how many of the bytes behind an instruction belong to it.
func argumentLength(rest []byte, argument int) (int, error) {
	length := uint64(argument)
	switch argument {
	case lengthOf1:
		if len(rest) > 0 {
			length = 1 + uint64(rest[0])
		}
	case lengthOf4:
		if len(rest) >= 4 {
			length = 4 + uint64(binary.LittleEndian.Uint32(rest))
		}
	case twoLines:
		length = 0
		for range 2 {
			end := bytes.IndexByte(rest[length:], '\n')
			if end < 0 {
				return 0, errCut
			}
			length += uint64(end) + 1
		}
	case frame:
		if len(rest) >= 8 && binary.LittleEndian.Uint64(rest) <= uint64(len(rest)-8) {
			length = 8
		}
	}
	if length > uint64(min(len(rest), math.MaxInt32)) {
		return 0, errCut
	}
	return int(length), nil
}

// unpickle returns the object of the pickle at the beginning of data, and how many bytes that has.
func unpickle(data []byte, storage func(id *types.Tuple) (any, error)) (object any, size int, err error) {
	if size, err = scan(data); err != nil {
		return nil, 0, err
	}
	defer func() { // gopickle indexes what hostile pickles do not have
		if r := recover(); r != nil {
			object, err = nil, fmt.Errorf("the pickle makes no sense: %.200v", r)
		}
	}()
	program := bytes.ReplaceAll(data[:size], []byte("c"+collections+"\nOrderedDict\n"), []byte("c"+ownCollections+"\nOrderedDict\n"))
	u := pickle.NewUnpickler(bytes.NewReader(program))
	u.FindClass = findClass
	u.PersistentLoad = func(id any) (any, error) {
		tuple, ok := id.(*types.Tuple)
		if !ok || storage == nil {
			return nil, errors.New("a reference to something outside the pickle that is no storage")
		}
		return storage(tuple)
	}
	if object, err = u.Load(); err != nil {
		return nil, 0, fmt.Errorf("the pickle: %.300s", err.Error())
	}
	return object, size, nil
}
