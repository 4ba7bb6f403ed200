r"""Residual networks with blocks in an RKHS, lifted: :math:`A = (\alpha I; 0)`, :math:`B = (0, I)`, control from zero.

The network itself, its exact discrete adjoint and gradient descent are in the other modules of this room.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from ....theory.activations.activation import activation
from ....theory.claims.system import system
from ...radial.kernel import radial_kernel
from ...studies.gram_model import GramModel
from ...studies.study import Study
from ...studies.workspace import Workspace
from .dot_product import DotProductInstance, activation_of
from .enclosed_numbers import enclosed_numbers
from .instance import ResNetInstance
from .witness import kernel_matrix_proof as proof

NAME = "resnet-rkhs"

__all__ = ["enclosed_numbers", "gram_model", "instance", "proof"]


def instance(name: str, study: Study, workspace: Workspace) -> ResNetInstance | DotProductInstance:
    """The network on the study's data with the kernel called ``name``: ``gaussian``, ``matern-5/2``, ``dual(erf)``, ...

    Raises :class:`SpecError` for a kernel that is not known, with a suggestion.
    """
    parameters = MappingProxyType({p.name: study.parameter(NAME, p.name) for p in system(NAME).parameters})
    inside = activation_of(name)
    if inside is not None:
        return DotProductInstance(NAME, activation(inside), study.data, parameters, study.budget, workspace)
    kernel = radial_kernel(name, parameters["scale"])
    return ResNetInstance(NAME, kernel, study.data, parameters, study.budget, workspace)


gram_model: Callable[[str, Study, Workspace], GramModel] = instance
"""It has a population Gram matrix; see :func:`~certigram.numerics.studies.networks.gram_model`."""
