// Package detect finds what is wrong with a part: detectors that learn from pictures of normal parts, from one on, and
// score a picture and each of its pixels (anomaly.Detector). They read the features of a network that was trained on
// other pictures, a Backbone of package nn/vision or a CLIP, and train no network.
//
//   - PatchCore (Roth et al., CVPR 2022, arXiv 2106.08265): how far each patch is from all patches of normal parts
//   - PaDiM (Defard et al., ICPR 2021, arXiv 2011.08785): how far it is from what is normal at its place
//   - Probe: whether it looks like patches that are known to be defective, which may be generated
//   - Weighted: one of the first two, where the Probe agrees
//   - AnomalyDINO (Damm et al., WACV 2025, arXiv 2405.14529): how unlike it is to all patches of normal parts, or how far
//     outside the directions in which these vary
//   - WinCLIP (Jeong et al., CVPR 2023, arXiv 2303.14814): whether CLIP finds that it looks like words for damage, and, with
//     references, unlike theirs
//   - PromptAD (Li et al., CVPR 2024): which learned texts it is like, and how far it is from what is normal
//
// Implementations of a method compute different numbers under its name: a Reading says whose are meant.
//
//	network.go    the networks, and which of their layers a method reads
//	reading.go    whose implementation is followed
//	view.go       which part of a picture a network sees, and how it is resized
//	samples.go    what is learned from, one after another
//	eye.go        pictures in, layers' features out
//	clip.go       the model of those that are told in words what a defect is
//	memory.go     features of pictures that were seen before
//	patches.go    features of several layers become one vector for each patch
//	map.go        numbers of patches become a map of the picture's size
//	save.go       fitted detectors as files
//	anomalydino.go  AnomalyDINO: tokens of pictures of any shape, anomalydino_sight.go; their principal components, subspace.go
//	clip.go       the model of texts and pictures, for those that are told in words what a defect is
//	winclip.go    WinCLIP: what it says, winclip_prompts.go, and the windows it looks through, winclip_sight.go
//
// A detector that was fitted may be used by several goroutines; they take turns with the network.
package detect
