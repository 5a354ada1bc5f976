"""Writes the pictures of this folder with diffusers' pipelines and the tiny model testdata/models/a.

    python make_pictures.py

Pictures to start from are given to the pipelines as the mean of their latent, since they would draw it.
"""

import pathlib

import numpy as np
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    PNDMScheduler,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
)
from PIL import Image

HERE = pathlib.Path(__file__).parent
MODEL = HERE.parents[2] / "testdata" / "models" / "a"
SIZE = 64


def draw_input():
    y, x = np.mgrid[:SIZE, :SIZE]
    disc = (x - 30) ** 2 + (y - 34) ** 2 < 18**2
    picture = np.stack([np.where(disc, 210, 60 + x), np.where(disc, 120 + y // 2, 90 - x // 2), 40 + 2 * y], -1)
    Image.fromarray(picture.astype("uint8")).save(HERE / "input.png")
    mask = np.zeros((SIZE, SIZE), "uint8")
    mask[16:48, 24:64] = 255
    Image.fromarray(mask).save(HERE / "mask.png")
    return picture, mask


def main():
    torch.use_deterministic_algorithms(True)
    picture, mask = draw_input()
    text = StableDiffusionPipeline.from_pretrained(MODEL, safety_checker=None, feature_extractor=None, torch_dtype=torch.float32)
    values = torch.tensor(picture, dtype=torch.float32).permute(2, 0, 1)[None] / 127.5 - 1
    with torch.no_grad():
        latent = text.vae.encode(values).latent_dist.mean * text.vae.config.scaling_factor
    inpaint = {"image": latent, "masked_image_latents": latent, "mask_image": Image.fromarray(mask)}
    for name, kind, scheduler, karras, more in [
        ("ddim", StableDiffusionPipeline, DDIMScheduler, False, {}),
        ("pndm", StableDiffusionPipeline, PNDMScheduler, False, {}),
        ("euler", StableDiffusionPipeline, EulerDiscreteScheduler, False, {}),
        ("euler-a", StableDiffusionPipeline, EulerAncestralDiscreteScheduler, False, {}),
        ("dpmpp2m-karras", StableDiffusionPipeline, DPMSolverMultistepScheduler, True, {}),
        ("euler-a-image", StableDiffusionImg2ImgPipeline, EulerAncestralDiscreteScheduler, False, {"image": latent, "strength": 0.6}),
        ("dpmpp2m-image", StableDiffusionImg2ImgPipeline, DPMSolverMultistepScheduler, False, {"image": latent, "strength": 0.6}),
        ("ddim-mask", StableDiffusionInpaintPipeline, DDIMScheduler, False, {**inpaint, "strength": 0.8}),
        ("euler-mask", StableDiffusionInpaintPipeline, EulerDiscreteScheduler, False, {**inpaint, "strength": 1.0}),
    ]:
        config = {"use_karras_sigmas": True} if karras else {}
        pipe = kind(
            vae=text.vae, text_encoder=text.text_encoder, tokenizer=text.tokenizer, unet=text.unet,
            scheduler=scheduler.from_config(text.scheduler.config, **config),
            safety_checker=None, feature_extractor=None, requires_safety_checker=False,
        )  # fmt: skip
        if kind is not StableDiffusionImg2ImgPipeline:
            more = {**more, "height": SIZE, "width": SIZE}
        out = pipe(
            "a photo of a cat", negative_prompt="blurry", num_inference_steps=5, guidance_scale=5,
            generator=torch.Generator().manual_seed(42), output_type="np", **more,
        ).images[0]  # fmt: skip
        Image.fromarray((out * 255).round().astype("uint8")).save(HERE / f"{name}.png")


main()
