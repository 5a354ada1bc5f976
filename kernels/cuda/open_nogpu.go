//go:build !gpu

package cuda

// Open opens a device by its name, "cuda:0" for the first GPU. In a program built without the tag gpu, as this one, it
// returns [ErrNotBuilt].
func Open(name string) (Driver, error) {
	if _, err := ordinal(name); err != nil {
		return nil, err
	}
	return nil, ErrNotBuilt
}
