package cuda

import "fmt"

// UpsampleNearest repeats every pixel of x, [b, h, w, c], factor times along both axes; out is
// [b, h·factor, w·factor, c].
func (d *Device) UpsampleNearest(out, x []float32, b, h, w, c, factor int) {
	wantLen("UpsampleNearest", "out", out, b*h*w*c*factor*factor)
	wantLen("UpsampleNearest", "x", x, b*h*w*c)
	d.overElements("upsample_nearest", len(out), address(out), address(x), int64(len(out)), int32(w), int32(c),
		int32(factor))
}

// UpsampleNearestGrad sets dx, [b, h, w, c], to the gradient of [Device.UpsampleNearest]: the sum of dy over the
// factor×factor pixels that one was repeated to.
func (d *Device) UpsampleNearestGrad(dx, dy []float32, b, h, w, c, factor int) {
	wantLen("UpsampleNearestGrad", "dx", dx, b*h*w*c)
	wantLen("UpsampleNearestGrad", "dy", dy, b*h*w*c*factor*factor)
	d.overElements("upsample_nearest_grad", len(dx), address(dx), address(dy), int64(len(dx)), int32(w), int32(c),
		int32(factor))
}

// ConcatChannels joins rows side by side: part i is [rows, widths[i]], out is [rows, Σ widths].
func (d *Device) ConcatChannels(out []float32, rows int, parts [][]float32, widths []int) {
	const op = "ConcatChannels"
	total, at := 0, 0
	wantLen(op, "widths", widths, len(parts))
	for i, n := range widths {
		wantLen(op, "a part", parts[i], rows*n)
		total += n
	}
	wantLen(op, "out", out, rows*total)
	for i, n := range widths {
		d.copyColumns(address(out), address(parts[i]), rows, n, total, at, n, 0)
		at += n
	}
}

// SplitChannels cuts columns offset to offset+width out of x, [rows, total], into part, [rows, width]: the gradient of
// [Device.ConcatChannels] with respect to one part.
func (d *Device) SplitChannels(part, x []float32, rows, total, offset, width int) {
	wantLen("SplitChannels", "part", part, rows*width)
	wantLen("SplitChannels", "x", x, rows*total)
	if offset < 0 || width < 0 || offset+width > total {
		panic(fmt.Sprintf("cuda: SplitChannels: channels %d to %d of %d", offset, offset+width, total))
	}
	d.copyColumns(address(part), address(x), rows, width, width, 0, total, offset)
}

// SplitChannelsGrad sets dx, [rows, total], to the gradient of [Device.SplitChannels]: dy, [rows, width], at columns
// offset to offset+width, zeros elsewhere.
func (d *Device) SplitChannelsGrad(dx, dy []float32, rows, total, offset, width int) {
	wantLen("SplitChannelsGrad", "dx", dx, rows*total)
	wantLen("SplitChannelsGrad", "dy", dy, rows*width)
	if offset < 0 || width < 0 || offset+width > total {
		panic(fmt.Sprintf("cuda: SplitChannelsGrad: channels %d to %d of %d", offset, offset+width, total))
	}
	d.overElements("place_columns", len(dx), address(dx), address(dy), int64(len(dx)), int32(total), int32(offset),
		int32(width))
}

func (d *Device) copyColumns(out, x uintptr, rows, width, strideOut, offsetOut, strideX, offsetX int) {
	n := rows * width
	d.overElements("copy_columns", n, out, x, int64(n), int32(width), int32(strideOut), int32(offsetOut),
		int32(strideX), int32(offsetX))
}

// ChannelsLast reorders x, [b, c, hw], to out, [b, hw, c].
func (d *Device) ChannelsLast(out, x []float32, b, c, hw int) {
	d.transpose("ChannelsLast", out, x, b, c, hw)
}

// ChannelsFirst reorders x, [b, hw, c], to out, [b, c, hw].
func (d *Device) ChannelsFirst(out, x []float32, b, c, hw int) {
	d.transpose("ChannelsFirst", out, x, b, hw, c)
}

// transpose sets out[b,j,i] = x[b,i,j] for x of [b, rows, columns].
func (d *Device) transpose(op string, out, x []float32, b, rows, columns int) {
	wantLen(op, "out", out, b*rows*columns)
	wantLen(op, "x", x, b*rows*columns)
	const side = 32
	d.launch("transpose", [3]uint32{blocks(columns, side), blocks(rows, side), uint32(b)}, [3]uint32{wide, 1, 1}, 0,
		address(out), address(x), int32(rows), int32(columns))
}
