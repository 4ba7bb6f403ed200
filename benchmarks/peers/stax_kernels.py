"""neural-tangents 0.6.5 in a virtual environment of its own, and its kernels timed there.

Newer JAX does not import it; these versions do. As a script, run by that environment: times one kernel on the points
of a file, saves the matrices, prints one JSON line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

PACKAGES = ("neural-tangents==0.6.5", "jax==0.4.38", "jaxlib==0.4.38", "tf2jax==0.3.6")
HOME = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "certigram" / "neural-tangents-0.6.5"
"""Where the environment is made: a folder of the user, outside the source tree."""


def environment() -> Path:
    """The interpreter of the environment, made at the first call; ends the program when it cannot be made."""
    python = HOME / "bin" / "python"
    stamp = HOME / "installed"
    if not stamp.exists():
        print("installing neural-tangents 0.6.5 (once, some minutes) ...", flush=True)
        venv.create(HOME, with_pip=True)
        done = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            sys.exit(
                f"neural-tangents could not be installed, so there is nothing to compare with:\n{done.stderr[-800:]}"
            )
        stamp.touch()
    return python


def timed(points: object, activation: str, repeats: int) -> tuple[float, float, object, object]:
    """CPU and wall seconds (medians of warm calls) of NNGP and NTK, 3 hidden layers, and the two matrices."""
    import numpy as np

    python = environment()
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/points.npy", points)
        command = [python, __file__, folder, activation, str(repeats)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"neural-tangents failed on {activation}:\n{done.stderr[-800:]}")
        found = json.loads(done.stdout.splitlines()[-1])
        return found["cpu"], found["wall"], np.load(f"{folder}/nngp.npy"), np.load(f"{folder}/ntk.npy")


def main(folder: str, activation: str, repeats: int) -> None:
    """Time the kernel in this interpreter."""
    import statistics

    import jax
    import jax.numpy as jnp
    import numpy as np

    jax.config.update("jax_enable_x64", True)
    from neural_tangents import stax

    layer = {
        "erf": stax.Erf,
        "relu": stax.Relu,
        "gelu": stax.Gelu,
        "tanh": lambda: stax.ElementwiseNumerical(jnp.tanh, deg=25),
    }[activation]

    def dense(width):
        return stax.Dense(width, W_std=1.5, b_std=0.1)

    _, _, kernel = stax.serial(dense(8), layer(), dense(8), layer(), dense(8), layer(), dense(1))
    both = jax.jit(lambda x: kernel(x, None, ("nngp", "ntk")))
    x = jnp.asarray(np.load(f"{folder}/points.npy"))
    cpu, wall = [], []
    for k in range(repeats + 1):
        start, clock = time.process_time(), time.perf_counter()
        result = jax.block_until_ready(both(x))
        if k:  # the first call compiles
            cpu.append(time.process_time() - start)
            wall.append(time.perf_counter() - clock)
    np.save(f"{folder}/nngp.npy", np.asarray(result.nngp))
    np.save(f"{folder}/ntk.npy", np.asarray(result.ntk))
    print(json.dumps({"cpu": statistics.median(cpu), "wall": statistics.median(wall)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
