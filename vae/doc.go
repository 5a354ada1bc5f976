// Package vae turns pictures into latents and back: the variational autoencoder
// of Stable Diffusion (Rombach et al., CVPR 2022), in the layout of diffusers'
// AutoencoderKL. The structs mirror the checkpoint; the sizes come from
// config.json.
package vae
