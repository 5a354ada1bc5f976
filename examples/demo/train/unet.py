"""The UNet: noise prediction on latents, conditioned on the text encoder's states.

Besides the usual loss (ε, min-SNR-5 weights after Hang et al., arXiv 2303.09556) the cross-attention of the defect's
words is asked to lie on the defect, whose mask the drawings know: TokenCompose's token and pixel losses (Wang et al.,
arXiv 2312.03626). AnomalyAny reads and steers exactly these maps.
"""

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

import vae
from common import DEFECTS, Average, Drawings, Progress, replace
from optim import optimizers
from training import fit

CONFIG = {
    "sample_size": 16, "in_channels": 16, "out_channels": 16, "cross_attention_dim": 128,
    "down_block_types": ("CrossAttnDownBlock2D",) * 2, "up_block_types": ("CrossAttnUpBlock2D",) * 2,
    "block_out_channels": (64, 128), "layers_per_block": 1, "attention_head_dim": 4, "norm_num_groups": 16,
}
SCHEDULE = {
    "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000,
    "steps_offset": 1, "set_alpha_to_one": False, "clip_sample": False, "prediction_type": "epsilon",
}
BATCH = 32
DROP = 0.1  # the share of samples that learn without a caption, for classifier-free guidance


def run(data, out, work, steps):
    """Trains for so many steps; writes OUT/unet and OUT/scheduler. Needs OUT/vae, OUT/text_encoder, OUT/tokenizer."""
    samples = Samples(data, out, work)
    torch.manual_seed(3)
    generator = torch.Generator().manual_seed(3)
    model = new_model()
    maps = record_maps(model)
    opts = optimizers(model, 1.5e-3, 1e-3, keep=("conv_in", "conv_out"))
    average = Average(model, 0.9985)
    scheduler = DDIMScheduler(**SCHEDULE)

    def step(_):
        return losses(model, maps, scheduler, samples.batch(generator), generator)

    fit("unet", model, opts, average, generator, work / "unet.pt", steps, 200, step)
    save(average, out)


def save(average, out):
    model = UNet2DConditionModel(**CONFIG)
    model.load_state_dict(average.weights)
    model.half().save_pretrained(out / "unet")
    DDIMScheduler(**SCHEDULE).save_pretrained(out / "scheduler")


def new_model():
    """A UNet whose residual branches and output start at zero."""
    model = UNet2DConditionModel(**CONFIG).to(memory_format=torch.channels_last)
    for name, module in model.named_modules():
        if name.endswith(("conv2", "conv_out", "proj_out")):
            torch.nn.init.zeros_(module.weight)
            torch.nn.init.zeros_(module.bias)
    return model


class Samples:
    """Latents, masks and captions of the drawings, encoded once."""

    def __init__(self, data, out, work):
        drawings = Drawings(data)
        self.latents = encoded(drawings, out, work / "latents.npy")
        self.masks = shrunk(drawings.masks)
        tokenizer = CLIPTokenizer.from_pretrained(out / "tokenizer")
        self.captions, states = [], {}
        for row in drawings.rows:
            both = [row["caption"], row["detail"]]
            for text in both:
                states.setdefault(text, len(states))
            self.captions.append(both)
        states.setdefault("", len(states))
        self.index = states
        self.states = text_states(list(states), tokenizer, out)
        self.words = torch.stack([word_tokens(text, tokenizer) for text in states])

    def batch(self, generator):
        """Latents [B, 16, 16, 16], text states [B, 32, 128], masks [B, 256] and the words' tokens [B, 32]."""
        chosen = torch.randint(len(self.captions), (BATCH,), generator=generator)
        draws = torch.rand(BATCH, 2, generator=generator)
        texts = [self.index["" if drop < DROP else self.captions[k][int(form < 0.35)]]
                 for k, (drop, form) in zip(chosen.tolist(), draws.tolist())]
        latents = torch.from_numpy(self.latents[chosen.numpy()]).float()
        return latents.contiguous(memory_format=torch.channels_last), self.states[texts], self.masks[chosen], self.words[texts]


def encoded(drawings, out, cache):
    """The scaled latents of all drawings, f16 [N, 16, 16, 16]."""
    if cache.exists():
        return np.load(cache)
    model = AutoencoderKL.from_pretrained(out / "vae").float().to(memory_format=torch.channels_last)
    progress, parts = Progress("latents", len(drawings)), []
    for k in range(0, len(drawings), 32):
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            x, _ = drawings.batch(np.arange(k, min(k + 32, len(drawings))))
            parts.append((vae.encode(model, x).float() * model.config.scaling_factor).half().numpy())
        progress(min(k + 32, len(drawings)))
    latents = np.concatenate(parts)
    replace(cache, lambda f: np.save(f, latents))
    return latents


def shrunk(masks):
    """How much of each place of the map is defective, [N, 256], with thin defects counted in full."""
    share = F.avg_pool2d(torch.from_numpy(masks)[:, None].float(), 8).flatten(1)
    return (share * 3).clamp(max=1)


@torch.no_grad()
def text_states(texts, tokenizer, out):
    model = CLIPTextModel.from_pretrained(out / "text_encoder").float()
    ids = tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt").input_ids
    return torch.cat([model(part).last_hidden_state for part in ids.split(256)])


def word_tokens(text, tokenizer):
    """1 where a token belongs to the defect's name, [32]."""
    ids = tokenizer(text, padding="max_length", truncation=True).input_ids
    marks = torch.zeros(len(ids))
    for name in DEFECTS:
        name_ids = tokenizer(name, add_special_tokens=False).input_ids
        for k in range(len(ids) - len(name_ids)):
            if ids[k:k + len(name_ids)] == name_ids:
                marks[k:k + len(name_ids)] = 1
    return marks


def record_maps(model):
    """Makes every cross-attention at 16×16 leave its probabilities [B, 256, 32], the mean over heads, in a list."""
    maps = []

    class Attend:
        def __call__(self, attn, hidden, encoder_hidden_states=None, **_):
            source = hidden if encoder_hidden_states is None else encoder_hidden_states
            q, k, v = (f(x).unflatten(-1, (attn.heads, -1)).transpose(1, 2)
                       for f, x in ((attn.to_q, hidden), (attn.to_k, source), (attn.to_v, source)))
            probs = torch.softmax(q * attn.scale @ k.transpose(-1, -2), -1)
            if encoder_hidden_states is not None and hidden.shape[1] == 256:
                maps.append(probs.float().mean(1))
            return attn.to_out[0]((probs.to(v.dtype) @ v).transpose(1, 2).flatten(2))

    model.set_attn_processor(Attend())
    return maps


def losses(model, maps, scheduler, batch, generator):
    latents, states, masks, words = batch
    noise = torch.randn(latents.shape, generator=generator)
    # One timestep from each of BATCH equal parts of the schedule: less variance than independent ones.
    t = ((torch.randperm(BATCH, generator=generator) + torch.rand(BATCH, generator=generator)) * 1000 / BATCH).long()
    signal = scheduler.alphas_cumprod[t]
    noisy = scheduler.add_noise(latents, noise, t)
    maps.clear()
    with torch.autocast("cpu", torch.bfloat16):
        predicted = model(noisy, t, states).sample.float()
    snr = signal / (1 - signal)
    focus = (1 + 2 * masks).view(-1, 1, 16, 16)  # defects are small, and what this model is for
    error = ((predicted - noise).square() * focus).mean((1, 2, 3))
    denoise = (error * snr.clamp(max=5) / snr).mean()
    attention = attention_loss(torch.stack(maps).mean(0), masks, words, signal)
    return denoise + 0.1 * attention, {"ε": error.mean(), "loss": denoise, "attention": attention}


def attention_loss(maps, masks, words, signal):
    """How far the words' attention is from the mask, where there are both; late timesteps count little, since
    nobody can see there where the defect is."""
    weight = signal * (words.sum(1) > 0) * (masks.sum(1) > 0)
    word = (maps * words[:, None]).sum(2).clamp(1e-6, 1 - 1e-6)  # [B, 256]
    inside = (word * masks).sum(1) / word.sum(1)
    cells = F.binary_cross_entropy(word, masks, reduction="none").mean(1)
    return (weight * ((1 - inside).square() + cells)).sum() / len(weight)
