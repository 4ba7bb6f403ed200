"""Layout guard: packages are reached as certigram.*, never through their folders."""

import os

# Idle BLAS threads spin; beside another test process they cost more than they give. Set before numpy is imported.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

from hypothesis import HealthCheck, settings  # noqa: E402  # after the variables: hypothesis may import numpy

# A busy machine makes no example false: nothing is judged by the clock.
settings.register_profile("certigram", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("certigram")

collect_ignore = ["theory", "numerics", "reports"]
