"""certigram: certified Gram matrices of neural-network kernels.

The whole public face; everything is imported at its first use, so that ``import certigram`` costs next to nothing.

>>> import certigram as cg
>>> print(cg.activation("tanh").dual("1.3", "0.7", "-0.4", bits=53))
[-0.1509197641091417 ± 3.53e-17]
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if not os.path.isdir(os.path.join(__path__[0], "theory")):  # a checkout that was not installed
    __path__.append(os.path.dirname(__path__[0]))

from .theory.version import __version__

if TYPE_CHECKING:
    from .activations import ActivationHandle, activation
    from .api import (
        PopulationGram,
        certify,
        check,
        falsify,
        least_eigenvalue,
        population_gram,
        verify,
    )
    from .deep import nngp, nngp_and_ntk, ntk
    from .derivations import DerivationHandle, derive
    from .descent import sgd_plan
    from .finite_width import least_width, width_gap
    from .kernels import Kernel, kernel
    from .large import certify_large
    from .layers import Network, network
    from .numerics.balls.ball import Ball
    from .numerics.balls.budget import Budget
    from .numerics.balls.enclosure import Enclosure
    from .numerics.certificates.certificate import Certificate
    from .numerics.kernels.ballarray import BallArray
    from .numerics.kernels.ballmatrix import BallMatrix
    from .own_matrix import diagnose, least_jitter
    from .prediction import Classification, Prediction, classify, log_marginal_likelihood, predict
    from .theory.claims.system import System, system, systems
    from .theory.errors import CertigramError, DerivationGap, PrecisionExhausted, SpecError
    from .theory.verdict import Evidence, Verdict

_WHERE = {
    ".activations": "ActivationHandle activation",
    ".api": "PopulationGram certify check falsify least_eigenvalue population_gram verify",
    ".large": "certify_large",
    ".own_matrix": "diagnose least_jitter",
    ".deep": "nngp nngp_and_ntk ntk",
    ".descent": "sgd_plan",
    ".derivations": "DerivationHandle derive",
    ".finite_width": "least_width width_gap",
    ".kernels": "Kernel kernel",
    ".layers": "Network network",
    ".prediction": "Classification Prediction classify log_marginal_likelihood predict",
    ".numerics.balls.ball": "Ball",
    ".numerics.kernels.ballarray": "BallArray",
    ".numerics.kernels.ballmatrix": "BallMatrix",
    ".numerics.balls.budget": "Budget",
    ".numerics.certificates.certificate": "Certificate",
    ".numerics.balls.enclosure": "Enclosure",
    ".theory.errors": "CertigramError DerivationGap PrecisionExhausted SpecError",
    ".theory.claims.system": "System system systems",
    ".theory.verdict": "Evidence Verdict",
}
_MODULE = {name: module for module, names in _WHERE.items() for name in names.split()}

__all__ = [
    "ActivationHandle",
    "Ball",
    "BallArray",
    "BallMatrix",
    "Budget",
    "Certificate",
    "CertigramError",
    "Classification",
    "DerivationGap",
    "DerivationHandle",
    "Enclosure",
    "Evidence",
    "Kernel",
    "Network",
    "PopulationGram",
    "PrecisionExhausted",
    "Prediction",
    "SpecError",
    "System",
    "Verdict",
    "__version__",
    "activation",
    "certify",
    "certify_large",
    "check",
    "classify",
    "derive",
    "diagnose",
    "falsify",
    "kernel",
    "least_eigenvalue",
    "least_jitter",
    "least_width",
    "log_marginal_likelihood",
    "network",
    "nngp",
    "nngp_and_ntk",
    "ntk",
    "population_gram",
    "predict",
    "sgd_plan",
    "system",
    "systems",
    "verify",
    "width_gap",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(_MODULE[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
