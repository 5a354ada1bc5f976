"""The autoencoder: pictures [3, 128, 128] to latents [16, 16, 16] and back.

Eight times fewer places each way as in Stable Diffusion, but four times the channels: a scratch three pixels wide
has to survive on a small model. Trained on crops first, which are cheap, then on whole pictures, since the group
norms take their statistics over all of what they see.
"""

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL

from common import SIZE, Average, Drawings, flip
from optim import optimizers
from training import fit

CONFIG = {
    "in_channels": 3, "out_channels": 3, "latent_channels": 16, "sample_size": SIZE,
    "down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (24, 48, 96, 128), "layers_per_block": 1, "norm_num_groups": 8,
}
CROP, CROPS, PICTURES = 64, 8, 2  # side of a crop; how many crops, or whole pictures, make a batch


def run(data, out, work, steps, whole=0.25):
    """Trains for so many steps, the last share `whole` of them on whole pictures; writes OUT/vae."""
    drawings = Drawings(data)
    torch.manual_seed(1)
    generator = torch.Generator().manual_seed(1)
    model = AutoencoderKL(**CONFIG).to(memory_format=torch.channels_last)
    opts = optimizers(model, 2e-3, 1e-3, keep=("conv_in", "conv_out", "quant_conv"))
    average = Average(model, 0.999)

    def step(i):
        return losses(model, batch(drawings, generator, i >= (1 - whole) * steps), generator)

    fit("vae", model, opts, average, generator, work / "vae.pt", steps, 250, step)
    model.load_state_dict(average.weights)
    model.register_to_config(scaling_factor=round(1 / deviation(model, drawings), 4))
    model.half().save_pretrained(out / "vae")


def batch(drawings, generator, whole):
    n = PICTURES if whole else CROPS
    x, _ = drawings.batch(torch.randint(len(drawings), (n,), generator=generator).numpy())
    if not whole:
        corners = torch.randint(SIZE - CROP + 1, (n, 2), generator=generator).tolist()
        x = torch.stack([p[:, t:t + CROP, l:l + CROP] for p, (t, l) in zip(x, corners)])
    return flip(generator, x)[0].contiguous(memory_format=torch.channels_last)


def losses(model, x, generator):
    """L1 of colours, of differences between neighbours at two scales (edges, thin defects) and of the colour at a
    quarter of the size, with a weak pull of the latents to a standard normal."""
    with torch.autocast("cpu", torch.bfloat16):
        latent = model.encode(x).latent_dist
        noise = torch.randn(latent.mean.shape, generator=generator)
        y = model.decode(latent.mean + latent.std * noise).sample.float()
    edges = sum((differences(y, s) - differences(x, s)).abs().mean() for s in (1, 2))
    colour = (F.avg_pool2d(y, 4) - F.avg_pool2d(x, 4)).abs().mean()
    mean, logvar = latent.mean.float(), latent.logvar.float()
    kl = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).mean()
    mse = (y - x).square().mean()
    loss = (y - x).abs().mean() + 2 * mse + 0.5 * edges + 0.5 * colour + 3e-4 * kl
    return loss, {"loss": loss, "psnr": 10 * torch.log10(4 / mse), "kl": kl}


def differences(x, scale):
    x = F.avg_pool2d(x, scale) if scale > 1 else x
    return torch.cat([(x[..., 1:, :] - x[..., :-1, :]).flatten(1), (x[..., 1:] - x[..., :-1]).flatten(1)], 1)


@torch.no_grad()
def encode(model, pictures):
    """The latents' means [B, 16, 16, 16] of pictures, as the encoder writes them: not scaled."""
    return model.encode(pictures.contiguous(memory_format=torch.channels_last)).latent_dist.mean


def deviation(model, drawings, count=256):
    """The standard deviation of latents, over everything."""
    chosen = torch.randperm(len(drawings), generator=torch.Generator().manual_seed(2))[:count].numpy()
    return float(torch.cat([encode(model, drawings.batch(chosen[k:k + 32])[0]) for k in range(0, len(chosen), 32)]).std())
