package cuda

// counted is a driver whose allocations are counted.
type counted struct {
	Driver
	bytes     map[uintptr]int
	now, peak int64
}

func newCounted(d Driver) *counted { return &counted{Driver: d, bytes: map[uintptr]int{}} }

// Alloc is part of Driver.
func (c *counted) Alloc(bytes int) (uintptr, error) {
	address, err := c.Driver.Alloc(bytes)
	if err != nil {
		return 0, err
	}
	c.bytes[address] = bytes
	c.now += int64(bytes)
	c.peak = max(c.peak, c.now)
	return address, nil
}

// Free is part of Driver.
func (c *counted) Free(address uintptr) error {
	c.now -= int64(c.bytes[address])
	delete(c.bytes, address)
	return c.Driver.Free(address)
}

// PeakBytes is the most device memory that has been allocated at a time: weights, values and workspaces. Code and what
// the driver takes for itself come on top.
func (d *Device) PeakBytes() int64 { return d.driver.peak }
