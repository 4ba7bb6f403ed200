"""What kernels that are made by name share: their parameters, read once, and how they are written."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Self

from ...theory.activations.activation import Activation
from ...theory.errors import SpecError
from ...theory.printable import shown
from ...theory.suggestion import suggestion
from ..eigenvalues.nullspace import NullVector, RankBound, null_vector_from_pairs
from ..kernels.parallel import duplicate_pairs, parallel_pairs
from ..studies.data import DataSet
from .covariance import Covariance


class Leaf(Covariance):
    """A kernel with a name; subclasses are frozen dataclasses that say how it is made."""

    __slots__ = ()

    @classmethod
    @abstractmethod
    def make(cls, name: str, given: Mapping[str, Any]) -> Self:
        """The kernel with this name and these parameters; :class:`SpecError` for those that it does not have."""

    def changed(self, changes: Mapping[str, object]) -> Self:
        """The same with other parameters."""
        return type(self).make(self.name, {**self.parameters, **changes})

    def singular(self, data: DataSet) -> NullVector | RankBound | None:
        """Two points that are one: whatever the kernel, two rows agree."""
        return repeated(data)

    def __str__(self) -> str:
        inside = "".join(f", {key}={written(value)!r}" for key, value in self.parameters.items())
        return f"kernel({self.name!r}{inside})"


_STANDARD_DEVIATIONS = {
    key: f" That is a standard deviation: give its square as {variance} (conventions: docs/ntk-conventions.md)."
    for variance, names in {"sigma_w2": ("W_std", "sigma_w"), "sigma_b2": ("b_std", "sigma_b")}.items()
    for key in names
}
"""What other packages name otherwise."""


def take(name: str, given: Mapping[str, Any], **defaults: Any) -> dict[str, Any]:
    """The parameters of a kernel, those that are not given by default; a default of ``...`` has to be given.

    >>> take("gaussian", {"scal": 1}, scale=1)
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: kernel: gaussian has no parameter 'scal'. Did you mean scale?
    """
    for key in given:
        if key not in defaults:
            known = f" It has none: kernel({name!r})." if not defaults else suggestion(str(key), list(defaults))
            known = _STANDARD_DEVIATIONS.get(str(key), known) if "sigma_w2" in defaults else known
            raise SpecError(f"kernel: {name} has no parameter {shown(key)}." + known)
    values = {**defaults, **given}
    for key, value in values.items():
        if value is ...:
            raise SpecError(f"kernel: {name} needs the parameter {key}: give it, as in kernel({name!r}, {key}=...).")
    return values


def written(value: object) -> Any:
    """A parameter as the front door takes it, and as JSON data.

    >>> written((Fraction(9, 4), Fraction(1)))
    ['9/4', 1]
    """
    if isinstance(value, tuple):
        return [written(x) for x in value]
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else str(value)
    return value.name if isinstance(value, Activation) else value


def repeated(data: DataSet) -> NullVector | None:
    """The null vector of two equal points, decided exactly; on the sphere, of two that point the same way.

    >>> from ..studies.given import given_data
    >>> repeated(given_data([[1, 2], [2, 4]], None)), repeated(given_data([[1, 2], [2, 4]], "sphere")).support
    (None, (0, 1))
    """
    if data.points is None:
        return None
    if data.normalize == "sphere":
        pairs = [(i, j, 1) for i, j, sign in parallel_pairs(data.points) if sign > 0]
    else:
        pairs = [(i, j, 1) for i, j in duplicate_pairs(data.points)]
    return null_vector_from_pairs(pairs, data.n, odd=False)
