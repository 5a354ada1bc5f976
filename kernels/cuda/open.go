package cuda

import (
	"fmt"
	"strconv"
	"strings"
)

// ordinal returns the number of a device's name: "cuda:1" is 1, "cuda" is 0.
func ordinal(name string) (int, error) {
	number, named := strings.CutPrefix(name, "cuda")
	if named && number == "" {
		return 0, nil
	}
	number, colon := strings.CutPrefix(number, ":")
	if n, err := strconv.Atoi(number); named && colon && err == nil && n >= 0 {
		return n, nil
	}
	return 0, fmt.Errorf("cuda: no device is called %q; the first GPU is \"cuda:0\"", name)
}

// OpenDevice opens a device by its name, see [Open].
func OpenDevice(name string) (*Device, error) {
	driver, err := Open(name)
	if err != nil {
		return nil, err
	}
	return New(driver), nil
}
