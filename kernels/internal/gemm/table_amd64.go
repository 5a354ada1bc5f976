//go:build amd64 && !noasm

package gemm

import "github.com/sdgraph/sdgraph/kernels/internal/isa"

//go:generate go run -C asm . -isa avx2 -pkg gemm -out ../avx2_amd64.s -stubs ../avx2_amd64.go
//go:generate go run -C asm . -isa avx512 -pkg gemm -out ../avx512_amd64.s -stubs ../avx512_amd64.go
//go:generate go run -C asm . -isa amx -pkg gemm -out ../amx_amd64.s -stubs ../amx_amd64.go

func init() {
	avx2 := &Primitives{
		Depth: 1, LeftParts: 1, RightParts: 1, Unit: 1, Rows: 6, rowUnit: 1, Cols: 16,
		Tiles:      [widths]Tile{tileAVX2, halfTileAVX2, quarterTileAVX2},
		ExpColumns: expColumnsAVX2, ExpMul: expMulAVX2,
		Peak: peakAVX2, PeakFlops: 12 * 8 * 2,
		TransposeFloat32:  inBlocks(8, transposeFloat32AVX2, transposeFloat32Go),
		TransposeFloat16:  inBlocks(8, transposeFloat16AVX2, transposeFloat16Go),
		TransposeBFloat16: inBlocks(8, transposeBFloat16AVX2, transposeBFloat16Go),
		CopyFloat32:       inVectors(8, copyFloat32AVX2, copyFloat32Go),
		CopyFloat16:       inVectors(8, copyFloat16AVX2, copyFloat16Go),
		CopyBFloat16:      inVectors(8, copyBFloat16AVX2, copyBFloat16Go),
	}
	avx512 := &Primitives{
		Depth: 1, LeftParts: 1, RightParts: 1, Unit: 1, Rows: 14, rowUnit: 1, Cols: 32,
		Tiles:      [widths]Tile{tileAVX512, halfTileAVX512, quarterTileAVX512},
		ExpColumns: expColumnsAVX512, ExpMul: expMulAVX512,
		Peak: peakAVX512, PeakFlops: 12 * 16 * 2,
		TransposeFloat32:  inBlocks(16, transposeFloat32AVX512, avx2.TransposeFloat32),
		TransposeFloat16:  inBlocks(16, transposeFloat16AVX512, avx2.TransposeFloat16),
		TransposeBFloat16: inBlocks(16, transposeBFloat16AVX512, avx2.TransposeBFloat16),
		CopyFloat32:       inVectors(16, copyFloat32AVX512, avx2.CopyFloat32),
		CopyFloat16:       inVectors(16, copyFloat16AVX512, avx2.CopyFloat16),
		CopyBFloat16:      inVectors(16, copyBFloat16AVX512, avx2.CopyBFloat16),
	}
	avx2.Lines, avx512.Lines = avx2.CopyFloat32, avx512.CopyFloat32
	table[isa.AVX2], table[isa.AVX512], table[isa.AMX] = avx2, avx512, avx512
	if !isa.HasBFloat16() {
		return
	}
	half := *avx512
	half.Depth, half.Lines = 2, rowPairsAVX512
	half.Peak, half.PeakFlops = peakPairsAVX512, 2*avx512.PeakFlops
	half.ExpColumns, half.ExpMul, half.GradPairs = expColumnsPairsAVX512, expMulPairsAVX512, gradPairsAVX512
	half.Tiles = [widths]Tile{tilePairsAVX512, halfTilePairsAVX512, quarterTilePairsAVX512}
	half.TransposeFloat32 = inColumns(16, transposePairsFloat32AVX512, transposePairsGo(float32Itself))
	half.TransposeFloat16 = inColumns(16, transposePairsFloat16AVX512, transposePairsGo(float16))
	half.TransposeBFloat16 = inColumns(16, transposePairsBFloat16AVX512, transposePairsGo(bfloat16))
	half.CopyFloat32 = interleavePairsFloat32AVX512
	half.CopyFloat16, half.CopyBFloat16 = interleavePairsFloat16AVX512, interleavePairsBFloat16AVX512
	avx512.Half = &half

	amx, tiles := *avx512, half
	tiles.Unit, tiles.Rows, tiles.rowUnit, tiles.tall = 16, 32, 16, 2048
	tiles.Tiles, tiles.batch = [widths]Tile{tileAMX, halfTileAMX, quarterTileAMX}, batchAMX
	tiles.Peak, tiles.PeakFlops = peakAMX, 4*16*16*32*2
	amx.Half = &tiles
	thirds := tiles
	thirds.LeftParts, thirds.Lines, thirds.batch = 3, rowThirdsAVX512, nil
	float16s, bfloat16s := thirds, thirds
	float16s.RightParts, float16s.Tiles = 2, [widths]Tile{tileThirdsFloat16AMX}
	float16s.TransposeFloat16 = transposeParts(half.TransposeFloat16, transposeRestsFloat16AVX512)
	float16s.CopyFloat16 = copyParts(half.CopyFloat16, interleaveRestsFloat16AVX512)
	bfloat16s.Tiles = [widths]Tile{tileThirdsBFloat16AMX}
	amx.Thirds = [formats]*Primitives{Float16: &float16s, BFloat16: &bfloat16s}
	table[isa.AMX] = &amx
}

// inBlocks leaves whole blocks of size×size to one transposition and the rest
// to another.
func inBlocks[T any](size int, whole, rest move[T]) move[T] {
	return func(dst []float32, ldd int, src []T, lds, m, n int) {
		mb, nb := m/size*size, n/size*size
		if mb > 0 && nb > 0 {
			whole(dst, ldd, src, lds, mb, nb)
		}
		if nb < n {
			rest(dst[nb:], ldd, src[nb*lds:], lds, m, n-nb)
		}
		if mb < m && nb > 0 {
			rest(dst[mb*ldd:], ldd, src[mb:], lds, m-mb, nb)
		}
	}
}

// inColumns leaves whole blocks of columns of the result to one transposition and
// the rest to another.
func inColumns[T any](size int, whole, rest move[T]) move[T] {
	return func(dst []float32, ldd int, src []T, lds, m, n int) {
		nb := n / size * size
		if nb > 0 {
			whole(dst, ldd, src, lds, m, nb)
		}
		if nb < n {
			rest(dst[nb:], ldd, src[nb*lds:], lds, m, n-nb)
		}
	}
}

// inVectors leaves the columns that are whole vectors to one copy and the rest
// to another.
func inVectors[T any](size int, whole, rest move[T]) move[T] {
	return func(dst []float32, ldd int, src []T, lds, m, n int) {
		nb := n / size * size
		if m > 0 && nb > 0 {
			whole(dst, ldd, src, lds, m, nb)
		}
		if nb < n {
			rest(dst[nb:], ldd, src[nb:], lds, m, n-nb)
		}
	}
}

// transposeParts makes a transposition of one for each part; copyParts a copy.
func transposeParts[T any](parts ...move[T]) move[T] {
	return eachPart(func(int) int { return 1 }, parts)
}

func copyParts[T any](parts ...move[T]) move[T] {
	return eachPart(func(lds int) int { return lds }, parts)
}

// eachPart lets each part move in turn as many pairs as a tile has; distance is that
// of numbers of a source that are summed over.
func eachPart[T any](distance func(lds int) int, parts []move[T]) move[T] {
	const pairs = grain / 2
	return func(dst []float32, ldd int, src []T, lds, m, n int) {
		for i := 0; i < m; i += pairs {
			for part, f := range parts {
				f(dst[(i*len(parts)+part*pairs)*ldd:], ldd, src[2*i*distance(lds):], lds, pairs, n)
			}
		}
	}
}
