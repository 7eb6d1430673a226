"""Certificates for simulated BMCs, of a CA made for the test."""

import ssl
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Certified:
    """A server's context, and what a client needs to trust it."""

    context: ssl.SSLContext
    ca: Path
    fingerprint: str


def certified(folder: Path, *names: str) -> Certified:
    """For these names, by default 127.0.0.1."""
    authority = trustme.CA()
    certificate = authority.issue_cert(*(names or ("127.0.0.1",)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    ca = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    shown = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())
    return Certified(context, ca, sha256(shown).hexdigest())
