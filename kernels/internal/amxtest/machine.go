package amxtest

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Sizes of palette 1, the only one there is.
const (
	tileCount = 8
	maxRows   = 16
	rowBytes  = 64
)

// memory is that of the process.
type memory interface {
	io.ReaderAt
	io.WriterAt
}

// machine is the AMX part of a processor's state, of one thread. What it does
// follows Intel, "Intel 64 and IA-32 Architectures Software Developer's Manual",
// volume 2: LDTILECFG, TILELOADD, TILESTORED, TILEZERO, TILERELEASE, TDPBF16PS.
type machine struct {
	configured bool
	tiles      [tileCount]tile
}

// tile is a matrix of rows×width bytes.
type tile struct {
	rows, width int
	data        [maxRows][rowBytes]byte
}

// instruction is one in VEX encoding of the opcode map 0F38, taken apart.
type instruction struct {
	prefix, opcode byte
	reg, rm, v     int  // tiles
	memory         bool // the operand rm is memory at address, rows stride apart
	hasIndex       bool
	address        uint64
	stride         uint64
	length         int
}

// decode takes apart the instruction at the start of code; registers are the
// general ones by number. It knows the forms of memory operands with a base and a
// displacement of at most one byte.
func decode(code []byte, registers [16]uint64) (instruction, error) {
	if len(code) < 7 || code[0] != 0xc4 || code[1]&0x1f != 2 || code[2]&0x84 != 0 {
		return instruction{}, fmt.Errorf("% x is not an instruction of AMX", code)
	}
	i := instruction{
		prefix: code[2] & 3, opcode: code[3], v: int(^code[2]>>3) & 15,
		reg: int(code[4]>>3)&7 | int(^code[1]>>7&1)<<3, rm: int(code[4]) & 7, length: 5,
	}
	high := func(bit int) int { return int(^code[1]>>bit&1) << 3 } // of a register's number
	mod := code[4] >> 6
	if mod == 3 {
		return i, nil
	}
	base := i.rm | high(5)
	if i.rm == 4 {
		sib := code[5]
		i.length++
		base = int(sib)&7 | high(5)
		if index := int(sib)>>3&7 | high(6); index != 4 {
			i.hasIndex, i.stride = true, registers[index]<<(sib>>6)
		}
	}
	i.memory, i.address = true, registers[base]
	switch {
	case mod == 1:
		i.address += uint64(int8(code[i.length]))
		i.length++
	case mod == 2 || base&7 == 5:
		return instruction{}, fmt.Errorf("% x has a memory operand of a form that is not emulated", code)
	}
	return i, nil
}

// run does what an instruction does. An error is what would be #GP or #UD.
func (m *machine) run(i instruction, mem memory) error {
	switch {
	case i.opcode == 0x49 && i.prefix == 0 && i.memory && i.reg == 0 && i.v == 0:
		return m.configure(i.address, mem)
	case i.opcode == 0x49 && i.prefix == 0 && i.reg == 0 && i.rm == 0 && i.v == 0:
		*m = machine{}
		return nil
	case i.opcode == 0x49 && i.prefix == 3 && !i.memory && i.rm == 0 && i.v == 0:
		t, err := m.tile(i.reg)
		if err == nil {
			t.data = [maxRows][rowBytes]byte{}
		}
		return err
	case i.opcode == 0x4b && i.prefix == 3 && i.hasIndex && i.v == 0:
		return m.load(i, mem)
	case i.opcode == 0x4b && i.prefix == 2 && i.hasIndex && i.v == 0:
		return m.store(i, mem)
	case i.opcode == 0x5c && i.prefix == 2 && !i.memory:
		return m.multiply(i.reg, i.rm, i.v)
	}
	return fmt.Errorf("%+v is not an instruction of AMX", i)
}

// tile is a tile that may be used.
func (m *machine) tile(n int) (*tile, error) {
	if !m.configured || n >= tileCount || m.tiles[n].rows == 0 {
		return nil, fmt.Errorf("tile %d is not configured", n)
	}
	return &m.tiles[n], nil
}

func (m *machine) configure(address uint64, mem memory) error {
	var c [64]byte
	if _, err := mem.ReadAt(c[:], int64(address)); err != nil {
		return err
	}
	next := machine{configured: true}
	if c[0] != 1 || c[1] != 0 {
		return fmt.Errorf("palette %d, first row %d; want 1 and 0", c[0], c[1])
	}
	for i := range c {
		if reserved := i >= 2 && i < 16 || i >= 32 && i < 48 || i >= 56; reserved && c[i] != 0 {
			return fmt.Errorf("byte %d of the configuration is %d, want 0", i, c[i])
		}
	}
	for n := range next.tiles {
		rows, width := int(c[48+n]), int(binary.LittleEndian.Uint16(c[16+2*n:]))
		if rows > maxRows || width > rowBytes || (rows == 0) != (width == 0) {
			return fmt.Errorf("tile %d is configured as %d rows of %d bytes", n, rows, width)
		}
		next.tiles[n].rows, next.tiles[n].width = rows, width
	}
	*m = next
	return nil
}

func (m *machine) load(i instruction, mem memory) error {
	t, err := m.tile(i.reg)
	if err != nil {
		return err
	}
	t.data = [maxRows][rowBytes]byte{}
	for r := range t.rows {
		if _, err := mem.ReadAt(t.data[r][:t.width], int64(i.address+uint64(r)*i.stride)); err != nil {
			return err
		}
	}
	return nil
}

func (m *machine) store(i instruction, mem memory) error {
	t, err := m.tile(i.reg)
	if err != nil {
		return err
	}
	for r := range t.rows {
		if _, err := mem.WriteAt(t.data[r][:t.width], int64(i.address+uint64(r)*i.stride)); err != nil {
			return err
		}
	}
	return nil
}

// multiply adds left·right to sum. The products of the lower numbers of all pairs
// and those of the upper ones are summed apart, then together.
func (m *machine) multiply(sum, left, right int) error {
	c, err := m.tile(sum)
	if err != nil {
		return err
	}
	a, err := m.tile(left)
	if err != nil {
		return err
	}
	b, err := m.tile(right)
	if err != nil {
		return err
	}
	if sum == left || sum == right || left == right {
		return fmt.Errorf("operands %d, %d and %d are not different tiles", sum, left, right)
	}
	if a.rows != c.rows || b.width != c.width || a.width != 4*b.rows || c.width%4 != 0 {
		return fmt.Errorf("%d rows of %d bytes times %d of %d do not make %d of %d", a.rows, a.width, b.rows, b.width, c.rows, c.width)
	}
	for r := range c.rows {
		for j := 0; j < c.width; j += 4 {
			var parts [2]float32
			for k := range b.rows {
				for p := range parts {
					x, y := bfloat16(a.data[r][4*k+2*p:]), bfloat16(b.data[k][j+2*p:])
					parts[p] = flush(float32(math.FMA(x, y, float64(parts[p]))))
				}
			}
			at := c.data[r][j:]
			old := flush(math.Float32frombits(binary.LittleEndian.Uint32(at)))
			binary.LittleEndian.PutUint32(at, math.Float32bits(flush(old+flush(parts[0]+parts[1]))))
		}
	}
	return nil
}

// bfloat16 is the number that two bytes hold; subnormal ones count as zero.
func bfloat16(b []byte) float64 {
	return float64(flush(math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)))
}

// flush makes subnormal numbers zero.
func flush(x float32) float32 {
	if x > -0x1p-126 && x < 0x1p-126 {
		return 0
	}
	return x
}
