"""AnomalyAny, preset `released`: what the published code computes, quirks included, in plain PyTorch."""

import math

import numpy
import torch
import torch.nn.functional as F
from diffusers import PNDMScheduler
from PIL import Image

from . import anomalyany
from .components import image_embeds, text_embeds, token_ids

DEFAULTS = {"preset": "released", "guidance": 12.5, "scale": 50.0}


class Run(anomalyany.Run):
    """One picture; the input has encoder_noise [1,4,h,w] and fresh_noise [N+1,4,h,w] besides those of `paper`.

    Embeddings are pairs of rows [2,77,d]: the negative prompt and another.
    """

    def __init__(self, models, config, x):
        super().__init__(models, DEFAULTS | config, x)
        pixels = Image.fromarray((x["mask"][0, 0].numpy() * 255).astype(numpy.uint8))
        nearest = numpy.array(pixels.resize((self.w, self.h), Image.NEAREST))
        self.m_z = torch.from_numpy(nearest != 0).float()
        negative = self.embed("")
        self.E, self.E_detailed, self.M = (
            torch.cat([negative, self.embed(self.c[key])]).detach() for key in ("prompt", "detailed", "normal"))
        target = text_embeds(models, torch.tensor([token_ids(models.clip_tokenizer, self.c["detailed"])]))
        self.target = F.normalize(target, dim=-1)

    def smooth(self, a, sigma=0.5):
        g = torch.exp(-((torch.tensor([-1.0, 0.0, 1.0]) / (2 * sigma)) ** 2))
        kernel = torch.outer(g, g) / torch.outer(g, g).sum()
        return F.conv2d(F.pad(a[None, None], (1, 1, 1, 1), mode="reflect"), kernel[None, None])[0, 0]

    def start_embedding(self, updates=20, rate=0.1):
        """E with the anomaly's tokens moved towards the detailed prompt."""
        p = self.E[:, self.tokens].clone()
        direction = (self.E_detailed.mean(0) - self.M.mean(0))[None]
        for _ in range(updates):
            p.requires_grad_()
            difference = p.mean(0) - self.M[:, self.tokens].mean(0)
            losses = [1 - F.cosine_similarity(d.expand_as(direction), direction, dim=1).mean() for d in difference]
            (grad,) = torch.autograd.grad(torch.stack(losses).mean(), p)
            p = (p - rate * grad).detach()
        e = self.E.clone()
        e[:, self.tokens] = p
        return e

    def attention(self, z, e, t):
        """Runs the UNet; L_att, the last token's map [h/4,w/4] and the output."""
        out = self.models.unet(z.expand(len(e), -1, -1, -1), t, e).sample
        queries = math.prod(self.map_shape)
        maps = torch.stack([p for p in self.maps.values() if p.shape[2] == queries]).mean(dim=(0, 1, 2))
        tokens = torch.softmax(100 * maps[:, 1:76], dim=-1)
        each = [self.smooth(tokens[:, j - 1].view(self.map_shape)) for j in self.tokens]
        loss = torch.stack([(1 - a.max()).clamp(min=0) for a in each]).max()
        return loss, each[-1].detach(), out

    def picture_loss(self, z):
        picture = (self.models.vae.decode(z / self.scaling).sample / 2 + 0.5).clamp(0, 1)
        size = self.models.clip.config.vision_config.image_size
        picture = F.interpolate(picture, (size, size), mode="bicubic", align_corners=False)
        embed = F.normalize(image_embeds(self.models, (picture - self.mean) / self.std), dim=-1)
        return 1 - (self.models.clip.logit_scale.exp() * embed @ self.target.T).squeeze() / 100

    def update(self, z, e, t, i):
        """One of the ten updates of a step: z and E down the losses, the map and the losses."""
        s = max(1e-4, 0.02 - 1e-4 * i)
        z, e = z.detach().requires_grad_(), e.detach().requires_grad_()
        l_img = self.picture_loss(z) if i > 0.7 * self.c["N"] else torch.zeros(())
        l_att, a, _ = self.attention(z, e[1:], t)
        loss = 0.1 * l_img + 0.5 * (i / self.c["N"]) * l_att
        likeness = F.cosine_similarity(e, self.E_detailed, dim=1).mean()
        (grad_z,) = torch.autograd.grad(loss, z, retain_graph=True)
        (grad_e,) = torch.autograd.grad(loss + 1 - likeness, e)
        return (z - 2 * s * grad_z).detach(), (e - s * grad_e).detach(), a, l_att.item(), l_img.item()

    def optimise_early(self, z, e, t, scales):
        for scale in scales:
            z = z.detach().requires_grad_()
            loss, _, _ = self.attention(z, e[1:], t)
            (grad,) = torch.autograd.grad(loss, z)
            z = (z - scale * grad).detach()
        return z, loss.item()

    def run(self):
        """Returns the tensors of the reference, a latent per step among them, and the trace."""
        c, x = self.c, self.x
        scheduler = PNDMScheduler.from_config(
            self.models.scheduler_config, timestep_spacing="leading", steps_offset=1, skip_prk_steps=True,
            set_alpha_to_one=False)
        scheduler.set_timesteps(c["T"])
        timesteps = scheduler.timesteps[c["T"] - c["N"] :]
        with torch.no_grad():
            latents = self.models.vae.encode(x["image"]).latent_dist
            z_normal = self.scaling * (latents.mean + latents.std * x["encoder_noise"])
        e = self.start_embedding()
        z = scheduler.add_noise(z_normal, x["noise"], timesteps[:1])
        out, trace, shown, early = {"embedding_start": e}, [], [], True
        for i, t in enumerate(timesteps):
            with torch.no_grad():
                _, a, _ = self.attention(z, e, t)
            counts = []
            for _ in range(10):
                share = a / a.max()
                counts.append(int((share >= share.mean()).sum()))
                early = early and not 10 < counts[-1] < 50
                z, e, a, l_att, l_img = self.update(z, e, t, i)
            step = {"i": i, "t": int(t), "n": counts, "L_att": l_att, "L_img": l_img, "early": early}
            if i > 0.7 * c["N"]:
                shown.append(a / a.max())
            if i == 0 and early and l_att > 1 - 0.05:
                scale = c["scale"]
                z, step["early_L_att"] = self.optimise_early(z, e, t, [scale * math.sqrt(0.1)] * 5 + [scale])
            with torch.no_grad():
                _, _, noise = self.attention(z, e, t)
                noise = noise[:1] + c["guidance"] * (noise[1:] - noise[:1])
                z = scheduler.step(noise, t, z).prev_sample
                if not bool(x["mask"].all()):
                    kept = scheduler.add_noise(z_normal, x["fresh_noise"][i : i + 1], t[None])
                    z = self.m_z * z + (1 - self.m_z) * kept
            trace.append(step)
            out[f"latent.{i}"] = z
        with torch.no_grad():
            out["image"] = (self.models.vae.decode(z / self.scaling).sample / 2 + 0.5).clamp(0, 1)
        soft = torch.stack(shown).mean(dim=0)
        out["soft_map"] = F.interpolate(soft[None, None], x["image"].shape[2:], mode="bilinear", align_corners=False)
        out["embedding"] = e
        return {k: v.detach() for k, v in out.items()}, {"token_indices": self.tokens, "steps": trace}
