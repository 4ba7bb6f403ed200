"""The instance of ``resnet-rkhs`` that the runner and the checks get: the setting, its parameters and hypotheses."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from ....theory.claims.claim import Hypothesis
from ....theory.errors import SpecError
from ...certificates.certificate import Discharged
from ...kernels.ballmatrix import BallMatrix
from ...radial.kernel import SMALLEST_SCALE
from ...studies.parameters import require_memory, require_scale, whole
from .end_to_end import EndToEnd, end_to_end
from .hypotheses import discharge
from .setting import Setting


class ResNetInstance(Setting):
    """``resnet-rkhs`` on data."""

    @property
    def parameters(self) -> dict[str, str]:
        """What determines the Gram matrix besides kernel and data, as JSON data."""
        found = {name: str(self.values[name]) for name in ("scale", "embedding")}
        if self.data.normalize == "sphere":
            found["points"] = "rescaled to norm sqrt(d), then rounded to binary64"
        return found

    @property
    def refinement(self) -> Callable[[int], BallMatrix]:
        """:meth:`refine`, which the eigenvalue ladder may ask for by itself."""
        return self.refine

    @cached_property
    def lazy_descent(self) -> EndToEnd:
        """The theorem for gradient descent on the study's features, at its scale and lift."""
        return end_to_end(self, self.integer("features"))

    def admit(self) -> None:
        """Raise :class:`SpecError` for parameters that leave no network."""
        for name in ("depth", "points", "iterations", "features"):
            whole(self.system, name, self.values[name])
        for name in ("scale", "embedding", "step"):
            require_scale(self.system, name, self.values[name])
        if not SMALLEST_SCALE <= self.seen_kernel.scale <= 1 / SMALLEST_SCALE:
            raise SpecError("embedding: the scale over the lift must lie between 2^-100 and 2^100.")
        if self.data.points is None:
            raise SpecError(f"{self.system} needs input points, and only their Gram matrix is given.")
        if self.data.points.exact and self.data.normalize != "sphere":
            raise SpecError(
                f"{self.system} takes points of binary64 numbers where norms are kept, and some of these are none:"
                ' read the file with numbers = "binary64", or rescale the points to the sphere.'
            )

        n, d = len(self.chosen), self.dimension
        for name, size in {"features": n + d, "depth": n * d}.items():
            needed = 8 * 8 * self.integer(name) * size
            require_memory(self.system, f"{name} = {self.integer(name)}", needed, self.budget)

    def discharge(self, hypothesis: Hypothesis) -> Discharged:
        """Whether a hypothesis of the theory holds here."""
        return discharge(self, hypothesis)
