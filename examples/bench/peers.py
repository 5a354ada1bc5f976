#!/usr/bin/env python3
"""Times PyTorch, OpenVINO, faiss and generators of defects on the workloads of examples/bench: random weights in the
networks' exact shapes, and the same pictures.

Prints one JSON object a line: name, peer, dtype, threads, seconds (best of two or more after one warm-up), cpu_seconds
(of all threads), peak_rss_gb, and on a GPU peak_device_gb.
Every workload runs in a process of its own, so that peak memory is its own.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
import warnings

from peers_generators import CARPET, run_nsa, run_perlin, run_poisson
from peers_inversion import checkpointing, run_inversion

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="names, separated by commas")
    parser.add_argument("--peer", choices=["torch", "torch-eager", "torch-checkpointing", "openvino", *OTHERS], default="torch",
                        help="torch-eager takes attention alone apart into operations; torch-checkpointing computes "
                        "activations twice to save memory; faiss finds neighbours; "
                        "opencv, anomalib and nsa generate defects")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=["f32", "f16", "bf16"], default="f32")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--wait", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        again = waiting() if args.wait else range(2)
        print(json.dumps(measure(args.child, args.peer, args.device, args.dtype, args.threads, again)), flush=True)
        return
    failed = 0
    names = [name for name, w in WORKLOADS.items() if w.runs(args.peer)]
    usual = [name for name in names if not name.startswith("attention.") or args.device != "cpu"]
    for name in args.only.split(",") if args.only else usual:
        if name not in names:
            parser.error(f"no workload {name!r}; there are {', '.join(names)}")
        command = [sys.executable, __file__, "--child", name, "--peer", args.peer,
                   "--device", args.device, "--dtype", args.dtype, "--threads", str(args.threads)]
        failed |= subprocess.run(command, check=False).returncode != 0
    sys.exit(failed)


def waiting():
    """A turn for each line that comes in, each announced by a line that the one before is over."""
    print(flush=True)
    for _ in sys.stdin:
        yield
        print(flush=True)


def measure(name, peer, device, dtype, threads, again):
    """Seconds and peak memory of one workload in this process: of the fastest of the runs `again`, after a first one."""
    import resource

    if peer == "openvino":
        run, version = openvino_run(WORKLOADS[name], dtype, threads)
    elif peer in OTHERS:
        run, version = WORKLOADS[name].run, OTHERS[peer](threads)
    else:
        run, version = torch_run(WORKLOADS[name], peer, device, dtype, threads)
    seconds, cpu = [], []
    run()
    for _ in again:
        start, start_cpu = time.perf_counter(), time.process_time()
        run()
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    scale = 1e9 if platform.system() == "Darwin" else 1e6
    result = {
        "name": name, "peer": version, "dtype": dtype, "threads": threads,
        "seconds": round(min(seconds), 4), "cpu_seconds": round(min(cpu), 4),
        "peak_rss_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale, 2),
    }
    if device != "cpu":
        import torch

        result["peak_device_gb"] = round(torch.cuda.max_memory_reserved() / 1e9, 3)
    return result


def torch_run(workload, peer, device, dtype, threads):
    """What runs a workload in PyTorch, and its version."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    torch.set_default_dtype({"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}[dtype])
    torch.set_default_device(device)
    model = random_weights(workload.build(), device) if workload.build else peer
    if peer == "torch-checkpointing":
        checkpointing(model)

    def run():
        torch.manual_seed(1)
        workload.run(model)
        if device != "cpu":
            torch.cuda.synchronize()

    version = peer + " " + torch.__version__
    return run, version if device == "cpu" else f"{version}, {torch.cuda.get_device_name()}"


def openvino_run(workload, dtype, threads):
    """What runs a workload in OpenVINO, and its version. Its peak memory includes that of the conversion."""
    import openvino
    import torch

    warnings.simplefilter("ignore")  # of tracing, about branches that these shapes do not take
    torch.manual_seed(0)
    model, inputs = random_weights(workload.build()), workload.inputs()
    model.forward = workload.forward(model)
    converted = openvino.convert_model(model, example_input=inputs, input=[tuple(x.shape) for x in inputs])
    del model
    compiled = openvino.Core().compile_model(converted, "CPU", {
        "INFERENCE_PRECISION_HINT": dtype, "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"})
    values = [x.numpy() for x in inputs]
    return lambda: compiled(values), "openvino " + openvino.__version__.split("-")[0]


def faiss(threads):
    """Has faiss compute with so many threads, and returns its version, as the next three do."""
    import faiss

    faiss.omp_set_num_threads(threads)
    return "faiss " + faiss.__version__


def opencv(threads):
    import cv2

    cv2.setNumThreads(threads)
    return "opencv " + cv2.__version__


def nsa(threads):
    return "nsa on " + opencv(threads)


def anomalib(threads):
    import torch

    opencv(threads)
    torch.set_num_threads(threads)
    from importlib.metadata import version

    return "anomalib " + version("anomalib")


OTHERS = {f.__name__: f for f in (faiss, opencv, anomalib, nsa)}  # that take neither weights nor precisions


def random_weights(model, device="cpu"):
    """Fills a model built without memory; the weights keep activations of ordinary size."""
    import torch

    model = model.to_empty(device=device).requires_grad_(False).eval()
    for name, p in model.named_parameters():
        if p.ndim > 1:
            p.normal_(0, p[0].numel() ** -0.5)
        else:
            p.fill_(1 if name.endswith(("weight", "gamma")) else 0)  # of norms and layer scales, the only ones with one axis
    for name, b in model.named_buffers():
        if name.endswith("position_ids"):
            b.copy_(torch.arange(b.shape[-1]).expand(b.shape))
        else:
            b.fill_(1 if name.endswith("running_var") else 0)
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


def taesd():
    import torch
    from diffusers import AutoencoderTiny

    with torch.device("meta"):
        return AutoencoderTiny()


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


def network(name):
    """One of timm's, trained on ImageNet where it is in use."""

    def build():
        import timm
        import torch

        with torch.device("meta"):
            return timm.create_model(name)

    return build


def dinov2():
    import timm
    import torch

    with torch.device("meta"):
        return timm.create_model("vit_small_patch14_dinov2", img_size=448)


def windowed(scales):
    """The class tokens of a picture, and of all windows of each scale of it, of WinCLIP's CLIP."""

    def build():
        import timm
        import torch

        class Windowed(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.model = timm.create_model("vit_base_patch16_plus_clip_240", num_classes=0)
                self.windows = [self.tokens(15, k) for k in scales]

            def tokens(self, grid, k):
                within = [y * grid + x for y in range(k) for x in range(k)]
                return [[0] + [1 + y * grid + x + i for i in within] for y in range(grid - k + 1) for x in range(grid - k + 1)]

            def forward(self, x):
                m = self.model
                tokens = m._pos_embed(m.patch_embed(x))
                sets = [tokens] + [tokens[0][torch.tensor(w)] for w in self.windows]
                return [m.norm(m.blocks(m.norm_pre(s))[:, 0]) for s in sets]

        with torch.device("meta"):
            return Windowed()

    return build


def vgg16():
    """torchvision's, to the layers that LPIPS reads."""
    import torch
    import torchvision

    class Seen(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.features = torchvision.models.vgg16().features

        def forward(self, x):
            seen = []
            for i in range(30):
                x = self.features[i](x)
                if i in (3, 8, 15, 22, 29):
                    seen.append(x)
            return seen

    with torch.device("meta"):
        model = Seen()
    for m in model.modules():
        if isinstance(m, torch.nn.ReLU):
            m.inplace = False
    return model


def unet_inputs(batch):
    def inputs():
        import torch

        return torch.randn(batch, 4, 64, 64), torch.tensor(500), torch.randn(batch, 77, 768)

    return inputs


def latent():
    import torch

    return (torch.randn(1, 4, 64, 64),)


def picture(size, batch=1):
    def inputs():
        import torch

        return (torch.randn(batch, 3, size, size),)

    return inputs


def text():
    import torch

    return (torch.randint(0, 49408, (1, 77)),)


def forward(inputs, of):
    """A forward pass in PyTorch: of(model), applied to inputs()."""

    def run(model):
        import torch

        with torch.no_grad():
            of(model)(*inputs())

    return run


def run_unet_grad(model):
    import torch

    z, e = torch.randn(1, 4, 64, 64, requires_grad=True), torch.randn(1, 77, 768, requires_grad=True)
    torch.autograd.grad(model(z, 500, e).sample.square().mean(), [z, e])


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
    """The gradient of L_att at 16x16. The whole UNet runs forward, as in AnomalyAny's own code."""
    import torch

    maps, before = [], model.attn_processors
    processors = dict(before)
    at16 = "down_blocks.2.", "up_blocks.1."
    for name in processors:
        if name.startswith(at16) and ".attn2." in name:
            processors[name] = Probabilities(maps)
    model.set_attn_processor(processors)
    model(z, 500, e)
    model.set_attn_processor(dict(before))
    tokens = (100 * torch.stack(maps).mean((0, 1, 2))[:, 1:76]).softmax(-1)
    return torch.autograd.grad(1 - tokens[:, 7].max(), of)


def run_unet_latt(model):
    import torch

    z = torch.randn(1, 4, 64, 64, requires_grad=True)
    attention_gradient(model, z, torch.randn(1, 77, 768), z)


def run_vae_decode_grad(model):
    import torch

    z = torch.randn(1, 4, 64, 64, requires_grad=True)
    torch.autograd.grad(model.decode(z).sample.square().mean(), z)


def run_clip_image_grad(model):
    import torch

    x = torch.randn(1, 3, 224, 224, requires_grad=True)
    torch.autograd.grad(model(x).image_embeds.square().mean(), x)


def anomalyany():
    import torch

    return torch.nn.ModuleDict({"unet": unet(), "vae": vae(), "clip": clip_image()})


def inversion():
    import torch

    return torch.nn.ModuleDict({"unet": unet(), "text": clip_text()})


def run_anomalyany(refine):
    """One step of AnomalyAny: L_att and its gradient, in the refinement CLIP's loss on the picture, a guided prediction."""

    def run(models):
        import torch

        z, e = torch.randn(1, 4, 64, 64, requires_grad=True), torch.randn(1, 77, 768, requires_grad=refine)
        attention_gradient(models["unet"], z, e, [z, e] if refine else z)
        if refine:
            picture = models["vae"].decode(z / 0.18215).sample / 2 + 0.5
            # There is no such filter for bfloat16.
            small = torch.nn.functional.interpolate(picture.float(), size=224, mode="bicubic", antialias=True)
            embeds = models["clip"](small.to(picture.dtype)).image_embeds
            loss = 1 - torch.cosine_similarity(embeds, torch.randn(1, 768)).mean()
            torch.autograd.grad(loss, z)
        with torch.no_grad():
            models["unet"](*unet_inputs(2)())

    return run


def run_anomalyany_look(models):
    """CLIP's look at the decoded latent at half its size, with the gradient."""
    import torch

    z = torch.randn(1, 4, 64, 64, requires_grad=True)
    half = torch.nn.functional.interpolate(z.float(), size=32, mode="bicubic", antialias=True).to(z.dtype)
    picture = models["vae"].decode(half).sample / 2 + 0.5
    small = torch.nn.functional.interpolate(picture.float(), size=224, mode="bicubic", antialias=True)
    loss = models["clip"](small.to(picture.dtype)).image_embeds.square().mean()
    torch.autograd.grad(loss, z)


REPEATS = 20  # as attentions.go has it


def attention(queries, keys, channels, what):
    """Attention alone, in PyTorch's fused kernel or, for the peer torch-eager, taken apart."""
    operands = {}

    def eager(q, k, v):
        probs = (q @ k.transpose(-1, -2) * channels**-0.5).softmax(-1)
        return probs @ v, probs

    def run(peer):
        import torch

        if not operands:  # once: to draw them takes longer than to multiply them
            of = [torch.randn(2, 8, n, channels, requires_grad=what == "grad") for n in (queries, keys, keys)]
            operands["qkv"], operands["dout"] = of, torch.randn(2, 8, queries, channels)
        q, k, v = operands["qkv"]
        fused = torch.nn.functional.scaled_dot_product_attention
        if what != "grad":
            with torch.no_grad():
                for _ in range(REPEATS):
                    if peer == "torch":
                        fused(q, k, v)
                        continue
                    _, probs = eager(q, k, v)
                    if what == "maps":
                        probs[..., [5, 7]].contiguous()
            return
        if "out" not in operands:
            operands["out"] = fused(q, k, v) if peer == "torch" else eager(q, k, v)[0]
        for _ in range(REPEATS):
            torch.autograd.grad(operands["out"], [q, k, v], operands["dout"], retain_graph=True)

    return Workload(None, run)


def nearest(queries, rows, channels):
    """The nearest of a bank's rows to each query, by squared Euclidean distances."""
    index = []

    def run():
        import faiss
        import numpy as np

        if not index:
            draw = np.random.default_rng(1).standard_normal
            index.append(faiss.IndexFlatL2(channels))
            index[0].add(draw((rows, channels), dtype=np.float32))
            index.append(draw((queries, channels), dtype=np.float32))
        index[0].search(index[1], 1)

    return Workload(None, run, other="faiss")


class Workload:
    """What builds a model, and one run of it. A forward pass has the inputs of forward(model), too; what others than
    PyTorch run has their name; and what is trained may compute activations twice."""

    def __init__(self, build, run, inputs=None, forward=None, other=None, trains=False):
        self.build, self.run, self.inputs, self.forward, self.other, self.trains = build, run, inputs, forward, other, trains

    def runs(self, peer):
        if self.other or peer in OTHERS:
            return peer == self.other
        return {"torch": True, "torch-eager": self.build is None, "torch-checkpointing": self.trains, "openvino": self.inputs is not None}[peer]


def passes(build, inputs, of):
    return Workload(build, forward(inputs, of), inputs, of)


def unet_forward(model):
    call = model.forward
    return lambda z, t, e: call(z, t, e, return_dict=False)[0]


def decode(model):
    return lambda z: model.decode(z, return_dict=False)[0]


def encode(model):
    return lambda x: model.encode(x, return_dict=False)[0].parameters


def tiny_encode(model):
    return lambda x: model.encode(x, return_dict=False)[0]


def clip_text_forward(model):
    call = model.forward
    return lambda ids: call(ids).last_hidden_state


def clip_image_forward(model):
    call = model.forward
    return lambda x: call(x).image_embeds


WORKLOADS = {
    "unet.b1": passes(unet, unet_inputs(1), unet_forward),
    "unet.b2": passes(unet, unet_inputs(2), unet_forward),
    "unet.grad": Workload(unet, run_unet_grad),
    "unet.latt": Workload(unet, run_unet_latt),
    "vae.decode": passes(vae, latent, decode),
    "vae.encode": passes(vae, picture(512), encode),
    "vae.decode.grad": Workload(vae, run_vae_decode_grad),
    "taesd.decode": passes(taesd, latent, decode),
    "taesd.encode": passes(taesd, picture(512), tiny_encode),
    "taesd.decode.grad": Workload(taesd, run_vae_decode_grad),
    "clip.text": passes(clip_text, text, clip_text_forward),
    "clip.image": passes(clip_image, picture(224), clip_image_forward),
    "clip.image.grad": Workload(clip_image, run_clip_image_grad),
    "anomalyany.step": Workload(anomalyany, run_anomalyany(refine=False)),
    "anomalyany.refine": Workload(anomalyany, run_anomalyany(refine=True)),
    "anomalyany.look": Workload(anomalyany, run_anomalyany_look),
    "inversion.step": Workload(inversion, run_inversion(), trains=True),
    "generate.poisson": Workload(None, run_poisson, other="opencv"),
    "generate.perlin": Workload(None, run_perlin, other="anomalib"),
    "generate.nsa": Workload(None, run_nsa(1, **CARPET), other="nsa"),
    "generate.cutpaste": Workload(None, run_nsa(0, mode="swap", cutpaste_patch_generation=True), other="nsa"),
}

for name, of in ("lite0", "tf_efficientnet_lite0"), ("wrn50", "wide_resnet50_2"):
    for batch in 1, 8:
        WORKLOADS[f"vision.{name}.b{batch}"] = passes(network(of), picture(224, batch), lambda model: model.forward)

for batch in 1, 8:
    WORKLOADS[f"vision.inception.b{batch}"] = passes(network("inception_v3"), picture(299, batch), lambda model: model.forward)
    WORKLOADS[f"vision.dinov2_vits14.b{batch}"] = passes(dinov2, picture(448, batch), lambda model: model.forward_features)
    WORKLOADS[f"vision.vgg16.b{batch}"] = passes(vgg16, picture(256, batch), lambda model: model.forward)

for name, scales in ("clip.vitb16plus", ()), ("winclip.windows", (2, 3)):
    WORKLOADS[name] = passes(windowed(scales), picture(240), lambda model: model.forward)

for size in (784, 784, 1024), (784, 6272, 1024), (1024, 61440, 152):
    WORKLOADS["nearest." + "x".join(map(str, size))] = nearest(*size)

for site in (4096, 4096, 40), (4096, 77, 40), (1024, 1024, 80), (1024, 77, 80), \
        (256, 256, 160), (256, 77, 160), (64, 64, 160), (64, 77, 160):
    for part in "forward", "maps", "grad":
        WORKLOADS["attention." + "x".join(map(str, site)) + "." + part] = attention(*site, part)

if __name__ == "__main__":
    main()
