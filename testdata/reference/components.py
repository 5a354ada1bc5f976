"""The components of `examples/parity`: tensors in, tensors out, in f32."""

import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler, PNDMScheduler

SCHEDULERS = {
    "ddim": DDIMScheduler,
    "pndm": PNDMScheduler,
    "euler": EulerDiscreteScheduler,
    "dpmpp2m": DPMSolverMultistepScheduler,
}


class CrossAttention:
    """An attention processor that keeps the probabilities of one cross-attention site in `maps`."""

    def __init__(self, site, maps):
        self.site, self.maps = site, maps

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, **_):
        def heads(x):
            return x.unflatten(-1, (attn.heads, -1)).transpose(1, 2)

        q, k, v = attn.to_q(hidden_states), attn.to_k(encoder_hidden_states), attn.to_v(encoder_hidden_states)
        probs = torch.softmax(heads(q) @ heads(k).transpose(-1, -2) * attn.scale, dim=-1)
        self.maps[self.site] = probs
        out = (probs @ heads(v)).transpose(1, 2).flatten(-2)
        return attn.to_out[0](out)


def record_cross_attention(unet):
    """Has every cross-attention site leave its probabilities [B, heads, queries, tokens] in the returned dict."""
    maps = {}
    processors = dict(unet.attn_processors)
    for name in processors:
        site = name.removesuffix(".processor")
        if site.endswith("attn2"):
            processors[name] = CrossAttention(site, maps)
    unet.set_attn_processor(processors)
    return maps


def run_unet(models, x):
    sample = x["sample"].clone().requires_grad_()
    text = x["encoder_hidden_states"].clone().requires_grad_()
    maps = record_cross_attention(models.unet)
    y = models.unet(sample, x["timestep"], text).sample
    queries = (sample.shape[2] // 4) * (sample.shape[3] // 4)
    out = {"sample": y} | {f"attn.{site}": p for site, p in maps.items() if p.shape[2] == queries}
    out["grad.sample"], out["grad.encoder_hidden_states"] = torch.autograd.grad(y, [sample, text], x["cotangent"])
    return out


def run_vae_decode(models, x):
    latent = x["latent"].clone().requires_grad_()
    image = models.vae.decode(latent).sample
    (grad,) = torch.autograd.grad(image, latent, x["cotangent"])
    return {"image": image, "grad.latent": grad}


def run_vae_encode(models, x):
    moments = models.vae.encode(x["image"]).latent_dist.parameters
    mean, logvar = moments.chunk(2, dim=1)
    return {"mean": mean, "logvar": logvar}


def run_text(models, x):
    y = models.text(x["input_ids"].long())
    return {"last_hidden_state": y.last_hidden_state, "pooler_output": y.pooler_output}


def text_embeds(models, ids):
    """CLIP's projected text embedding, not normalised."""
    clip = models.clip
    return clip.text_projection(clip.text_model(ids).pooler_output)


def image_embeds(models, pixels):
    """CLIP's projected image embedding, not normalised."""
    clip = models.clip
    return clip.visual_projection(clip.vision_model(pixels).pooler_output)


def run_cliptext(models, x):
    return {"text_embeds": text_embeds(models, x["input_ids"].long())}


def run_image(models, x):
    pixels = x["pixel_values"].clone().requires_grad_()
    y = image_embeds(models, pixels)
    (grad,) = torch.autograd.grad(y, pixels, x["cotangent"])
    return {"image_embeds": y, "grad.pixel_values": grad}


def run_scheduler(models, x):
    out = {}
    for name, cls in SCHEDULERS.items():
        for steps in 20, 50, 100:
            scheduler = cls.from_config(models.scheduler_config)
            scheduler.set_timesteps(steps)
            sample = x["init"] * scheduler.init_noise_sigma
            for i, t in enumerate(scheduler.timesteps):
                scaled = scheduler.scale_model_input(sample, t)
                eps = 0.7 * torch.tanh(scaled) + 0.3 * (1 + 0.01 * i) * x["eps"]
                sample = scheduler.step(eps, t, sample).prev_sample
            out[f"{name}.{steps}.timesteps"] = scheduler.timesteps.float()
            out[f"{name}.{steps}.final"] = sample
    ddim = DDIMScheduler.from_config(models.scheduler_config)
    for t in 10, 500, 981:
        out[f"add_noise.{t}"] = ddim.add_noise(x["init"], x["eps"], torch.tensor([t]))
    return out


def run_rng(_models, _x):
    out = {}
    for seed in 0, 42, 1234567890123:
        for n in 4, 15, 16, 4096, 16384:
            out[f"mt19937.randn.{seed}.{n}"] = torch.randn(n, generator=torch.Generator().manual_seed(seed))
    return out


def run_txt2img(models, x):
    """A whole run of DDIM with guidance, from the noise to the picture."""
    text = models.text(x["input_ids"].long()).last_hidden_state
    negative_last = text.flip(0)  # [negative, prompt]
    scheduler = DDIMScheduler.from_config(models.scheduler_config)
    scheduler.set_timesteps(int(x["steps"]))
    z, out = x["noise"] * scheduler.init_noise_sigma, {}
    with torch.no_grad():
        for i, t in enumerate(scheduler.timesteps):
            noise = models.unet(z.repeat(2, 1, 1, 1), t, negative_last).sample
            z = scheduler.step(noise[:1] + x["guidance"] * (noise[1:] - noise[:1]), t, z).prev_sample
            out[f"latent.{i}"] = z
        out["image"] = models.vae.decode(z / models.vae.config.scaling_factor).sample
    return out


COMPONENTS = {
    "unet": run_unet,
    "vae-decode": run_vae_decode,
    "vae-encode": run_vae_encode,
    "text": run_text,
    "cliptext": run_cliptext,
    "image": run_image,
    "scheduler": run_scheduler,
    "rng": run_rng,
    "txt2img": run_txt2img,
}


def token_ids(tokenizer, text):
    """Ids of the text, padded or cut to the tokenizer's length, CLIP's where it does not know."""
    return tokenizer(text, padding="max_length", truncation=True, max_length=min(tokenizer.model_max_length, 77)).input_ids
