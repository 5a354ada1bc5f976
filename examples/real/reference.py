#!/usr/bin/env python3
"""What diffusers and transformers compute with a model directory, for one component of `examples/parity`.

    reference.py --model DIR [--clip DIR] --out DIR COMPONENT

writes COMPONENT_in.safetensors and COMPONENT_ref.safetensors (tokenize: .json; anomalyany: its options, too), in f32 on the
processor, whatever the weights are stored in. Inputs come from a seed and the model's own sizes. The pictures are 256 pixels
wide at most, so that gradients of Stable Diffusion fit into 10 GB; the whole run of `txt2img` has the model's own size.
"""

import argparse
import importlib.metadata
import json
import os
import pathlib
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
os.environ["TQDM_DISABLE"] = "1"
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "testdata"))

import safetensors.torch
import torch

from reference import anomalyany, components, models

SEED = 2025
PROMPT = "a photo of a hazelnut with a crack on it"
DETAIL = "a photo of a hazelnut with a large, jagged crack exposing the interior"
TEXTS = [PROMPT, "", DETAIL, "naïve café, it's 3.5mm", "a " * 74 + "crack"]
RUN = {"prompt": PROMPT, "detailed": DETAIL, "word": "crack", "T": 4, "R": 1}
LATENT = 32  # positions of a side, where there are gradients


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--clip", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("component", choices=[*components.COMPONENTS, "tokenize", "anomalyany"])
    args = parser.parse_args()
    m, name = models.load(args.model, args.clip), args.component
    args.out.mkdir(parents=True, exist_ok=True)
    if name == "tokenize":
        rows = [{"text": t, "ids": components.token_ids(m.tokenizer, t)} for t in TEXTS]
        write(args.out / "tokenize.json", json.dumps(rows).encode())
    elif name == "anomalyany":
        make_run(args.out, m)
    else:
        x = inputs(m, name)
        save(args.out, name, x, components.COMPONENTS[name](m, x))
    used = {p: importlib.metadata.version(p) for p in ("torch", "diffusers", "transformers")}
    write(args.out / "versions.json", json.dumps(used).encode())


def inputs(m, name):
    """The inputs of a component, from the model's own sizes."""
    random = torch.Generator().manual_seed(SEED)

    def randn(*shape):
        return torch.randn(shape, generator=random)

    def ids(tokenizer):
        return torch.tensor([components.token_ids(tokenizer, t) for t in TEXTS]).float()

    match name:
        case "unet":
            c, side = m.unet.config, min(m.unet.config.sample_size, LATENT)
            return {"sample": randn(1, c.in_channels, side, side), "timestep": torch.tensor([501.0]),
                    "encoder_hidden_states": randn(1, m.text.config.max_position_embeddings, c.cross_attention_dim), "cotangent": randn(1, c.out_channels, side, side)}
        case "vae-decode":
            side, factor = latent_side(m), vae_factor(m)
            return {"latent": randn(1, m.vae.config.latent_channels, side, side),
                    "cotangent": randn(1, 3, side * factor, side * factor)}
        case "vae-encode":
            return {"image": picture(latent_side(m) * vae_factor(m), random)}
        case "text":
            return {"input_ids": ids(m.tokenizer)}
        case "cliptext":
            return {"input_ids": ids(m.clip_tokenizer)}
        case "image":
            size = m.clip.config.vision_config.image_size
            return {"pixel_values": randn(1, 3, size, size), "cotangent": randn(1, m.clip.config.projection_dim)}
        case "scheduler":
            return {"init": randn(1, 4, 8, 8), "eps": randn(1, 4, 8, 8)}
        case "txt2img":
            side = m.unet.config.sample_size
            return {"noise": randn(1, m.unet.config.in_channels, side, side), "input_ids": ids(m.tokenizer)[:2],
                    "steps": torch.tensor([6.0]), "guidance": torch.tensor([7.5])}
    return {}


def vae_factor(m):
    return 2 ** (len(m.vae.config.block_out_channels) - 1)


def latent_side(m):
    return min(m.vae.config.sample_size // vae_factor(m), LATENT)


def picture(size, random):
    """A smooth random picture in [-1,1], [1,3,size,size]."""
    coarse = torch.randn(1, 3, size // 16, size // 16, generator=random)
    return torch.tanh(torch.nn.functional.interpolate(coarse, (size, size), mode="bicubic"))


def make_run(folder, m):
    """A short run of AnomalyAny, preset `paper`, written out in PyTorch."""
    random, size = torch.Generator().manual_seed(SEED), latent_side(m) * vae_factor(m)
    x = {"image": picture(size, random), "noise": torch.randn(1, 4, latent_side(m), latent_side(m), generator=random),
         "mask": torch.ones(1, 1, size, size)}
    config = anomalyany.DEFAULTS | RUN
    out, trace = anomalyany.Run(m, config, x).run()
    write(folder / "anomalyany.json", json.dumps(config | trace).encode())
    save(folder, "anomalyany", x, out)


def save(folder, name, x, out):
    """Inputs last: where they are, the reference is complete."""
    for kind, tensors in ("ref", out), ("in", x):
        plain = {k: v.detach().contiguous() for k, v in tensors.items()}
        write(folder / f"{name}_{kind}.safetensors", safetensors.torch.save(plain, {"format": "pt"}))


def write(path, data):
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)


if __name__ == "__main__":
    main()
