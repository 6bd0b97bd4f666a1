"""Clients: who may ask for flags, and the digests of the secrets that they show."""

import os
import re
from hashlib import sha256

from twyman.definitions.flag_documents import ClientDocument, CredentialDocument
from twyman.definitions.subject import Subject
from twyman.flags.state import Client, Credential
from twyman.kernel.errors import nearest

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")


def client(document: ClientDocument, subject: Subject) -> Client:
    """Make a client of its document; a secret whose variable isn't set lets nobody in, and is remarked on."""
    environments = tuple(document.environments or ())
    made: list[Credential] = []
    names: set[str] = set()
    for place, written in enumerate(document.credentials or ()):
        path = f"credentials.{place}"
        if written.name in names:
            subject.refuse(path, f"credential '{written.name}' stands twice: rename one of the two")
        names.add(written.name)
        _check_environments(written, environments, path, subject)
        digest = _digest(written, path, subject)
        if digest:
            made.append(Credential(written.name, digest, tuple(written.environments or ())))
    return Client(document.name, environments, tuple(made))


def _check_environments(written: CredentialDocument, known: tuple[str, ...], path: str, subject: Subject) -> None:
    for place, name in enumerate(written.environments or ()):
        if name not in known:
            subject.refuse(
                f"{path}.environments.{place}",
                f"environment '{name}' isn't one of its client's: {nearest(name, known)}",
            )


def _digest(written: CredentialDocument, path: str, subject: Subject) -> str:
    if (written.secret is None) == (written.sha256 is None):
        subject.refuse(
            path,
            f"credential '{written.name}' is known by its secret's variable or by its digest, one of them: "
            "write secret: $NAME, or sha256: and 64 hexadecimal digits",
        )
        return ""
    if written.sha256 is not None:
        if not _DIGEST.fullmatch(written.sha256):
            subject.refuse(f"{path}.sha256", f"'{path}.sha256' isn't 64 hexadecimal digits: write those of sha256sum")
        return written.sha256.lower()
    return _of_variable(written, path, subject)


def _of_variable(written: CredentialDocument, path: str, subject: Subject) -> str:
    found = _VARIABLE.fullmatch(written.secret or "")
    if found is None:
        subject.refuse(
            f"{path}.secret",
            f"secret of credential '{written.name}' stands in the file in clear, where anybody can read it: "
            "take it back, change it, and write secret: $NAME of an environment variable, or its sha256",
        )
        return ""
    name = found[1] or found[2]
    secret = os.environ.get(name)
    if not secret:
        subject.remark(
            f"{path}.secret", f"environment variable {name} isn't set, so credential '{written.name}' lets nobody in"
        )
        return ""
    return sha256(secret.encode()).hexdigest()
