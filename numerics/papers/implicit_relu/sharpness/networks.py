r"""Implicit networks of one to three units, exactly: equilibrium, resolvent and gradients (A06, A07, A15).

A network of exact float64 numbers has the equilibrium :math:`z=(I-\tilde\gamma DA)^{-1}D\varphi` where the sign
pattern D, found in floats, is the one that this z has, which is decided in balls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb, arb_mat

from ....balls.ball import enclose
from ....balls.budget import Budget
from ....balls.ends import nonnegative, upper_float
from ....checks.trajectories import Bounds
from ....falsify.bound import Sides, bound
from ....falsify.domain import Domain, Finite, Instance, Outside, Real
from ....falsify.quotients import least_at_most
from ..convergence import DISPLACEMENTS
from ..network import Network, Parameters
from ..tangent import least_feature_eigenvalue

PAPER, MODULE = "implicit-relu", "numerics/papers/implicit_relu"
DIGITS = 6
"""Decimals of a sharpness with a side that was rounded outwards in float64."""
LEAST_FEEDBACK = 0.25
"""The contraction a of the networks that are compared, at the least: near a = 0 every bound is |z| <= |phi|."""
RECURRENT = Real("A", ("m", "m"), -8.0, 8.0)
INPUT = Real("W", ("m", "d"), -8.0, 8.0)
GAMMA = Real("gamma", (), 2.0**-6, 1.0, logarithmic=True)


def length(x: arb_mat) -> arb:
    """The Frobenius norm."""
    return nonnegative(sum((a * a for a in x.entries()), arb(0))).sqrt()


def rounded_up(x: arb) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """An upper end, as an array of one number."""
    return np.array([upper_float(x)])


def over(x: Bounds) -> arb:
    """The upper end of the last of some bounds."""
    return arb(float(x.upper[-1]))


@dataclass(frozen=True, eq=False)
class Exact:
    """A network with its features and equilibria as columns of balls: (m, n) each, and the sign patterns."""

    network: Network
    features: list[arb_mat]
    states: list[arb_mat]
    active: list[arb_mat]

    @property
    def scale(self) -> arb:
        """The factor of A."""
        return enclose(self.network.gamma) / arb(self.network.weights.width).sqrt()

    @property
    def recurrent(self) -> arb_mat:
        """The scaled A."""
        return arb_mat(self.network.weights.A.tolist()) * self.scale


def network_of(instance: Instance, inputs: str = "x") -> Network:
    """The network of an instance; weights that it does not have are zero."""
    m, d = instance.sizes["m"], instance[inputs].shape[1]
    A = instance["A"] if "A" in instance.values else np.zeros((m, m))
    W = instance["W"] if "W" in instance.values else np.zeros((m, d))
    u, v = (instance[name] if name in instance.values else np.zeros(m) for name in "uv")
    return Network(Parameters(A, W, u, v), instance.fraction("gamma"), instance[inputs])


def exact(instance: Instance, *, least: float = LEAST_FEEDBACK) -> Exact:
    """Solve an instance; raises :class:`Outside` without a proved a < 1, with little feedback, or near a kink."""
    network = network_of(instance)
    m, gamma = network.weights.width, enclose(network.gamma)
    if not network.contraction[1] < 1:
        raise Outside("the map is not proved a contraction")
    if not gamma / arb(m).sqrt() * arb(float(np.abs(network.weights.A).max())) >= least:
        raise Outside("there is little feedback")
    W, patterns = arb_mat(network.weights.W.tolist()), network.approximate().active
    found = Exact(network, [], [], [])
    for i, row in enumerate(network.inputs.tolist()):
        raw = W * arb_mat([[x] for x in row])
        phi = arb_mat([[x.max(arb(0)) / arb(m).sqrt()] for x in raw.entries()])
        active = arb_mat(np.diag(patterns[:, i].astype(float)).tolist())
        z = (arb_mat(np.eye(m).tolist()) - active * found.recurrent).solve(active * phi)
        pre = found.recurrent * z + phi
        for on, value in zip(patterns[:, i].tolist(), pre.entries(), strict=True):
            if not (value >= 0 if on else value <= 0):
                raise Outside("the sign pattern is not certain")
        found.features.append(phi)
        found.states.append(z)
        found.active.append(active)
    return found


SMALL = {"m": (1, 2, 3), "d": (1, 2)}
ONE = Domain((RECURRENT, INPUT, GAMMA, Real("x", (1, "d"), -4.0, 4.0)), SMALL)


@bound(
    f"{PAPER}.equilibrium",
    "lemma.implicit-equilibrium",
    text="|z| <= |phi|/(1 - a), some entry of A at least 1/4 of its limit",
    formula=f"{MODULE}/network.py: Network.over_gap",
    domain=ONE,
    evaluations=600,
    digits=DIGITS,
)
def size(instance: Instance) -> Sides:
    """One input."""
    found = exact(instance)
    above = rounded_up(length(found.features[0]))
    return length(found.states[0]), over(found.network.over_gap(above, above))


@bound(
    f"{PAPER}.equilibrium/difference",
    "lemma.implicit-equilibrium",
    text="|z_1 - z_2| <= |phi_1 - phi_2|/(1 - a), some entry of A at least 1/4 of its limit",
    formula=f"{MODULE}/network.py: Network.over_gap",
    domain=Domain((RECURRENT, INPUT, GAMMA, Real("x", (2, "d"), -4.0, 4.0)), SMALL),
    evaluations=600,
    digits=DIGITS,
)
def difference(instance: Instance) -> Sides:
    """Two inputs."""
    found = exact(instance)
    above = rounded_up(length(found.features[0] - found.features[1]))
    return length(found.states[0] - found.states[1]), over(found.network.over_gap(above, above))


@bound(
    f"{PAPER}.equilibrium/picard",
    "lemma.implicit-equilibrium",
    text="|z^l - z| <= a^l |phi|/(1 - a), l >= 1, some entry of A at least 1/4 of its limit",
    formula=f"{MODULE}/network.py: Network.picard_bound, Network.over_gap",
    domain=Domain((*ONE.variables, Finite("steps", (1.0, 2.0, 3.0, 5.0))), SMALL),
    evaluations=600,
    digits=DIGITS,
)
def picard(instance: Instance) -> Sides:
    """The iterates from zero, in balls."""
    found, steps = exact(instance), int(instance["steps"])
    phi = found.features[0]
    z = phi * 0
    for _ in range(steps):
        z = arb_mat([[x.max(arb(0))] for x in (found.recurrent * z + phi).entries()])
    above = rounded_up(length(phi))
    start = found.network.over_gap(above, above)
    return length(z - found.states[0]), over(found.network.picard_bound(start, np.array([float(steps)])))


@bound(
    f"{PAPER}.resolvent",
    "lemma.implicit-resolvent",
    text="|(I - gamma D A/sqrt(m))^-1 b| <= |b|/(1 - a), 0 <= D <= I, some entry of A at least 1/4 of its limit",
    formula=f"{MODULE}/network.py: Network.over_gap",
    domain=Domain(
        (RECURRENT, GAMMA, Real("D", ("m",), 0.0, 1.0), Real("b", ("m",)), Finite("x", (0.0,), (1, 1))),
        {"m": (1, 2, 3)},
    ),
    evaluations=600,
    digits=DIGITS,
)
def resolvent(instance: Instance) -> Sides:
    """The norm of an inverse is at least what it does to a vector."""
    found, m = exact(instance), instance.sizes["m"]
    b = arb_mat([[x] for x in instance.balls("b")])
    slopes = arb_mat(np.diag(instance["D"]).tolist())
    above = rounded_up(length(b))
    solved = (arb_mat(np.eye(m).tolist()) - slopes * found.recurrent).solve(b)
    return length(solved), over(found.network.over_gap(above, above))


# -- gradients, where all norms are at most 2 c sqrt(m) ---------------------------------

FLOW = Domain(
    (
        RECURRENT,
        Real("W", ("m", 1), -8.0, 8.0),
        Real("u", ("m",)),
        Real("v", ("m",)),
        GAMMA,
        Finite("x", (-1.0, 1.0), ("n", 1)),
        Real("e", ("n",)),
    ),
    {"m": (1, 2), "n": (1, 2)},
)
POWERS = {"v": (0, 0), "u": (0, 1), "W": (0, 1), "A": (1, 2)}
"""Powers of γ_0 and of 1/(1 − γ_0) in the displacement of each weight."""


def _gradients(instance: Instance, found: Exact, residuals: list[arb]) -> dict[str, arb_mat]:
    m, (weights, scale) = instance.sizes["m"], (found.network.weights, found.scale)
    u, v = (arb_mat([[x] for x in w.tolist()]) for w in (weights.u, weights.v))
    total = {"v": arb_mat(m, 1), "u": arb_mat(m, 1), "A": arb_mat(m, m), "W": arb_mat(m, 1)}
    for i, e in enumerate(residuals):
        active, z, phi = found.active[i], found.states[i], found.features[i]
        q = active * (arb_mat(np.eye(m).tolist()) - found.recurrent.transpose() * active).solve(u)
        seen = arb_mat(np.diag([float(x > 0) for x in phi.entries()]).tolist())
        total["v"] += phi * e
        total["u"] += z * e
        total["A"] += q * z.transpose() * (scale * e)
        total["W"] += seen * (q + v) * (e * arb(float(instance["x"][i, 0])) / arb(m).sqrt())
    return total


def _displacement(instance: Instance, name: str) -> Sides:
    """The gradient, and the displacement that the width condition allows for, over 2 E_0/λ_0."""
    found = exact(instance, least=0.0)
    weights, m = found.network.weights, instance.sizes["m"]
    norms = [arb(found.network.norm.upper), *(length(arb_mat(w.reshape(m, 1).tolist())) for w in weights.arrays[1:])]
    c = arb(1)
    for norm in norms:
        c = c.max(norm / (2 * arb(m).sqrt()))
    gamma0 = 2 * c * enclose(found.network.gamma)
    if not gamma0 < 1:
        raise Outside("gamma_0 is not proved below 1")
    feedback, gap = POWERS[name]
    e = arb_mat([[x] for x in instance.balls("e")])
    allowed = arb(DISPLACEMENTS[name]).sqrt() / 2 * c * arb(instance.sizes["n"]).sqrt() * length(e)
    return length(_gradients(instance, found, instance.balls("e"))[name]), allowed * gamma0**feedback / (
        1 - gamma0
    ) ** gap


@bound(
    f"{PAPER}.tangent-order",
    "lemma.schur-order",
    text="lambda_min(Phi'Phi) <= lambda_min(H), H of the gradients of the outputs",
    formula=f"{MODULE}/tangent.py: least_feature_eigenvalue",
    domain=FLOW,
    evaluations=400,
    digits=DIGITS,
)
def tangent_order(instance: Instance) -> Sides:
    """One or two inputs; H is formed from the gradients themselves."""
    found, n = exact(instance, least=0.0), instance.sizes["n"]
    rows = []
    for i in range(n):
        parts = _gradients(instance, found, [arb(int(i == j)) for j in range(n)])
        rows.append([x for part in parts.values() for x in part.entries()])
    jacobian = arb_mat(rows)
    least = least_feature_eigenvalue(found.network, Budget())
    return arb(least.lower), least_at_most(jacobian * jacobian.transpose())


for _name, _text in {
    "v": "2 c sqrt(n) |e|",
    "u": "2 c sqrt(n) |e|/(1 - gamma_0)",
    "W": "4 c sqrt(n) |e|/(1 - gamma_0)",
    "A": "2 c gamma_0 sqrt(n) |e|/(1 - gamma_0)^2",
}.items():

    @bound(
        f"{PAPER}.gradient-flow/{_name}",
        "lemma.implicit-flow",
        text=f"|grad_{_name} L| <= {_text}, all norms at most 2 c sqrt(m)",
        formula=f"{MODULE}/convergence.py: DISPLACEMENTS",
        domain=FLOW,
        evaluations=800,
        digits=DIGITS,
    )
    def gradient(instance: Instance, name: str = _name) -> Sides:
        """With the sign patterns that the network has."""
        return _displacement(instance, name)
