#!/usr/bin/env python3
"""Times PyTorch on the workloads of examples/bench: random weights in the exact SD 1.5 and ViT-L/14 shapes.

Prints one JSON object a line: name, peer, dtype, threads, seconds (best of two after one warm-up), cpu_seconds (of
all threads), peak_rss_gb.
Every workload runs in a process of its own, so that peak memory is its own.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="names, separated by commas")
    parser.add_argument("--dtype", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        print(json.dumps(measure(args.child, args.dtype, args.threads)), flush=True)
        return
    failed = 0
    for name in args.only.split(",") if args.only else WORKLOADS:
        if name not in WORKLOADS:
            parser.error(f"no workload {name!r}; there are {', '.join(WORKLOADS)}")
        command = [sys.executable, __file__, "--child", name, "--dtype", args.dtype, "--threads", str(args.threads)]
        failed |= subprocess.run(command, check=False).returncode != 0
    sys.exit(failed)


def measure(name, dtype, threads):
    """Seconds and peak memory of one workload in this process."""
    import resource

    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    torch.set_default_dtype({"f32": torch.float32, "bf16": torch.bfloat16}[dtype])
    build, run = WORKLOADS[name]
    model = random_weights(build())
    seconds, cpu = [], []
    for _ in range(3):
        torch.manual_seed(1)
        start, start_cpu = time.perf_counter(), time.process_time()
        run(model)
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    scale = 1e9 if platform.system() == "Darwin" else 1e6
    return {
        "name": name, "peer": "torch " + torch.__version__, "dtype": dtype, "threads": threads,
        "seconds": round(min(seconds[1:]), 4), "cpu_seconds": round(min(cpu[1:]), 4),
        "peak_rss_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale, 2),
    }


def random_weights(model):
    """Fills a model built without memory; the weights keep activations of ordinary size."""
    import torch

    model = model.to_empty(device="cpu").requires_grad_(False).eval()
    for name, p in model.named_parameters():
        if p.ndim > 1:
            p.normal_(0, p[0].numel() ** -0.5)
        else:
            p.fill_(1 if "norm" in name and name.endswith("weight") else 0)
    for name, b in model.named_buffers():
        if name.endswith("position_ids"):
            b.copy_(torch.arange(b.shape[-1]).expand(b.shape))
    return model


def unet():
    import torch
    from diffusers import UNet2DConditionModel

    with torch.device("meta"):
        return UNet2DConditionModel(sample_size=64, cross_attention_dim=768)


def vae():
    import torch
    from diffusers import AutoencoderKL

    with torch.device("meta"):
        return AutoencoderKL(
            block_out_channels=(128, 256, 512, 512), layers_per_block=2, sample_size=512,
            down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4)


def clip_text():
    import torch
    from transformers import CLIPTextConfig, CLIPTextModel

    with torch.device("meta"):
        return CLIPTextModel(CLIPTextConfig(
            hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12))


def clip_image():
    import torch
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    with torch.device("meta"):
        return CLIPVisionModelWithProjection(CLIPVisionConfig(
            hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16,
            image_size=224, patch_size=14, projection_dim=768))


def run_unet(batch):
    def run(model):
        import torch

        with torch.no_grad():
            model(torch.randn(batch, 4, 64, 64), 500, torch.randn(batch, 77, 768))

    return run


def run_unet_grad(model):
    import torch

    z, e = torch.randn(1, 4, 64, 64, requires_grad=True), torch.randn(1, 77, 768, requires_grad=True)
    torch.autograd.grad(model(z, 500, e).sample.square().mean(), [z, e])


class Enough(Exception):
    """Every map that a loss needs has been seen."""


class Probabilities:
    """An attention processor that keeps a cross-attention site's probabilities in `maps`."""

    def __init__(self, maps):
        self.maps = maps

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, **_):
        def heads(x):
            return x.unflatten(-1, (attn.heads, -1)).transpose(1, 2)

        q, k, v = attn.to_q(hidden_states), attn.to_k(encoder_hidden_states), attn.to_v(encoder_hidden_states)
        probs = (heads(q) @ heads(k).transpose(-1, -2) * attn.scale).softmax(-1)
        self.maps.append(probs)
        return attn.to_out[0]((probs @ heads(v)).transpose(1, 2).flatten(-2))


def attention_gradient(model, z, e, of):
    """The gradient of L_att at 16x16; the forward pass stops behind the last map."""
    import torch

    def stop(*_):
        raise Enough

    maps, before = [], model.attn_processors
    processors = dict(before)
    at16 = "down_blocks.2.", "up_blocks.1."
    for name in processors:
        if name.startswith(at16) and ".attn2." in name:
            processors[name] = Probabilities(maps)
    model.set_attn_processor(processors)
    handle = model.up_blocks[1].attentions[-1].register_forward_hook(stop)
    try:
        model(z, 500, e)
    except Enough:
        pass
    handle.remove()
    model.set_attn_processor(dict(before))
    tokens = (100 * torch.stack(maps).mean((0, 1, 2))[:, 1:76]).softmax(-1)
    return torch.autograd.grad(1 - tokens[:, 7].max(), of)


def run_unet_latt(model):
    import torch

    z = torch.randn(1, 4, 64, 64, requires_grad=True)
    attention_gradient(model, z, torch.randn(1, 77, 768), z)


def run_vae_decode(model):
    import torch

    with torch.no_grad():
        model.decode(torch.randn(1, 4, 64, 64))


def run_vae_decode_grad(model):
    import torch

    z = torch.randn(1, 4, 64, 64, requires_grad=True)
    torch.autograd.grad(model.decode(z).sample.square().mean(), z)


def run_vae_encode(model):
    import torch

    with torch.no_grad():
        model.encode(torch.randn(1, 3, 512, 512))


def run_clip_text(model):
    import torch

    with torch.no_grad():
        model(torch.randint(0, 49408, (1, 77)))


def run_clip_image(model):
    import torch

    with torch.no_grad():
        model(torch.randn(1, 3, 224, 224))


def run_clip_image_grad(model):
    import torch

    x = torch.randn(1, 3, 224, 224, requires_grad=True)
    torch.autograd.grad(model(x).image_embeds.square().mean(), x)


def anomalyany():
    import torch

    return torch.nn.ModuleDict({"unet": unet(), "vae": vae(), "clip": clip_image()})


def run_anomalyany(refine):
    """One step of AnomalyAny: L_att and its gradient, in the refinement CLIP's loss on the picture, a guided prediction."""

    def run(models):
        import torch

        z, e = torch.randn(1, 4, 64, 64, requires_grad=True), torch.randn(1, 77, 768, requires_grad=refine)
        attention_gradient(models["unet"], z, e, [z, e] if refine else z)
        if refine:
            picture = models["vae"].decode(z / 0.18215).sample / 2 + 0.5
            small = torch.nn.functional.interpolate(picture, size=224, mode="bicubic", antialias=True)
            embeds = models["clip"](small).image_embeds
            loss = 1 - torch.cosine_similarity(embeds, torch.randn(1, 768)).mean()
            torch.autograd.grad(loss, z)
        run_unet(2)(models["unet"])

    return run


# By name: what builds the model, and one run of it.
WORKLOADS = {
    "unet.b1": (unet, run_unet(1)),
    "unet.b2": (unet, run_unet(2)),
    "unet.grad": (unet, run_unet_grad),
    "unet.latt": (unet, run_unet_latt),
    "vae.decode": (vae, run_vae_decode),
    "vae.encode": (vae, run_vae_encode),
    "vae.decode.grad": (vae, run_vae_decode_grad),
    "clip.text": (clip_text, run_clip_text),
    "clip.image": (clip_image, run_clip_image),
    "clip.image.grad": (clip_image, run_clip_image_grad),
    "anomalyany.step": (anomalyany, run_anomalyany(refine=False)),
    "anomalyany.refine": (anomalyany, run_anomalyany(refine=True)),
}

if __name__ == "__main__":
    main()
