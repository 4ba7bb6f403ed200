"""Layout guard: packages are reached as certigram.*, never through their folders."""

import os

# Idle BLAS threads spin; beside another test process they cost more than they give. Set before numpy is imported.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

collect_ignore = ["theory", "numerics", "reports"]
