// Package diffusion puts the models of Stable Diffusion 1.x together: a model
// directory opened (Open), prompts and pictures encoded, noise predicted with
// guidance, latents decoded; the schedulers; and gradients of any loss over
// what the attention sites did (Pipeline.Compile, AttnStore).
//
//	open.go, check.go, models.go  a model directory, on the disk or in an fs.FS
//	singlefile*.go                a checkpoint in one file, with the original names
//	errors.go                     the errors that a program may tell apart
//	encode.go                     prompts, pictures and latents
//	step.go, predict.go           the UNet compiled: gradients and predictions
//	attnstore.go, losses.go       attention as nodes, and losses over it
//	example_*_test.go             recipes: hooks and losses that run
//	scheduler*.go                 DDIM, PNDM, Euler and Euler ancestral, DPM++ 2M; Karras sigmas
//	maps.go                       thresholds and sizes of maps and masks
package diffusion
