"""Textual inversion as diffusers' example trains it: the text encoder, whose table of words alone has a gradient, and the
frozen UNet. AdamW moves the whole table, and what is no new word is put back after each step."""

WORDS = 4  # new ones, the last rows of the table


def checkpointing(models):
    """Activations are computed a second time, as the example's --gradient_checkpointing has it, which trains the UNet's
    blocks for that: they drop nothing out."""
    models["unet"].enable_gradient_checkpointing()
    models["unet"].train()
    models["text"].activation_checkpointing_enable()
    models["text"].train()


def run_inversion():
    """One step, of a latent that is at hand. What it keeps of the steps before is Adam's."""
    kept = {}

    def prepare(models):
        import torch

        text = models["text"].float()  # what is trained has float32, whatever the rest has
        table = text.get_input_embeddings().weight.requires_grad_(True)
        ids = torch.randint(0, len(table) - WORDS, (1, 77))
        ids[0, 5:5 + WORDS] = torch.arange(len(table) - WORDS, len(table))
        kept.update(ids=ids, table=table, before=table.detach().clone(), latent=torch.randn(1, 4, 64, 64), step=0,
                    optimizer=torch.optim.AdamW([table], lr=5e-4, betas=(0.9, 0.999), weight_decay=1e-2, eps=1e-8))

    def run(models):
        import torch

        if not kept:
            prepare(models)
        table, unet = kept["table"], models["unet"]
        kept["step"] += 1
        torch.manual_seed(kept["step"])
        noise = torch.randn_like(kept["latent"])
        noisy = 0.8 * kept["latent"] + 0.6 * noise
        half = torch.autocast(table.device.type, dtype=unet.dtype, enabled=unet.dtype != torch.float32)
        with half:
            text = models["text"](kept["ids"]).last_hidden_state.to(unet.dtype)
        predicted = unet(noisy, torch.tensor([500]), text).sample
        torch.nn.functional.mse_loss(predicted.float(), noise.float()).backward()
        kept["optimizer"].step()
        kept["optimizer"].zero_grad()
        others = torch.ones(len(table), dtype=torch.bool)
        others[-WORDS:] = False
        with torch.no_grad():
            table[others] = kept["before"][others]

    return run
