package metric

import (
	"math"
	"slices"
)

// pixel is a number of a map in the upper half, as a key that is ordered as numbers are, and in the lower half the
// number of the region of a mask that it lies in, 0 for none.
type pixel uint64

const signBit = 1 << 31

// newPixel is that of a finite number, outside regions. The bits of a float32 are ordered as their numbers are, once
// the sign is turned, and of negative ones all other bits.
func newPixel(v float32) pixel {
	bits := math.Float32bits(v + 0) // -0 equals 0, and becomes it here
	if bits&signBit != 0 {
		bits = ^bits
	} else {
		bits |= signBit
	}
	return pixel(bits) << 32
}

func (p pixel) region() int { return int(uint32(p)) }

func (p pixel) key() uint32 { return uint32(p >> 32) }

func (p pixel) value() float64 {
	bits := p.key()
	if bits&signBit != 0 {
		bits &^= signBit
	} else {
		bits = ^bits
	}
	return float64(math.Float32frombits(bits))
}

const (
	blockBits = 16
	blockSize = 1 << blockBits
	fewPixels = 1 << 10 // that are sorted by comparing
)

// sorter keeps pixels in blocks, so that more of them never take a second copy of those that are there, and sorts
// them in their place.
type sorter struct {
	blocks []*[blockSize]pixel
	n      int
	sorted bool
	few    []pixel
}

func (s *sorter) at(i int) *pixel { return &s.blocks[i>>blockBits][i&(blockSize-1)] }

func (s *sorter) add(p pixel) {
	if s.n>>blockBits == len(s.blocks) {
		s.blocks = append(s.blocks, new([blockSize]pixel))
	}
	s.n++
	*s.at(s.n - 1) = p
	s.sorted = false
}

// sort orders the pixels from the lowest to the highest.
func (s *sorter) sort() {
	if !s.sorted {
		s.radix(0, s.n, 64-8)
		s.sorted = true
	}
}

// radix sorts the pixels [from, to), whose bits above the byte at shift are equal, by the rest of their keys: as the
// American flag sort (McIlroy, Bostic, McIlroy, "Engineering Radix Sort", 1993), into a bucket for each value of the
// byte, and then each bucket.
func (s *sorter) radix(from, to, shift int) {
	if to-from <= fewPixels {
		s.compare(from, to)
		return
	}
	var next, end [256]int
	for i := from; i < to; i++ {
		end[byte(*s.at(i)>>shift)]++
	}
	sum := from
	for b, n := range end {
		next[b] = sum
		sum += n
		end[b] = sum
	}
	for b := range next {
		for ; next[b] < end[b]; next[b]++ {
			place := s.at(next[b])
			p := *place
			for mine := byte(p >> shift); int(mine) != b; mine = byte(p >> shift) {
				other := s.at(next[mine])
				p, *other = *other, p
				next[mine]++
			}
			*place = p
		}
	}
	if shift == 32 { // the key's last byte
		return
	}
	for _, e := range end {
		s.radix(from, e, shift-8)
		from = e
	}
}

// compare sorts few pixels [from, to), which may lie in two blocks.
func (s *sorter) compare(from, to int) {
	s.few = s.few[:0]
	for i := from; i < to; i++ {
		s.few = append(s.few, *s.at(i))
	}
	slices.Sort(s.few)
	for i, p := range s.few {
		*s.at(from + i) = p
	}
}
