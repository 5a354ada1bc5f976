package diffusion

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf16"

	"github.com/sdgraph/sdgraph/tensor"
)

// maxYAML is the size in bytes of the configurations that are read; the original
// code's have 2 kB.
const maxYAML = 1 << 20

// parameterization is the line of the original code's configurations that says
// what a UNet predicts. It stands by itself or in a {flow, mapping}.
var parameterization = regexp.MustCompile(`(?:^|[{,])\s*["']?parameterization["']?\s*:\s*["']?([^"'\s,}]*)`)

// predictionTypes are diffusers' words for the original code's.
var predictionTypes = map[string]string{"eps": "epsilon", "v": "v_prediction"}

// predictionBeside returns what a single file's UNet predicts, as NAME.yaml beside
// NAME.safetensors says; "" if there is none or it does not say. Nothing else of
// the file is read, which may be anybody's.
func predictionBeside(path string, texts *tensor.Texts) (string, error) {
	beside := tensor.OnDisk(filepath.Dir(path)).Noting(texts)
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)) + ".yaml"
	data, err := beside.ReadUpTo(name, maxYAML)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", err
	}
	found, err := predictionIn(textOf(data))
	if err != nil {
		return "", badFile("%s: %w", beside.Path(name), err)
	}
	return found, nil
}

// textOf is the text of a YAML file, which is in UTF-8 or, as some editors and
// shells of Windows write it, in UTF-16 behind a byte order mark.
func textOf(data []byte) string {
	var order binary.ByteOrder = binary.LittleEndian
	switch {
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		order = binary.BigEndian
	case !bytes.HasPrefix(data, []byte("\xff\xfe")):
		return string(data)
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	return string(utf16.Decode(units[1:]))
}

// predictionIn finds the line in the text of a configuration.
func predictionIn(yaml string) (found string, err error) {
	for line := range strings.Lines(yaml) {
		said := parameterization.FindStringSubmatch(comment.ReplaceAllString(line, ""))
		if said == nil {
			continue
		}
		what, known := predictionTypes[said[1]]
		switch {
		case !known:
			return "", fmt.Errorf("parameterization is %.40q, want eps or v", said[1])
		case found != "" && found != what:
			return "", errors.New("parameterization is both eps and v")
		}
		found = what
	}
	return found, nil
}

// comment is one of YAML's: it begins a line or follows a space.
var comment = regexp.MustCompile(`(?:^|\s)#.*`)
