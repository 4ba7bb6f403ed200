"""NNGP and tangent kernels of plain deep networks at the front door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .activations import ActivationHandle
from .api import PopulationGram, population
from .models import allowance, data_of, precision_bits, whole
from .numerics.balls.budget import Budget
from .numerics.balls.precision import undisturbed
from .numerics.deep.conventions import TangentConvention
from .numerics.deep.instance import DeepInstance
from .numerics.deep.network import MAX_DEPTH, deep_network
from .numerics.studies.data import DataSet
from .theory.numbers import Exact

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .numerics.kernels.ballmatrix import BallMatrix

Name = str | ActivationHandle


@undisturbed
def nngp(
    X: ArrayLike | DataSet | None = None,
    *,
    activation: Name | Sequence[Name],
    depth: int,
    sigma_w2: Exact | Sequence[Exact] = 1,
    sigma_b2: Exact | Sequence[Exact] = 0,
    input_gram: Sequence[Sequence[Exact]] | None = None,
    normalize: str | None = None,
    bits: int | None = None,
    budget: Budget | None = None,
) -> PopulationGram:
    r"""The NNGP kernel of a fully connected network with ``depth`` hidden layers, every entry enclosed.

    .. math:: \Sigma^1 = w_0\,\tfrac1d XX^T + b_0,\qquad \Sigma^{l+1} = w_l\,\mathbb E\,\phi_l(u)\phi_l(u)^T + b_l,
              \quad u \sim N(0, \Sigma^l),\qquad K = \Sigma^{L+1},

    the ``'nngp'`` kernel of ``stax.serial(Dense, phi, ..., Dense)``.

    Parameters
    ----------
    X: (n, d), rows are points, each number meant exactly (docs/data.md); or ``input_gram``, exact rationals
        :math:`\langle x_i, x_j\rangle/d`.
    activation: one for all hidden layers, or a list of ``depth``.
    sigma_w2, sigma_b2: the squares of ``W_std`` and ``b_std``, exact: one number, or ``depth + 1`` of them.
    normalize: None keeps the norms (as stax does); "sphere" rescales the points to norm sqrt(d).
    bits: None for float64 with a radius, or a precision for balls of that many digits.

    Raises :class:`SpecError` for unusable input or an activation that is not square-integrable. Proof:
    docs/theory/deep-networks.md.

    >>> K = nngp(input_gram=[["1", "1/2"], ["1/2", "1"]], activation="relu", depth=1, sigma_w2=["1", "2"], bits=64)
    >>> print(K.ball(0, 1))  # (sqrt(3)/2 + pi/3)/pi
    [0.6089977810442293580889965825 ± 2.76e-29]
    """
    bits = None if bits is None else precision_bits(bits)
    model = _model(X, activation, depth, sigma_w2, sigma_b2, input_gram, normalize, bits, budget, None)
    return population(model, bits)


@undisturbed
def ntk(
    X: ArrayLike | DataSet | None = None,
    *,
    activation: Name | Sequence[Name],
    depth: int,
    sigma_w2: Exact | Sequence[Exact] = 1,
    sigma_b2: Exact | Sequence[Exact] = 0,
    convention: str = "pre-activation",
    input_gram: Sequence[Sequence[Exact]] | None = None,
    normalize: str | None = None,
    bits: int | None = None,
    budget: Budget | None = None,
) -> PopulationGram:
    r"""The neural tangent kernel of the same network; "NTK" means four different kernels, told apart by name.

    .. math:: \Theta^1 = \Sigma^1,\qquad
              \Theta^{l+1} = \Sigma^{l+1} + w_l\,\Theta^l \circ \mathbb E\,\phi_l'(u)\phi_l'(u)^T,\qquad
              K = \Theta^{L+1}

    for ``convention="pre-activation"``, the ``'ntk'`` kernel of stax with ``parameterization='ntk'``. The others are
    ``"readout"``, ``"implicit"`` and ``"standard"``: a last layer of weight variance 1 without bias (so lists of
    variances have ``depth`` entries), see docs/ntk-conventions.md. Other parameters as :func:`nngp`.

    Raises :class:`DerivationGap` for an activation that is not proved continuous: its tangent kernel may be infinite.

    >>> K = ntk([[1.0, 0.0], [0.0, 1.0]], activation="erf", depth=3, sigma_w2="9/4", sigma_b2="1/100")
    >>> bool(K.rad < 1e-14), K.instance.system, K.instance.parameters["convention"]
    (True, 'ntk', 'pre-activation')
    """
    chosen = TangentConvention.named(convention)
    bits = None if bits is None else precision_bits(bits)
    model = _model(X, activation, depth, sigma_w2, sigma_b2, input_gram, normalize, bits, budget, chosen)
    return population(model, bits)


@undisturbed
def nngp_and_ntk(
    X: ArrayLike | DataSet,
    *,
    activation: Name | Sequence[Name],
    depth: int,
    sigma_w2: Exact | Sequence[Exact] = 1,
    sigma_b2: Exact | Sequence[Exact] = 0,
    normalize: str | None = None,
    budget: Budget | None = None,
) -> tuple[BallMatrix, BallMatrix]:
    """Both matrices in float64 with radii for the price of little more than one; the tangent kernel is stax's.

    >>> K, T = nngp_and_ntk([[1.0, 0.0], [0.0, 1.0]], activation="relu", depth=2, sigma_w2=2)
    >>> K.ball(0, 0).contains(1), T.ball(0, 0).contains(3)
    (True, True)
    """
    model = _model(
        X, activation, depth, sigma_w2, sigma_b2, None, normalize, None, budget, TangentConvention.PREACTIVATION
    )
    return model.nngp, model.gram


def _model(
    X: ArrayLike | DataSet | None,
    activation: Name | Sequence[Name],
    depth: int,
    sigma_w2: Exact | Sequence[Exact],
    sigma_b2: Exact | Sequence[Exact],
    input_gram: Sequence[Sequence[Exact]] | None,
    normalize: str | None,
    bits: int | None,
    budget: Budget | None,
    convention: TangentConvention | None,
) -> DeepInstance:
    allowed = allowance("deep network", budget, bits)
    data = data_of("deep network", X, input_gram, normalize, normalize)
    network = deep_network(
        _exact(activation),
        whole(depth, "depth", 1, MAX_DEPTH),
        sigma_w2=sigma_w2,
        sigma_b2=sigma_b2,
        convention=convention or TangentConvention.PREACTIVATION,
    )
    model = DeepInstance(network, data, convention, allowed)
    model.require_square_integrable()
    return model


def _exact(activation: Name | Sequence[Name]) -> Any:
    if isinstance(activation, (str, ActivationHandle)):
        return activation.exact if isinstance(activation, ActivationHandle) else activation
    return [_exact(a) for a in activation] if isinstance(activation, (list, tuple)) else activation
