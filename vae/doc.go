// Package vae turns pictures into latents and back: the variational autoencoder
// of Stable Diffusion (Rombach et al., CVPR 2022), in the layout of diffusers'
// AutoencoderKL. The fields of Model and of its blocks are the checkpoint's keys;
// their sizes come from config.json.
package vae
