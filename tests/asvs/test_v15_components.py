"""ASVS 5.0 V15.2: the packages that are served are those that somebody looked through."""

import hashlib
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
STATED = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["catatan-kader"]


def locked():
    """(name, version) of everything in the lock file."""
    return re.findall(r"^([\w.-]+)==([\w.+!-]+)", (ROOT / "requirements.lock").read_text(), re.M)


@pytest.mark.asvs("V15.2.1")
def test_the_packages_are_those_that_were_looked_through():
    now = hashlib.sha256("\n".join(f"{name}=={version}" for name, version in sorted(locked())).encode()).hexdigest()

    assert len(locked()) > 25
    # another lock? compare it with the newest releases, read what is known of flaws, then write day and digest down
    assert STATED["components"] == now[:16]


@pytest.mark.asvs("V15.2.1")
def test_what_is_installed_is_what_is_locked():
    installed = {one.metadata["Name"].lower().replace("_", "-"): one.version for one in metadata.distributions()}

    assert [(name, version) for name, version in locked()
            if installed.get(name.lower(), version) != version] == []
