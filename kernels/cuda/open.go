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

// OpenDevice opens a device by its name, see [Open], whose products are of numbers of the given precision.
func OpenDevice(name string, math Precision) (*Device, error) {
	driver, err := Open(name)
	if err != nil {
		return nil, err
	}
	d := New(driver)
	d.Math = math
	return d, nil
}
