"""Imports: a failure here means that typing `certigram --version` or `import certigram` became slow for everybody."""

import subprocess
import sys

HEAVY = ("sympy", "flint", "numpy", "scipy", "matplotlib", "pydantic", "typer", "rich", "sklearn", "mpmath", "jinja2")


def loaded(program: str) -> set[str]:
    """The top-level packages that are loaded after a program ran."""
    text = f"import sys\n{program}\nprint('|'.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    found = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    return set(found.stdout.splitlines()[-1].split("|"))


def test_import_is_light() -> None:
    """`import certigram` loads none of the libraries it computes with."""
    assert not loaded("import certigram").intersection(HEAVY)


def test_version_is_light() -> None:
    """`certigram --version` answers without them too."""
    program = "sys.argv[1:] = ['--version']\nfrom certigram.__main__ import main\nmain()"
    assert not loaded(program).intersection(HEAVY)


def test_names_are_loaded_at_their_first_use() -> None:
    """The control: a name of the front door that needs them does load them."""
    assert {"sympy", "flint", "numpy"} <= loaded("import certigram\ncertigram.activation('tanh').hermite(1)")


def test_one_version() -> None:
    """The version of the package, of the command, and of the metadata of the installed distribution are one."""
    from importlib.metadata import version

    import certigram

    answer = subprocess.run(
        [sys.executable, "-m", "certigram", "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert answer == f"certigram {certigram.__version__}\n"
    assert version("certigram") == certigram.__version__
