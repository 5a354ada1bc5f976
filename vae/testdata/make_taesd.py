#!/usr/bin/env python3
"""A narrow AutoencoderTiny with random weights, and what diffusers computes with it: pictures, latents and the gradient
of each, in float64 of the numbers that the files hold.

    python vae/testdata/make_taesd.py

The halves have other numbers of blocks; latents reach beyond the clamp; height and width differ.
"""

import json
import pathlib

import torch
from diffusers import AutoencoderTiny
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).parent / "taesd"
WIDTH = 8


def main():
    torch.manual_seed(5)
    m = AutoencoderTiny(encoder_block_out_channels=(WIDTH,) * 4, decoder_block_out_channels=(WIDTH,) * 4,
                        num_encoder_blocks=(1, 2, 1, 1), num_decoder_blocks=(2, 1, 1, 1))
    for p in m.parameters():
        p.data = (torch.randn_like(p) * (0.2 if p.ndim == 1 else 1.2 / (p[0].numel() ** 0.5))).half()
    m.save_pretrained(OUT, safe_serialization=True)
    forget_names(OUT / "config.json")
    m.double()
    z = torch.randn(2, 4, 2, 3) * 3
    picture = torch.tanh(torch.randn(2, 3, 16, 24))
    of_picture, of_latent = torch.randn_like(picture), torch.randn_like(z)
    z64, picture64 = z.double().requires_grad_(), picture.double().requires_grad_()
    decoded, encoded = m.decode(z64).sample, m.encode(picture64).latents
    to_z, = torch.autograd.grad((decoded * of_picture).sum(), z64)
    to_picture, = torch.autograd.grad((encoded * of_latent).sum(), picture64)
    save("golden", {
        "decode.latent": z, "decode.cotangent": of_picture, "decode.image": decoded, "decode.grad": to_z,
        "encode.image": picture, "encode.cotangent": of_latent, "encode.latent": encoded, "encode.grad": to_picture,
    })


def forget_names(path):
    """Leaves out of the configuration where it was."""
    config = {k: v for k, v in json.loads(path.read_text()).items() if k != "_name_or_path"}
    path.write_text(json.dumps(config, indent=2) + "\n")


def save(name, tensors):
    save_file({k: v.detach().float().contiguous() for k, v in tensors.items()}, OUT / f"{name}.safetensors")


if __name__ == "__main__":
    main()
