"""A model as an ONNX file, for programs without PyTorch: latents, classes and truncation go in, images come out.

| input | shape | what it is |
|---|---|---|
| latents | float32 [N, latent_dim] | standard normal numbers |
| classes | float32 [N, classes] | 1 at the class asked for, or weights of several; a conditional model's alone |
| truncation | float32 [] | the `threshold` of `latents.truncate`, in standard deviations; infinity is off |

The output `images` is float32 [N, C, H, W] in [-1, 1]. N is free.
"""

import json
import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from gan_core.datasets.table import dataset_name
from gan_core.errors import WorkbenchError
from gan_core.latents import latents as normal_latents
from gan_core.takeaway.packages import refuse_without_packages

if TYPE_CHECKING:
    from onnx import ModelProto

    from gan_core.sampling import Model

OPSET = 18
"""Of the operators: what every runtime since 2023 knows."""
FARTHEST = 1e-3
"""The most by which a number of an image may differ from what the model itself draws: an eighth of a grey level. The
presets' differ by less than 1e-4 (the tests)."""
BITS = (32, 16, 8)
"""In which the file may hold a weight."""
FEWEST = 1_000
"""Tensors with fewer numbers take no room and stay exact, and so do biases and scales."""


def export(model: "Model", bits: int = 32) -> bytes:
    """The file's content, checked by drawing some pictures with onnxruntime.

    Args:
        bits: of a weight, one of BITS. It is computed with in 32. With 16 the file is half as large, and no grey level
            is off by more than one or two. With 8 it is a quarter, and they are off by one on average, ten here and
            there.

    Raises WorkbenchError if the packages that it takes are not installed, or it draws other pictures than the model.
    """
    refuse_without_packages()
    drawing = drawing_of(model).eval()
    inputs = drawing.example()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about what nobody here could change
        exported = torch.onnx.export(
            drawing,
            tuple(inputs.values()),
            dynamo=True,
            external_data=False,
            verbose=False,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=["images"],
            dynamic_shapes=[{0: "N"} if value.dim() else None for value in inputs.values()],
        )
    assert exported is not None  # it would be without dynamo
    file = exported.model_proto
    _describe(file, model)
    content = file.SerializeToString()
    _check(content, drawing)
    if bits == 32:
        return content
    _narrow(file, bits)
    return file.SerializeToString()


class Drawing(nn.Module):
    """What the file of a conditional model computes."""

    def __init__(self, model: "Model"):
        super().__init__()
        self.generator = model.generator
        self.latent_dim, self.classes = model.metadata.config.latent_dim, len(model.classes)

    def forward(self, latents: Tensor, classes: Tensor, truncation: Tensor) -> Tensor:
        return self.generator(squeezed(latents, truncation), classes)

    def example(self, count: int = 3, truncation: float = 1.5) -> dict[str, Tensor]:
        """Some inputs by their names."""
        inputs = {"latents": normal_latents(count, self.latent_dim, seed=0)}
        if self.classes:
            inputs["classes"] = torch.eye(self.classes)[torch.arange(count) % self.classes]
        return inputs | {"truncation": torch.tensor(truncation)}


class UnconditionalDrawing(Drawing):
    """The same of a model that knows no classes."""

    def forward(self, latents: Tensor, truncation: Tensor) -> Tensor:  # type: ignore[override]  # one input less
        nothing = torch.zeros_like(latents[:, 0], dtype=torch.int64)
        return self.generator(squeezed(latents, truncation), nothing)


def drawing_of(model: "Model") -> Drawing:
    return Drawing(model) if model.classes else UnconditionalDrawing(model)


def squeezed(normal: Tensor, threshold: Tensor) -> Tensor:
    """`latents.truncate` in float32 and operators of ONNX, which has neither Phi nor its inverse: within 1e-5 of it."""
    below = tail(threshold)
    return torch.minimum(quantile(below + tail(normal.abs()) * (1 - 2 * below)), threshold) * normal.sign()


def tail(x: Tensor) -> Tensor:
    """Phi(-x) of x >= 0, with all its digits far out too: erfc(x / sqrt(2)) / 2 (Press et al. 1992, section 6.2)."""
    z = x / math.sqrt(2)
    t = 1 / (1 + z / 2)
    series = (
        -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806,
        0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277,
    )  # fmt: skip
    return t / 2 * torch.exp(polynomial(series, t) - z * z)


def quantile(p: Tensor) -> Tensor:
    """-Phi^-1(p) of p in [1e-11, 1/2], at least 0: PPND7 of Wichura 1988 (algorithm AS 241)."""
    q = 0.5 - p
    r = 0.180625 - q * q
    middle = q * polynomial((3.3871327179, 50.434271938, 159.29113202, 59.109374720), r)
    middle = middle / polynomial((1.0, 17.895169469, 78.757757664, 67.187563600), r)
    r = torch.sqrt(-torch.log(p)) - 1.6
    outside = polynomial((1.4234372777, 2.7568153900, 1.3067284816, 0.17023821103), r)
    outside = outside / polynomial((1.0, 0.73700164250, 0.12021132975), r)
    return torch.where(q <= 0.425, middle, outside).clamp(min=0)


def polynomial(coefficients: tuple[float, ...], x: Tensor) -> Tensor:
    """c0 + c1 x + c2 x^2 + ..."""
    total = torch.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = total * x + coefficient
    return total


def _describe(file: "ModelProto", model: "Model") -> None:
    metadata = model.metadata
    file.producer_name = "GAN Workbench"
    file.graph.name = metadata.name
    file.doc_string = __doc__ or ""
    for name, value in {
        "name": metadata.name,
        "classes": json.dumps(model.classes, ensure_ascii=False),
        "dataset": dataset_name(metadata.config.dataset),
        "step": str(metadata.step),
        "weights": model.weights,
    }.items():
        entry = file.metadata_props.add()
        entry.key, entry.value = name, value
    # What the exporter notes of the source is of no use to others, and names this machine's folders.
    del file.graph.value_info[:]
    for part in (*file.graph.node, *file.graph.input, *file.graph.output, *file.graph.initializer, file.graph):
        del part.metadata_props[:]
        part.doc_string = ""


def _check(content: bytes, drawing: Drawing) -> None:
    """Raises WorkbenchError if onnxruntime draws other pictures than the model."""
    inputs = drawing.example(count=4, truncation=2.5)
    with torch.no_grad():
        expected = drawing(*inputs.values()).numpy()
    farthest = float(abs(run(content, inputs) - expected).max())
    if not farthest <= FARTHEST:
        raise WorkbenchError(
            "The ONNX file would draw other pictures than the model (by {farthest:.2g}); use the model's own file.",
            farthest=farthest,
        )


def run(content: bytes, inputs: dict[str, Tensor]) -> Any:
    """The images that an ONNX file draws by these inputs, as an array [N, C, H, W]."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return session.run(["images"], {name: value.numpy() for name, value in inputs.items()})[0]


def _narrow(file: "ModelProto", bits: int) -> None:
    """Keep large weights in so many bits. A runtime computes the nodes that widen them once, when it loads the file."""
    from onnx import TensorProto, helper, numpy_helper

    nodes = []
    for tensor in list(file.graph.initializer):
        if tensor.data_type == TensorProto.FLOAT and len(tensor.dims) > 1 and math.prod(tensor.dims) >= FEWEST:
            name = tensor.name
            narrow, scale = _narrowed(numpy_helper.to_array(tensor), bits)
            tensor.CopyFrom(numpy_helper.from_array(narrow, f"{name}.narrow"))
            file.graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
            nodes += [
                helper.make_node("Cast", [f"{name}.narrow"], [f"{name}.wide"], to=TensorProto.FLOAT),
                helper.make_node("Mul", [f"{name}.wide", f"{name}.scale"], [name]),
            ]
    nodes += file.graph.node
    del file.graph.node[:]
    file.graph.node.extend(nodes)


def _narrowed(weights: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights in 16 or 8 bits, and the scale that they are to be multiplied with; of 8 one for each row."""
    if bits == 16:
        return weights.astype(np.float16), np.ones((), np.float32)
    largest = np.abs(weights).max(axis=tuple(range(1, weights.ndim)), keepdims=True)
    scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    return np.round(weights / scale).astype(np.int8), scale
