"""Whom a BMC's certificate must be from before it hears a password: the system's CAs, those of a file, one pinned
certificate, or anybody where the inventory says `tls_verify = false`."""

import asyncio
import ssl
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

from groundcrew.contracts.inventory import InventoryBmc
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason
from groundcrew_ipmi_collector.settings import IpmiCollectorSection

_OLD_BMCS = "DEFAULT:@SECLEVEL=1"
"""Keys of 1,024 bits and SHA-1, as boards of ten years ago have them. Only where no CA vouches for the certificate."""

_MAX_CONTEXTS = 64
_SHOWN_S = 5.0


class NotThePinned(ssl.SSLCertVerificationError):
    """The BMC showed another certificate than the pinned one."""


class Trust:
    """TLS contexts, shared by all BMCs that trust the same: one is some hundred kilobytes. A changed CA file counts at
    the next look."""

    def __init__(self, section: IpmiCollectorSection) -> None:
        self._section = section
        self._made: dict[tuple[str, str, float], ssl.SSLContext] = {}

    async def context(self, entry: InventoryBmc) -> ssl.SSLContext:
        """Raises IpmiFailed(CERTIFICATE) where the CA file cannot be used."""
        pinned = entry.tls_fingerprint.replace(":", "").lower()
        kind, what = ("pinned", pinned) if pinned else ("any", "") if not entry.tls_verify else ("ca", self._ca(entry))
        try:
            key = (kind, what, _changed_at(what) if kind == "ca" else 0.0)
            if key not in self._made:
                context = await asyncio.to_thread(_context, kind, what)
                while len(self._made) >= _MAX_CONTEXTS:
                    del self._made[next(iter(self._made))]
                self._made[key] = context
            return self._made[key]
        except (OSError, ssl.SSLError) as error:
            said = getattr(error, "strerror", None) or type(error).__name__
            raise IpmiFailed(
                Reason.CERTIFICATE, f"tls_ca {what}: expected a file of CA certificates in PEM: {said}"
            ) from None

    def _ca(self, entry: InventoryBmc) -> str:
        return entry.tls_ca or (str(self._section.tls_ca) if self._section.tls_ca else "")


async def shown_by(host: str, port: int) -> str:
    """SHA-256 of the certificate that is shown there, whoever vouches for it; empty where none is. Nothing is sent."""
    context = _context("any", "")
    try:
        async with asyncio.timeout(_SHOWN_S):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except (OSError, TimeoutError):
        return ""
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.transport.abort()
    return sha256(shown).hexdigest() if shown else ""


def any_certificate() -> ssl.SSLContext:
    """For asking who is there: whoever it is, nothing secret is said."""
    return _context("any", "")


def _changed_at(path: str) -> float:
    return Path(path).stat().st_mtime if path else 0.0


def _context(kind: str, what: str) -> ssl.SSLContext:
    if kind == "ca":
        context = ssl.create_default_context(cafile=what or None)
        context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)  # BMCs' own CAs leave key identifiers out
        return context
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(_OLD_BMCS)
    context.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
    if kind == "pinned":
        context.sslobject_class = _pinning(what)
    return context


def _pinning(fingerprint: str) -> type[ssl.SSLObject]:
    class Pinning(ssl.SSLObject):
        """Ends the handshake, before anything is sent, where the certificate is not the one."""

        def do_handshake(self) -> None:
            super().do_handshake()
            shown = self.getpeercert(binary_form=True) or b""
            if not compare_digest(sha256(shown).hexdigest(), fingerprint):
                raise NotThePinned(f"its SHA-256 is {sha256(shown).hexdigest()}")

    return Pinning
