r"""Many chains of noisy descent at once for a network with equal outer weights: full gradients or mini-batches.

.. math:: W_{k+1} = W_k-\eta\nabla L(W_k)+\sqrt{\eta s}\,\xi_k .

One array holds all chains; inputs that are equal share their activations. Each chain has its own stream (Philox with
the chain's number in its key), so that its path does not depend on how many others run. Plain
float64: an experiment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.special

from ......theory.errors import SpecError
from .case import Floats, NeuronCase

AHEAD = 1 << 17
"""How many normal numbers of one chain are drawn at once."""


@dataclass(eq=False)
class Chains:
    r"""``count`` chains from the start of the case; :meth:`run` advances all of them.

    ``weights`` are (count, d, p).

    >>> from .rows import row
    >>> chains = Chains(row("row-1", 8), 1e-3, 0.5, 2, seed=1)
    >>> chains.run(3)
    >>> chains.done, chains.loss().shape
    (3, (2,))
    """

    case: NeuronCase
    noise: float
    step: float
    count: int
    seed: int = 0

    def __post_init__(self) -> None:
        if not (self.noise >= 0 and self.step > 0 and self.count >= 1):
            raise SpecError("chains need s >= 0, a positive step and at least one chain.")
        case = self.case
        start = np.array([float(v) for v in case.start])
        self.weights = np.repeat(np.repeat(start[None, :, None], self.count, axis=0), case.width, axis=2)
        self.done = 0
        self._streams = [
            np.random.Generator(np.random.Philox(key=np.array([self.seed, k], dtype=np.uint64)))
            for k in range(self.count)
        ]
        places = sorted({x for x, _, _ in case.data})
        self._places = np.array([[float(v) for v in x] for x in places])
        shape = (len(places), 2)
        self._mass = np.zeros(shape)  # of the labels 1 and -1 at each place
        for x, y, w in case.data:
            self._mass[places.index(x), 0 if y == 1 else 1] += float(w)
        size = (self.count, case.width)
        self._sigma = np.empty((len(places), *size))
        self._ahead, self._used = np.empty((0, self.count, case.dimension, case.width)), 0

    def _normals(self) -> Floats:
        """The next normal numbers of all chains: (count, d, p)."""
        if self._used == self._ahead.shape[0]:
            shape = (self.case.dimension, self.case.width)
            rows = max(1, AHEAD // (shape[0] * shape[1]))
            drawn = [g.standard_normal((rows, *shape)) for g in self._streams]
            self._ahead, self._used = np.stack(drawn, axis=1) * np.sqrt(self.step * self.noise), 0
        self._used += 1
        return np.asarray(self._ahead[self._used - 1])

    def _outputs(self) -> Floats:
        """The outputs at the places, (places, count); leaves the activations behind."""
        w = self.weights
        for k, x in enumerate(self._places):
            z = self._sigma[k]
            np.multiply(w[:, 0], x[0], out=z)
            for j in range(1, x.size):
                z += x[j] * w[:, j]
            np.tanh(z, out=z)
        return np.asarray(self._sigma.sum(axis=2) * (float(self.case.outer) / self.case.width))

    def run(self, steps: int) -> None:
        """So many steps of all chains."""
        case, w = self.case, self.weights
        shrink = 1 - self.step * float(case.regularisation)
        pull = self.step * float(case.outer) / case.width
        work = np.empty(self._sigma.shape[1:])
        for _ in range(steps):
            f = self._outputs()
            force = self._mass[:, :1] * scipy.special.expit(-f) - self._mass[:, 1:] * scipy.special.expit(f)
            force *= pull
            np.multiply(w, shrink, out=w)
            w += self._normals()
            for k, x in enumerate(self._places):
                z = self._sigma[k]
                np.multiply(z, z, out=work)
                np.subtract(1.0, work, out=work)
                work *= force[k][:, None]
                if x.size == 1:
                    w[:, 0] += x[0] * work
                else:
                    w += x[:, None] * work[:, None, :]
        self.done += steps

    def loss(self) -> Floats:
        """L of each chain: (count,)."""
        f = self._outputs()
        data = (self._mass[:, :1] * np.logaddexp(0.0, -f) + self._mass[:, 1:] * np.logaddexp(0.0, f)).sum(axis=0)
        return np.asarray(data + float(self.case.regularisation) / 2 * (self.weights**2).sum(axis=(1, 2)))

    def recorded(self, records: Sequence[int], progress: Callable[[int], None] | None = None) -> Floats:
        """L of each chain after each of these numbers of steps, which increase: (records, count)."""
        if list(records) != sorted(set(records)) or not records or records[0] < self.done:
            raise SpecError("the recorded steps must be increasing numbers.")
        found = []
        for target in records:
            self.run(target - self.done)
            found.append(self.loss())
            if progress is not None:
                progress(target)
        return np.array(found)
