// Package unet is the noise predictor of Stable Diffusion 1.x: a UNet with
// cross-attention to the text (Rombach et al., CVPR 2022), in the layout of
// diffusers' UNet2DConditionModel. The fields of Model and of its blocks are the
// checkpoint's keys; their sizes come from config.json.
package unet
