"""Networks of layers in neural-tangents 0.6.5: their kernels timed, and their values for the tests.

As a script, run by the environment of :mod:`stax_kernels`:

    python stax_networks.py time FOLDER REPEATS  # of FOLDER/network.json on images.npy; saves the matrices there
    python stax_networks.py golden FILE          # fills in "nngp" and "ntk" of the cases of a JSON file

A network is a list of layers, each a list of its name and its arguments as ``certigram.layers`` has them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

Layers = list[list[Any]]


def timed(images: object, layers: Layers, repeats: int) -> tuple[float, object, object]:
    """CPU seconds (median of warm calls) of NNGP and NTK together, and the two matrices."""
    import numpy as np
    from peers.stax_kernels import environment

    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/images.npy", images)
        Path(folder, "network.json").write_text(json.dumps(layers))
        done = subprocess.run([environment(), __file__, "time", folder, str(repeats)], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"neural-tangents failed:\n{done.stderr[-800:]}")
        cpu = json.loads(done.stdout.splitlines()[-1])["cpu"]
        return cpu, np.load(f"{folder}/nngp.npy"), np.load(f"{folder}/ntk.npy")


def network(layers: Layers) -> Any:
    """The layers in stax, one after the other."""
    from neural_tangents import stax

    return stax.serial(*(_layer(name, arguments) for name, arguments in layers))


def _layer(name: str, given: dict[str, Any]) -> Any:
    from neural_tangents import stax

    def std(key: str, default: str) -> float:
        return float(Fraction(str(given.get(key, default)))) ** 0.5

    weights = {"W_std": std("sigma_w2", "1"), "b_std": std("sigma_b2", "0") or None}
    strides = given.get("strides")
    place = {"padding": given.get("padding", "VALID"), "strides": strides and tuple(strides)}
    if name == "Dense":
        return stax.Dense(8, **weights)
    if name == "Conv":
        return stax.Conv(8, tuple(given["filter_shape"]), **place, **weights)
    if name == "Activation":
        return {"relu": stax.Relu, "erf": stax.Erf, "leaky_relu(1/10)": lambda: stax.LeakyRelu(0.1), "gelu": stax.Gelu}[
            given["function"]
        ]()
    if name == "AveragePool":
        return stax.AvgPool(tuple(given["window_shape"]), **place)
    if name == "LayerNorm":
        axis = (-1,) if given.get("axis", "channels") == "channels" else (1, 2, -1)
        return stax.LayerNorm(axis=axis, eps=float(Fraction(str(given.get("eps", "1e-12")))))
    if name == "Residual":
        shortcut = network(given["shortcut"]) if given.get("shortcut") else stax.Identity()
        return stax.serial(stax.FanOut(2), stax.parallel(network(given["block"]), shortcut), stax.FanInSum())
    return {"Flatten": stax.Flatten, "GlobalAveragePool": stax.GlobalAvgPool}[name]()


def main(task: str, where: str, repeats: str = "1") -> None:
    """Time a network, or fill in a file of cases, in this interpreter."""
    import statistics

    import jax
    import jax.numpy as jnp
    import numpy as np

    jax.config.update("jax_enable_x64", True)
    if task == "golden":
        file = json.loads(Path(where).read_text())
        for case in file["cases"]:
            kernel = network(case["layers"])[2]
            found = kernel(jnp.asarray(np.array(case["images"]) / case["divisor"]), None, ("nngp", "ntk"))
            case["nngp"], case["ntk"] = np.asarray(found.nngp).tolist(), np.asarray(found.ntk).tolist()
        rows = ",\n  ".join(json.dumps(case) for case in file["cases"])
        Path(where).write_text(f'{{\n "made": {json.dumps(file["made"])},\n "cases": [\n  {rows}\n ]\n}}\n')
        return
    kernel = network(json.loads(Path(where, "network.json").read_text()))[2]
    both = jax.jit(lambda x: kernel(x, None, ("nngp", "ntk")))
    images = jnp.asarray(np.load(f"{where}/images.npy"))
    cpu = []
    for k in range(int(repeats) + 1):
        start = time.process_time()
        result = jax.block_until_ready(both(images))
        if k:  # the first call compiles
            cpu.append(time.process_time() - start)
    np.save(f"{where}/nngp.npy", np.asarray(result.nngp))
    np.save(f"{where}/ntk.npy", np.asarray(result.ntk))
    print(json.dumps({"cpu": statistics.median(cpu)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
