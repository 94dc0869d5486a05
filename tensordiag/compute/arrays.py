"""Arrays by name: which are needed, whether they fit their tensors, and the sizes that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..core.expressions import Expr, Tensor, walk
from ..dimension import Dimension, infer_sizes
from ..errors import DimensionError, ShapeError, UnknownTensorError, did_you_mean

__all__ = ["Array", "Binding", "as_float", "bind", "bind_sizes", "check_names", "known_tensors"]

Array: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Binding:
    """Checked arrays by tensor name and the sizes of the named dimensions."""

    arrays: dict[str, Array]
    sizes: dict[str, int]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type that all arrays promote to; float64 without arrays."""
        kinds = [array.dtype for array in self.arrays.values()]
        return np.result_type(*kinds) if kinds else np.dtype(np.float64)


def known_tensors(exprs: Iterable[Expr]) -> dict[str, Tensor]:
    """The tensors that occur in, or were declared with, any of the expressions, by name."""
    roots = list(exprs)
    known: dict[str, Tensor] = {}
    declared = {id(expr.declared): expr.declared for expr in roots}  # many results share one set
    occurring = (node for node in walk(*roots) if isinstance(node, Tensor))
    for group in (occurring, *declared.values()):
        for node in group:
            tensor = Tensor(node.name, node.dims, node.facts) if node.conjugate else node
            other = known.setdefault(tensor.name, tensor)
            if other.dims != tensor.dims:
                raise DimensionError(
                    f"the name {tensor.name} is used for two tensors: {other.signature} and "
                    f"{tensor.signature}; rename one"
                )
    return known


def as_float(name: str, value: Any) -> Array:
    """The value as a floating array: ints and bools become float64, float16 becomes float32."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ShapeError(f"what is given for {name} makes no array: {error}") from None
    kind = array.dtype.kind
    if kind in "fc" and array.dtype.itemsize > 2:
        plain = np.dtype(array.dtype.type)  # in this machine's byte order, and the one object that programs test for
        return array if array.dtype is plain else array.astype(plain)
    if kind in "biu":
        return array.astype(np.float64)
    if kind == "f":
        return array.astype(np.float32)
    raise ShapeError(f"the array for {name} holds {array.dtype}; numbers are needed")


def check_names(
    known: Mapping[str, Tensor], needed: Iterable[str], arrays: Mapping[str, Any] | None, named: Mapping[str, Any]
) -> dict[str, Any]:
    """All arrays by name, for which a tensor may stand.

    `UnknownTensorError` for a name that is unknown, given twice, or needed and missing.
    """
    if arrays is not None and not isinstance(arrays, Mapping):
        order = "by position" if isinstance(arrays, tuple) else f"as one {type(arrays).__name__}"
        names = ", ".join(f"{name}=…" for name in sorted(needed)[:3])
        raise ShapeError(f"arrays go by name, as keywords ({names}) or in one mapping, not {order}")
    given: dict[str, Any] = {key.name if isinstance(key, Tensor) else key: a for key, a in (arrays or {}).items()}
    for name, value in named.items():
        if name in given:
            raise UnknownTensorError(f"the array for {name} is given twice, in the mapping and as a keyword")
        given[name] = value
    for name in given:
        if name not in known:
            raise UnknownTensorError(f"there is no tensor {name!r} here{did_you_mean(str(name), known)}")
    for name in sorted(needed):
        if name not in given:
            raise UnknownTensorError(f"no array is given for {known[name].signature}; pass {name}=…")
    return given


def bind(
    known: Mapping[str, Tensor],
    needed: Iterable[str],
    arrays: Mapping[str, Any] | None,
    sizes: Mapping[str, int] | None,
    named: Mapping[str, Any],
) -> Binding:
    """Check arrays against the tensors of these names and infer the sizes of the named dimensions.

    Raises `UnknownTensorError` as `check_names`, `ShapeError` naming tensor, leg, dimension and both sizes where an
    array does not fit.
    """
    given = check_names(known, needed, arrays, named)
    checked = {name: as_float(name, value) for name, value in sorted(given.items())}
    return Binding(checked, bind_sizes(known, {name: a.shape for name, a in checked.items()}, sizes))


def bind_sizes(
    known: Mapping[str, Tensor], shapes: Mapping[str, Sequence[int]], sizes: Mapping[str, int] | None
) -> dict[str, int]:
    """The sizes of the named dimensions from the shapes of the tensors' arrays and from `sizes`."""
    pairs: dict[tuple[Dimension, int], tuple[Dimension, int, str]] = {}
    for name, shape in shapes.items():
        tensor = known[name]
        if len(shape) != tensor.order:
            raise ShapeError(
                f"the array for {tensor.signature} has {len(shape)} ax{'i' if len(shape) == 1 else 'e'}s "
                f"{tuple(shape)}, but the tensor has {tensor.order} leg{'s' * (tensor.order != 1)}"
            )
        for leg, (dim, size) in enumerate(zip(tensor.dims, shape, strict=True)):
            if (dim, size) not in pairs:  # where it is first seen says enough
                pairs[dim, size] = dim, size, f"leg {leg} of {tensor.signature}"
    start: dict[str, int] = {}
    for name, size in (sizes or {}).items():
        if isinstance(size, bool) or not hasattr(size, "__index__") or size.__index__() < 0:
            raise DimensionError(f"the size of {name} is a natural number, not {size!r}")
        start[name] = size.__index__()
    try:
        return infer_sizes(start, pairs.values())
    except DimensionError as error:
        raise ShapeError(str(error)) from None
