#!/usr/bin/env python3
"""Makes the tiny models and the reference tensors that the Go tests compare with.

    make_goldens.py                 write testdata/models and testdata/goldens
    make_goldens.py --check DIR     compute the goldens of a directory of the same form again and compare

A directory of goldens holds COMPONENT_in.safetensors and COMPONENT_ref.safetensors (see examples/parity),
and for each run of AnomalyAny the configuration and trace anomalyany*.json beside anomalyany_in* and
anomalyany_ref*, where * is empty, _mask, _released or _released_mask.
"""

import argparse
import json
import os
import pathlib
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TQDM_DISABLE"] = "1"

import safetensors.torch
import torch

from reference import anomalyany, components, embeddings, models, released, tokenizers

HERE = pathlib.Path(__file__).resolve().parent
HAZELNUT = "a photo of a hazelnut with a crack on it"
JAGGED = "a photo of a hazelnut with a large, jagged crack exposing the interior."
METAL = "a photo of a metal nut with a scratch on it"
DEEP = "a photo of a metal nut with a bent edge and a deep scratch across the metal"

TEXTS = [
    HAZELNUT, "", "A Photo of   a METAL nut, bent!", "naïve café — 東京 🙂 it's 3.5mm", "scratched" * 30,
    "a " * 74 + "crack", "don't you'll we've I'M", "x_y-z 100% <b>bold</b> &amp; #hash", "\t\n tabs\nand newlines ",
]

# Per model: sizes of the component inputs and the AnomalyAny runs (suffix, picture, configuration).
PLANS = {
    "a": {
        "batch": 1, "latent": (32, 32), "seed": 103,
        "runs": {
            "": ((128, 192), {"prompt": HAZELNUT, "detailed": JAGGED, "word": "crack", "T": 12, "R": 3}),
            "_mask": ((192, 128), {"prompt": HAZELNUT, "detailed": JAGGED, "word": "hazelnut",
                                             "T": 10, "R": 4, "guidance": 5.0, "gamma": 0.3}),
        },
        "released": {
            "_released": ((64, 128), {"prompt": HAZELNUT, "normal": "a photo of a hazelnut", "detailed": JAGGED,
                                      "word": "crack", "T": 8, "N": 2}),
        },
    },
    "b": {
        "batch": 2, "latent": (16, 24), "seed": 200,
        "runs": {
            "": ((128, 96), {"prompt": METAL, "detailed": DEEP, "word": "scratch", "T": 8, "R": 2}),
            "_mask": ((96, 160), {"prompt": METAL, "detailed": DEEP, "word": "metal nut",
                                            "T": 9, "R": 3, "lam": 10.0, "eta_e": 0.05}),
        },
        "released": {
            "_released_mask": ((96, 160), {"prompt": METAL, "normal": "a photo of a metal nut", "detailed": DEEP,
                                           "word": "scratch on it", "T": 12, "N": 4, "guidance": 5.0}),
        },
    },
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", type=pathlib.Path, metavar="DIR", help="goldens to compute again")
    parser.add_argument("--model", type=pathlib.Path, help="their model (DIR/model)")
    args = parser.parse_args()
    torch.set_num_threads(2)
    if args.check:
        sys.exit(check(args.check, models.load(args.model or args.check / "model")))
    for name, build in ("a", models.build_a), ("b", models.build_b):
        build(HERE / "models" / name)
        make(HERE / "goldens" / name, models.load(HERE / "models" / name), PLANS[name])
    tokenizers.make(HERE / "models" / "a", HERE / "goldens" / "tokenizers.json")
    embeddings.make(HERE / "models" / "a", HERE / "goldens" / "a", models.save)


def make(folder, m, plan):
    """Writes every golden of one model."""
    models.fresh(folder)
    random = torch.Generator().manual_seed(plan["seed"])
    for name, x in component_inputs(m, plan, random).items():
        ref = components.COMPONENTS[name](m, x)
        if name in ("scheduler", "rng"):
            models.save(folder / f"{name}.safetensors", x | ref)
            continue
        models.save(folder / f"{name}_in.safetensors", x)
        models.save(folder / f"{name}_ref.safetensors", ref)
    rows = [{"text": t, "ids": components.token_ids(m.tokenizer, t)} for t in TEXTS]
    (folder / "tokenize.json").write_text(json.dumps(rows) + "\n")
    for suffix, (size, config) in plan["runs"].items():
        make_run(folder, m, suffix, size, anomalyany.DEFAULTS | config, random)
    make_released(folder, m, plan)


def make_released(folder, m, plan):
    """Writes the runs of preset `released`."""
    random = torch.Generator().manual_seed(plan["seed"] + 1)
    for suffix, (size, config) in plan["released"].items():
        make_run(folder, m, suffix, size, released.DEFAULTS | config, random)


def algorithm(config):
    return released.Run if config.get("preset") == "released" else anomalyany.Run


def component_inputs(m, plan, random):
    """Random inputs of every component, from the model's own sizes."""
    def randn(*shape):
        return torch.randn(shape, generator=random)

    batch, (h, w) = plan["batch"], plan["latent"]
    factor = 2 ** (len(m.vae.config.block_out_channels) - 1)
    size, width = m.clip.config.vision_config.image_size, m.clip.config.projection_dim
    ids = torch.tensor([components.token_ids(m.tokenizer, t) for t in TEXTS[:5]]).float()
    clip_ids = torch.tensor([components.token_ids(m.clip_tokenizer, t) for t in TEXTS[:5]]).float()
    return {
        "unet": {
            "sample": randn(batch, 4, h, w), "timestep": torch.tensor([501.0, 37.0][:batch]),
            "encoder_hidden_states": randn(batch, 77, m.unet.config.cross_attention_dim),
            "cotangent": randn(batch, 4, h, w),
        },
        "vae-decode": {"latent": randn(1, 4, 16, 24), "cotangent": randn(1, 3, 16 * factor, 24 * factor)},
        "vae-encode": {"image": picture(1, 16 * factor, 24 * factor, random)},
        "text": {"input_ids": ids},
        "cliptext": {"input_ids": clip_ids},
        "image": {"pixel_values": randn(batch, 3, size, size), "cotangent": randn(batch, width)},
        "scheduler": {"init": randn(1, 4, 8, 8), "eps": randn(1, 4, 8, 8)},
        "rng": {},
        "txt2img": {
            "noise": torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(plan["seed"])),
            "input_ids": ids[:2], "steps": torch.tensor([4.0]), "guidance": torch.tensor([7.5]),
        },
    }


def picture(batch, height, width, random):
    """A smooth random picture in [-1,1], [batch,3,height,width]."""
    coarse = torch.randn(batch, 3, height // 16, width // 16, generator=random)
    return torch.tanh(torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic"))


def make_run(folder, m, suffix, size, config, random):
    """Writes one AnomalyAny run: its input, configuration with the trace, and results."""
    height, width = size
    factor = 2 ** (len(m.vae.config.block_out_channels) - 1)
    mask = torch.ones(1, 1, height, width)
    if suffix.endswith("_mask"):
        mask[:, :, :, : width // 3] = 0
        mask[:, :, : height // 5] = 0
    x = {
        "image": picture(1, height, width, random),
        "noise": torch.randn(1, 4, height // factor, width // factor, generator=random),
        "mask": mask,
    }
    if config.get("preset") == "released":
        steps = config["N"] + 1 if suffix.endswith("_mask") else 0  # fresh noise is for outside the mask
        drawn = {"encoder_noise": 1, "fresh_noise": steps}
        x |= {k: torch.randn(n, *x["noise"].shape[1:], generator=random) for k, n in drawn.items() if n}
    run = algorithm(config)
    out, trace = run(m, config, x).run()
    moved, _ = run(m, config, x | {"image": x["image"] + 1e-6 * torch.randn(x["image"].shape)}).run()
    print(f"{folder.name}/anomalyany{suffix}: inputs moved by 1e-6 move the results by {worst(moved, out):.1e}")
    for step in trace["steps"]:
        print("   ", {k: round(v, 4) if isinstance(v, float) else v for k, v in step.items()})
    models.save(folder / f"anomalyany_in{suffix}.safetensors", x)
    models.save(folder / f"anomalyany_ref{suffix}.safetensors", out)
    (folder / f"anomalyany{suffix}.json").write_text(json.dumps(config | trace, indent=1) + "\n")


def check(folder, m):
    """Computes the goldens of a folder again; 1 if one differs by more than 1e-3 of its largest value."""
    failed = 0

    def report(name, got, want, tolerance=1e-3):
        nonlocal failed
        error = worst(got, want)
        failed |= error > tolerance
        print(f"{name:24} {error:.1e}{'' if error <= tolerance else '  DIFFERS'}")

    for name, run in components.COMPONENTS.items():
        if (whole := folder / f"{name}.safetensors").exists():
            want = safetensors.torch.load_file(whole)
            inputs = {k: want.pop(k) for k in ("init", "eps") if k in want}
            report(name, run(m, inputs), want)
        elif (path := folder / f"{name}_in.safetensors").exists():
            x = safetensors.torch.load_file(path)
            report(name, run(m, x), safetensors.torch.load_file(folder / f"{name}_ref.safetensors"))
    for row in json.loads((folder / "tokenize.json").read_text()):
        if components.token_ids(m.tokenizer, row["text"]) != row["ids"]:
            failed = 1
            print("tokenize  DIFFERS:", row["text"])
    for suffix in "", "_mask", "_released", "_released_mask":
        if not (path := folder / f"anomalyany{suffix}.json").exists():
            continue
        config = json.loads(path.read_text())
        x = safetensors.torch.load_file(folder / f"anomalyany_in{suffix}.safetensors")
        out, trace = algorithm(config)(m, config, x).run()
        want = safetensors.torch.load_file(folder / f"anomalyany_ref{suffix}.safetensors")
        # early optimisation amplifies rounding a thousandfold
        tolerance = {"_released": 1e-1, "_released_mask": 1e-2}.get(suffix, 1e-3)
        report(f"anomalyany{suffix}", out, want, tolerance)
        for got, want in zip(trace["steps"], config["steps"], strict=True):
            # n is not compared: it may fall either way where a cell equals the mean
            losses = [k for k in ("L_att", "L_img", "L_prompt") if k in want]
            report(f"  step {want['i']}", *({k: torch.tensor(v[k]) for k in losses} for v in (got, want)), tolerance)
    return failed


def worst(got, want):
    """Largest error over tensors, each relative to its tensor's largest value."""
    return max(((got[k] - v).abs().max() / v.abs().max().clamp(min=1e-12)).item() for k, v in want.items())


if __name__ == "__main__":
    main()
