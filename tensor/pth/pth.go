// Package pth opens what torch.save writes of a model's state_dict, .pth and .pt
// files, where a network is not to be had as safetensors:
//
//	f, err := pth.Open("weights-inception-2015-12-05-6726825d.pth")
//	err = network.Load(ctx, f)
//
// Such a file is a pickle, a program for a small machine that in Python may call any
// function. Nothing of it is run here: github.com/nlpodyssey/gopickle knows the
// machine, and it is given programs only whose instructions and lengths were looked
// through before (scan.go), and which call nothing but what puts a tensor together
// (rebuild.go). The numbers themselves lie beside the pickle, and are read in place,
// as those of a safetensors file are, if they lie in one piece; else they are copied.
//
// Both forms are read: the zip archive of torch 1.6 and later (zip.go), and the one
// before it (legacy.go), also as Python 2 wrote it. Whole modules, TorchScript and checkpoints of a training are
// not; in Python, what follows makes a file of them that is:
//
//	safetensors.torch.save_file(model.state_dict(), "model.safetensors")
package pth

import (
	"errors"
	"fmt"
	"io"

	"github.com/sdgraph/sdgraph/tensor"
)

// Open opens the state_dict in a file that torch.save wrote, with float tensors of 16,
// 32 or 64 bits, integers and truth values. It is tensor.ErrDamaged, with the reason,
// where there is something else; nothing of a file's contents is a panic.
func Open(path string) (*tensor.File, error) { return tensor.OpenParts(path, find) }

// find lists the tensors of a file.
func find(file io.ReaderAt, size int64) ([]tensor.Part, error) {
	begin := make([]byte, min(size, 4))
	if _, err := file.ReadAt(begin, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var parts []tensor.Part
	var err error
	switch {
	case string(begin) == "PK\x03\x04":
		parts, err = findZip(file, size)
	case len(begin) > 1 && begin[0] == opProto:
		parts, err = findLegacy(file, size)
	default:
		err = fmt.Errorf("the file begins with %.4q, want what torch.save writes", begin)
	}
	if err == nil && len(parts) == 0 {
		err = errors.New("the file has no tensors")
	}
	if err != nil {
		return nil, fmt.Errorf("%w%.0w", err, tensor.ErrDamaged)
	}
	return parts, nil
}
