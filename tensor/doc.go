// Package tensor holds numbers in memory and in files: gorgonia's Dense over the
// three precisions that checkpoints come in (F32, F16 and BF16), the safetensors
// files that hold them, mapped into memory, and the random numbers that torch
// draws.
//
//	dtype.go        Float16 and BFloat16 as gorgonia dtypes
//	dense.go        from a Dense to kernel input, to float32, and back
//	file.go         one .safetensors file, memory-mapped
//	header.go       its header, and all that can be wrong with it
//	jsonreader.go   the JSON of headers and indexes, token by token
//	parts.go        files of other formats, for package pth
//	set.go          the one file or the shards that hold a model's weights
//	dir.go          directories of models, on the disk or in an fs.FS
//	texts.go        which configurations and vocabularies were read, with hashes
//	regular.go      what is opened at all: neither pipes nor broken links
//	foreign.go      what downloads leave in the place of a model's files
//	changed.go      whether a file is still the one that was opened; its hash
//	errors.go       the errors that callers may tell apart
//	save.go         writing a .safetensors file
//	finite.go       the search for NaN and infinity
//	rand.go         torch's CPU generator
//	philox.go       torch's CUDA generator
//
// A safetensors file is little-endian and is read in place, so this package
// needs a little-endian machine; every platform it is tested on is one.
package tensor
