"""AnomalyAny ("Unseen Visual Anomaly Generation", CVPR 2025, arXiv 2406.01078), preset `paper`, in plain PyTorch.

`released.py` has the preset `released`.
"""

import json
import math

import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler

from .components import image_embeds, record_cross_attention, text_embeds, token_ids

CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073]
CLIP_STD = [0.26862954, 0.26130258, 0.27577711]
DEFAULTS = {"gamma": 0.25, "lam": 20.0, "mu": 1.0, "eta_e": 0.02, "guidance": 7.5}


class Run:
    """One picture: image [1,3,H,W] in [-1,1], noise [1,4,h,w], mask [1,1,H,W] with 1 = may change."""

    def __init__(self, models, config, x):
        self.models, self.c, self.x = models, DEFAULTS | config, x
        for model in models.unet, models.vae, models.text, models.clip:
            model.requires_grad_(False)
        self.maps = record_cross_attention(models.unet)
        self.factor = 2 ** (len(models.vae.config.block_out_channels) - 1)
        self.scaling = models.vae.config.scaling_factor
        self.h, self.w = (n // self.factor for n in x["image"].shape[2:])
        self.map_shape = self.h // 4, self.w // 4
        self.m_z = (F.avg_pool2d(x["mask"], self.factor) >= 0.5).float()
        self.m_a = (F.avg_pool2d(x["mask"], 4 * self.factor) >= 0.5).float()[0, 0]
        if not self.m_a.any():
            raise ValueError("the mask is empty at the size of the attention map")
        self.tokens = word_positions(models.tokenizer, self.c["prompt"], self.c["word"])
        self.mean, self.std = clip_normalisation(models.clip_root / "preprocessor_config.json")

    def embed(self, prompt):
        ids = torch.tensor([token_ids(self.models.tokenizer, prompt)])
        return self.models.text(ids).last_hidden_state

    def anomaly_attention(self, z, e, t):
        """Runs the UNet with e; L_att, and the smoothed, masked map [h/4, w/4] it was taken from."""
        self.models.unet(z, t, e)
        queries = math.prod(self.map_shape)
        maps = torch.stack([p[0] for p in self.maps.values() if p.shape[2] == queries])
        tokens = torch.softmax(100 * maps.mean(dim=(0, 1))[:, 1:76], dim=-1)
        each = [self.smooth(tokens[:, j - 1].view(self.map_shape)) * self.m_a for j in self.tokens]
        losses = torch.stack([(1 - a.max()).clamp(min=0) for a in each])
        return losses.max(), each[int(losses.argmax())].detach()

    def smooth(self, a, sigma=0.5):
        g = torch.exp(-torch.tensor([-1.0, 0.0, 1.0]) ** 2 / (2 * sigma**2))
        kernel = torch.outer(g, g) / torch.outer(g, g).sum()
        return F.conv2d(F.pad(a[None, None], (1, 1, 1, 1), mode="reflect"), kernel[None, None])[0, 0]

    def image_loss(self, z, target):
        """1 - cos of CLIP's embeddings of the decoded latent and of the detailed prompt."""
        picture = self.models.vae.decode(z / self.scaling).sample / 2 + 0.5
        size = self.models.clip.config.vision_config.image_size
        picture = F.interpolate(picture, (size, size), mode="bicubic", align_corners=False, antialias=True)
        embed = image_embeds(self.models, (picture - self.mean) / self.std)
        return 1 - F.cosine_similarity(embed, target).squeeze()

    def denoise(self, z, e, negative, t):
        eps_e = self.models.unet(z, t, e).sample
        eps_0 = self.models.unet(z, t, negative).sample
        return eps_0 + self.c["guidance"] * (eps_e - eps_0)

    def run(self):
        """Returns the tensors of the reference, a latent per step among them, and the trace."""
        c, x = self.c, self.x
        scheduler = DDIMScheduler.from_config(
            self.models.scheduler_config, timestep_spacing="leading", steps_offset=1, set_alpha_to_one=False)
        scheduler.set_timesteps(c["T"])
        skipped = math.floor(c["gamma"] * c["T"])
        timesteps = scheduler.timesteps[skipped:]
        steps = len(timesteps)

        with torch.no_grad():
            z_normal = self.scaling * self.models.vae.encode(x["image"]).latent_dist.mean
            e, detailed, negative = (self.embed(p) for p in (c["prompt"], c["detailed"], ""))
            target = text_embeds(self.models, torch.tensor([token_ids(self.models.clip_tokenizer, c["detailed"])]))
        z = scheduler.add_noise(z_normal, x["noise"], timesteps[:1])
        out, trace, shown, n_start = {}, [], [], None
        for i, t in enumerate(timesteps):
            remaining = steps - i
            # 1. the anomaly's attention
            z, e = z.detach().requires_grad_(), e.detach().requires_grad_()
            loss, a = self.anomaly_attention(z, e, t)
            n = int((a >= a.mean()).sum())
            n_start = n_start or max(n, 1)
            alpha = c["lam"] * (1 + remaining / c["T"]) * n / n_start
            grad_z, grad_e = torch.autograd.grad(loss, [z, e])
            g = alpha * grad_z
            step = {"i": i, "t": int(t), "L_att": loss.item(), "n": n, "alpha": alpha}
            shown.append(a / a.max() if a.max() > 0 else a)
            # 2. refinement by CLIP and by the detailed prompt
            if remaining <= c["R"]:
                l_img = self.image_loss(z, target)
                (grad_img,) = torch.autograd.grad(l_img, z)
                l_prompt = 1 - F.cosine_similarity(e, detailed, dim=-1).mean()
                (grad_prompt,) = torch.autograd.grad(l_prompt, e)
                step |= {"L_img": l_img.item(), "L_prompt": l_prompt.item(), "grad_img": grad_img.norm().item()}
                g = g + c["mu"] * grad_img
                e = e - c["eta_e"] * (alpha * grad_e + grad_prompt)
            # 3. to 5. the update, the scheduler's step, the mask
            with torch.no_grad():
                z = z - g
                z = scheduler.step(self.denoise(z, e, negative, t), t, z).prev_sample
                if not bool(x["mask"].all()):
                    last = i == steps - 1
                    kept = z_normal if last else scheduler.add_noise(z_normal, x["noise"], timesteps[i + 1 : i + 2])
                    z = self.m_z * z + (1 - self.m_z) * kept
            step["grad"] = g.norm().item()
            trace.append(step)
            out[f"latent.{i}"] = z
        with torch.no_grad():
            out["image"] = self.models.vae.decode(z / self.scaling).sample
        window = c["R"] if c["R"] > 0 else math.floor(0.3 * c["T"])
        soft = torch.stack(shown[-window:]).mean(dim=0)
        out["soft_map"] = F.interpolate(soft[None, None], x["image"].shape[2:], mode="bilinear", align_corners=False)
        out["embedding"] = e
        return {k: v.detach() for k, v in out.items()}, {"token_indices": self.tokens, "steps": trace}


def word_positions(tokenizer, prompt, word):
    """Positions in the prompt's ids of all tokens of the word."""
    ids, wanted = token_ids(tokenizer, prompt), tokenizer(word, add_special_tokens=False).input_ids
    found = [i + j for i in range(len(ids)) if ids[i : i + len(wanted)] == wanted for j in range(len(wanted))]
    if not found:
        raise ValueError(f"{word!r} is not in the prompt {prompt!r}")
    return found


def clip_normalisation(path):
    """Mean and standard deviation of CLIP's pictures, [1,3,1,1] each."""
    config = json.loads(path.read_text()) if path.exists() else {}
    mean, std = config.get("image_mean", CLIP_MEAN), config.get("image_std", CLIP_STD)
    return torch.tensor(mean).view(1, 3, 1, 1), torch.tensor(std).view(1, 3, 1, 1)
