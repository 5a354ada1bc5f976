// Package diffusion puts the models of Stable Diffusion 1.x together. Open reads a
// model; Pipeline.Generate makes a picture of a prompt in one call. Its parts are
// there to be used by themselves: prompts and pictures are encoded and latents
// decoded (Pipeline.Encode, EncodeImage, Decode), noise is predicted
// (Pipeline.Compile, Denoiser), latents go from noise to a picture step by step
// (Sampler, Scheduler), and any loss over what attention did has its gradient with
// respect to the latent or the prompt (AttnStore, WithLoss, Denoiser.Grad).
//
//	open.go, check.go, models.go  a model directory, on the disk or in an fs.FS
//	singlefile*.go                a checkpoint in one file, with the original code's names
//	files.go                      which files a model is made of, and whether they changed
//	errors.go                     the errors that a program may tell apart
//	encode.go, latent.go          prompts, pictures and latents
//	graphs.go                     the graphs that a pipeline compiles
//	denoiser.go, predict.go       the UNet: gradients of losses, and predictions
//	attnstore.go, losses.go       attention as nodes, and losses over it
//	sampler.go, generate.go       the loop from noise to a picture
//	scheduler*.go                 DDIM, PNDM, Euler, Euler ancestral, DPM++ 2M and its SDE, UniPC, LCM, TCD
//	example_*_test.go             recipes: hooks and losses that run
package diffusion
