"""State dicts as torch.save writes them: pip install torch; python make.py

new.pth, old.pth and framed.pth hold the same tensors, in the zip archive, in the form before it, and with pickle protocol
4: numbers of several types, a parameter, a view within another tensor, one that is transposed, a scalar counter, one tensor
under two names, and attributes on the dictionary, as module.state_dict() has them. python2.pth has them as Python 2 wrote
dictionaries. module.pth has a whole module, checkpoint.pth a state dict among other things.
"""
import os
from collections import OrderedDict

import torch

HERE = os.path.dirname(os.path.abspath(__file__))


def numbers(*shape):
    """0, 0.5, 1, …, which every type holds."""
    n = 1
    for s in shape:
        n *= s
    return torch.arange(n).reshape(shape) / 2


def state():
    w = numbers(4, 3)
    d = OrderedDict(w=torch.nn.Parameter(w), part=w[1:3], half=numbers(5).half(), bf16=numbers(2, 2).bfloat16(), double=numbers(3).double(),
                    count=torch.tensor(7), turned=numbers(3, 2).t(), 
                    image=w.reshape(4, 3, 1, 1).to(memory_format=torch.channels_last))
    d["same"] = d["half"]
    d._metadata = OrderedDict({"": {"version": 1}})
    return d


class Python2(OrderedDict):
    def __reduce__(self):
        return OrderedDict, ([[k, v] for k, v in self.items()],)


def save(name, value, **how):
    torch.save(value, os.path.join(HERE, name), **how)


if __name__ == "__main__":
    save("new.pth", state())
    save("framed.pth", state(), pickle_protocol=4)
    save("old.pth", state(), _use_new_zipfile_serialization=False)
    save("python2.pth", Python2(state()), _use_new_zipfile_serialization=False)
    save("module.pth", torch.nn.Linear(2, 2))
    save("checkpoint.pth", {"state_dict": {"w": numbers(4, 3)}, "epoch": 3})
