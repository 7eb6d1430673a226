"""Why a BMC could not be read: a closed list, a metric label, and what the operator reads."""

from enum import StrEnum


class Reason(StrEnum):
    TIMEOUT = "timeout"  # no reply, or none within the time of a session
    ADDRESS = "address"  # the name does not resolve, or no packet can be sent there
    CIPHER = "cipher"  # it takes none of the cipher suites
    CREDENTIALS = "credentials"  # user or password is wrong, or there is none to try
    CERTIFICATE = "certificate"  # Redfish: its certificate is not trusted, or no TLS is agreed
    PRIVILEGE = "privilege"  # the user may not have the privilege level that was asked for
    BUSY = "busy"  # it has no session left
    UNSUPPORTED = "unsupported"  # it does not know the command
    CHANGED = "changed"  # the event log changed while it was read; the next look reads it
    UNREADABLE = "unreadable"  # what the tool printed is not what it prints
    TOOL = "tool"  # the tool is not there or does not start
    OTHER = "other"


class IpmiFailed(Exception):
    """A BMC could not be read. The text is one sentence for the operator, without any secret."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


_NO_SESSION = "unable to establish ipmi"
_SAID = (
    (Reason.CIPHER, ("invalid authentication algorithm", "invalid integrity algorithm",
                     "invalid confidentiality algorithm", "no cipher suite match", "no matching cipher suite")),
    (Reason.PRIVILEGE, ("unauthorized role or privilege", "invalid role", "insufficient privilege")),
    (Reason.CREDENTIALS, ("unauthorized name", "hmac is invalid", "invalid integrity check value", "invalid user name",
                          "unauthorized guid", "password is longer")),
    (Reason.BUSY, ("insufficient resources", "no free session", "node busy")),
    (Reason.ADDRESS, ("address lookup for", "could not open socket", "network is unreachable", "no route to host")),
)  # fmt: skip
"""What ipmitool 1.8 says (src/plugins/lanplus: RMCP+ status codes, IPMI 2.0 table 13-15), lower case."""

_IN_WORDS = {
    Reason.TIMEOUT: "the BMC does not answer",
    Reason.ADDRESS: "the address does not resolve or cannot be reached",
    Reason.CIPHER: "the BMC takes none of the cipher suites that were tried",
    Reason.CREDENTIALS: "the BMC refuses user or password",
    Reason.PRIVILEGE: "the BMC refuses this privilege level to the user",
    Reason.BUSY: "the BMC has no free session",
}


def in_words(reason: Reason) -> str:
    """One sentence for the operator; for the reasons of a session that did not come about."""
    return _IN_WORDS[reason]


def no_session(complaint: str) -> IpmiFailed | None:
    """Why no session came about, None where one did. `complaint`: standard error of ipmitool -v."""
    low = complaint.lower()
    if _NO_SESSION not in low and "could not open socket" not in low:
        return None
    reason = next((reason for reason, texts in _SAID if any(text in low for text in texts)), Reason.TIMEOUT)
    return IpmiFailed(reason, in_words(reason))
