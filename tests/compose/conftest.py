"""The stack in containers, built and brought up once for this folder's tests."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("groundcrew_compose_stack", Path(__file__).with_name("stack.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
stack_module = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = stack_module
_SPEC.loader.exec_module(stack_module)


def _missing() -> str:
    """What this machine lacks for running containers, as a reason to skip; empty where nothing is missing."""
    for program, package in (("podman", "podman"), ("buildah", "buildah")):
        if shutil.which(program) is None:
            return f"needs Debian's package {package}"
    if os.environ.get("GROUNDCREW_TEST_PULL"):
        return ""
    for image in stack_module.IMAGES:
        argv = ["podman", "image", "exists", image]
        if subprocess.run(argv, env=stack_module.engine_environment(), check=False).returncode != 0:
            return f"needs the image {image} (GROUNDCREW_TEST_PULL=1 lets podman fetch images)"
    return ""


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator["stack_module.Stack"]:
    """Images built, containers started; all of it gone afterwards, whatever happens."""
    if reason := _missing():
        pytest.skip(reason)
    secrets = tmp_path_factory.mktemp("secrets")
    made = stack_module.Stack(secrets=secrets)
    made.run(str(stack_module.ROOT / "compose" / "make-secrets"), str(secrets))
    made.compose("build", timeout=900)
    try:
        made.compose("up", "-d", timeout=300)
        yield made
    finally:
        made.compose("down", "--volumes", timeout=180)
