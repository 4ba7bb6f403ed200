"""The widths from which the finite-width theorems are certified, as the width gap asks for them, event by event."""

from __future__ import annotations

from fractions import Fraction

from ...studies.gram_model import GramModel
from .population.model import Population
from .width.search import certified_gram, certified_whitened
from .width.setting import LARGEST_DELTA, WidthSetting


def certified_widths(model: GramModel, delta: Fraction) -> dict[str, int | None]:
    r"""For each event of the sampled networks a width at which a theorem gives it with probability at least 1 - delta.

    "least-eigenvalue" follows from T1 and from the whitened event, T2: the smaller of their widths. None where neither
    speaks: for ``delta`` above 1/5, and outside :math:`2\sqrt2\sigma_wL < 1`.
    """
    if delta > LARGEST_DELTA or not isinstance(model, Population):
        return {"least-eigenvalue": None, "whitened": None}
    setting = WidthSetting.of(model, delta)
    gram, whitened = certified_gram(setting), certified_whitened(setting)
    found = [one.width for one in (gram, whitened) if one is not None]
    return {"least-eigenvalue": min(found, default=None), "whitened": None if whitened is None else whitened.width}
