"""Layout guard: packages are reached as certigram.*, never through their folders."""

import os
from pathlib import Path

# Idle BLAS threads spin; beside another test process they cost more than they give. Set before numpy is imported.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

collect_ignore = ["theory", "numerics", "reports"]

for name in collect_ignore:
    if not (Path(__file__).parent / "certigram" / name).is_dir():
        raise RuntimeError(
            f"certigram/{name} is not a link to {name}/. On Windows, enable Developer Mode and run "
            "`git config core.symlinks true && git checkout -- certigram`."
        )
