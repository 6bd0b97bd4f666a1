"""The locked npm packages can come from any registry."""

import json

from tests.conformance.javascript import HERE


def test_the_lock_names_no_registry() -> None:
    text = (HERE / "package-lock.json").read_text()
    assert "://" not in text
    assert '"resolved"' not in text


def test_every_locked_package_is_known_by_its_digest() -> None:
    packages = json.loads((HERE / "package-lock.json").read_text())["packages"]
    assert all(package["integrity"].startswith("sha512-") for name, package in packages.items() if name)
