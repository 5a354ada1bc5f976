// Package tensor says what a number in memory is: gorgonia's Dense over the
// three precisions that checkpoints come in (F32, F16, BF16), the safetensors
// files they live in, and the random numbers that torch would draw.
//
//	dtype.go        Float16 and BFloat16 as gorgonia dtypes
//	dense.go        from a Dense to kernel input, to float32, and back
//	file.go         one .safetensors file, memory-mapped
//	header.go       everything a file's header can lie about
//	jsonreader.go   its JSON, and that of an index, token by token
//	foreign.go      what people have in the place of a model's files
//	regular.go      what is opened at all: pipes and broken links are not
//	changed.go      whether a file is still what was opened, and its hash
//	errors.go       the errors that callers may tell apart
//	set.go          the one or several files that hold a model's weights
//	dir.go          where they lie: on the disk or in an fs.FS
//	save.go         writing a .safetensors file
//	finite.go       the search for NaN and infinity
//	rand.go         torch's CPU generator
//	philox.go       torch's CUDA generator
//
// A safetensors file is little-endian and is read in place, so this package
// needs a little-endian machine; every platform it is tested on is one.
package tensor
