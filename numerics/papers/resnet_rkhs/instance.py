"""The instance of ``resnet-rkhs`` that the runner and the checks get: the setting, its parameters and hypotheses."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from ....theory.claims.claim import Hypothesis
from ....theory.errors import SpecError
from ...certificates.certificate import Discharged
from ...kernels.ballmatrix import BallMatrix
from ...radial.kernel import SMALLEST_SCALE
from .hypotheses import discharge
from .setting import Setting

LARGEST_PARAMETER = Fraction(2**100)


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

    def admit(self) -> None:
        """Raise :class:`SpecError` for parameters that leave no network."""
        for name in ("depth", "points", "iterations", "features"):
            value = self.values[name]
            if value.denominator != 1 or value < 1:
                raise SpecError(f"{name} = {value} must be a positive integer.")
        for name in ("scale", "embedding", "step"):
            if not 0 < self.values[name] <= LARGEST_PARAMETER:
                raise SpecError(f"{name} must be positive and at most 2^100.")
        if not SMALLEST_SCALE <= self.seen_kernel.scale <= 1 / SMALLEST_SCALE:
            raise SpecError("embedding: the scale over the lift must lie between 2^-100 and 2^100.")
        if self.data.points is None:
            raise SpecError(f"{self.system} needs input points, and only their Gram matrix is given.")
        if self.data.points.exact and self.data.normalize != "sphere":
            raise SpecError(
                f"{self.system} takes points of binary64 numbers where norms are kept, and some of these are none:"
                ' read the file with numbers = "binary64", or rescale the points to the sphere.'
            )

    def discharge(self, hypothesis: Hypothesis) -> Discharged:
        """Whether a hypothesis of the theory holds here."""
        return discharge(self, hypothesis)
