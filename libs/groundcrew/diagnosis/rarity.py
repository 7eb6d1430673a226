"""How rare a literal is in logs, so that patterns are looked for by what few lines hold.

The table gives words and signs by how many lines hold them: those of class `b` are in about one of 2^b. Counted in
255,628 kernel lines and in the ten 2,000-line samples of LogHub (https://github.com/logpai/loghub), the larger share of
the two, where more than one source has the word or a hundredth of the kernel lines. It decides speed and no result.
"""

import math
import re
from collections.abc import Collection
from functools import lru_cache

_CLASSES: dict[int, str] = {
    1: (
        "- . : [ ] _ "
        "info "
    ),
    2: (
        "( ) , / "
        "dec "
    ),
    3: (
        "$ = @ "
        "apache block btrfs compute connection device dfs for from hadoop in init jul kernel log nova org pci req "
        "sshd to user warn "
    ),
    4: (
        '" + ; > '
        "acpi api at authentication bus child datanode error euid executor failed failure found get http ipc is "
        "len logname mem mon node notice of on pam received rhost root ruser server ssh status sun task time tty "
        "uid unix "
    ),
    5: (
        "# * < ? "
        "added address allocator app apple attempt auth boot bridge change client com conf config cpu data detail "
        "detected dev disconnect dm etc event handler instance io jun libvirt mapreduce mod module new oct ok old "
        "password pcieport pid port pro properties read registered request retry running save sdc seconds servers "
        "session size slot stage start state storage switch system systemd temperature total type usb var vdb "
        "virt xfs "
    ),
    6: (
        "' \\ | "
        "amdgpu assigned ata audit base bit broken by bye bytes call check class connect current delete deleting "
        "dest devid driver enabled expired ext extents extra factory feb file filesystem finish finished flags fs "
        "got group has hcd hdfs host hub id instances intel interrupted interval invalid iommu irq jan job lease "
        "leaving lib listener locally logical loop manager mapred max memory message mmc mnt mode my net network "
        "no normal not pass pcie progress python queue rax renew reserved resource result run sd sdhci send sent "
        "space src table terminating the this thread times trace unknown updated using waiting warning while will "
        "window with worker write xhci "
    ),
    7: (
        "! "
        "access action activity adding addr already and as available bad bar been bios broadcast buffer but cache "
        "checking claims closed code comm command controller core critical cts devices disabled disk domain dsl "
        "enabling end endpoint entries entry estimated evaluate exception files find free fri generic hardware "
        "hash hot ignoring image impl initialized input interface isn journal key length level link linux load "
        "loaded local map mapping may me met meta metadata microsoft milliseconds name number nvme opened "
        "openstack order out page pages part partition pme pnp policy power reduce res retrying sat schedule "
        "scheduler scsi served slow socket support supported tag temporary test threshold timeout took tree tried "
        "unable up update uses version "
    ),
    8: (
        "active add admin after alloc allocated alt amd aml an attempting auto bluetooth break can cannot "
        "capacity changed channel cmd comp complete computing configuration configured console context control "
        "corp daily debug default dma done down edac entered errors events external fail family fan "
        "fileoutputcommitter flush full hci hid high hostname ide idle inode int ip it item json last latest "
        "library lifecycle limit line lock logs long lookup main more mount must nodes none notification notify "
        "off only open or other outbound output path physical possible post private process protocol ram rand "
        "range reading reason reset responding reverse route scan service set setting setup shared sharing sid "
        "sleep specified speeds sta started starting store success successfully sync target tasks tracker "
        "transitioned usable usbcore use used utils value variable ver vfs via wait wake wed word yarn zone "
    ),
    9: (
        "{ } "
        "accepted act alert algorithm all any assign async because before being blocked bssid button byte capture "
        "caught claim clock codec committed common container could create created creating defaulting del did dir "
        "direct directory dropped due dump during efi err established exceeded exists exit exited expected first "
        "fpu global had handle heartbeat hibernate hpd html hypervisor icon ids if index initializing invoke ipv "
        "items keepalive layer leaf listening location logrotate longer lvl mail mdns modules named networkd now "
        "null object one operation packet parse parser pending piix present proc processor profile provided proxy "
        "random reached record recovery register remote removable report resolved resumed returned routing rtc "
        "rule scanning security seq sfh should signal skip skipped skipping slave software split ssd standard "
        "static stream sts succeeded successful swap tcp than there thermal thu thunderbolt tries tsc tue txt "
        "unavailable unexpected unplug url usr util values vendor vga video was which "
    ),}  # fmt: skip
_BITS = {word: bits for bits, words in _CLASSES.items() for word in words.split()}

_UNKNOWN_BITS = 14.0
_NUMBER_BITS = 4.0
_LETTER_BITS = 2.0
"""Of each letter of a short part of a word, which may be part of words that are not in the table."""

_SHORT = 4
_BESIDE = 0.3
"""Words of one literal come together more often than chance has it: beside the rarest, the others count so much."""

_PER_DOUBLING = 0.5
"""Bits that a set of twice as many literals must be rarer: each one costs, too."""

EDGE = "\0"
"""Stands in a literal where a word begins or ends."""

_PIECE = re.compile(r"[a-z]+|[0-9]+|[^a-z0-9\s\0]")


def rarity(literals: Collection[str]) -> float:
    """Bits: about one of 2^rarity lines holds any of these lower-case literals; 0 where one of them may be anywhere."""
    share = sum(2.0 ** -_bits(literal) for literal in literals)
    return -math.log2(share) - _PER_DOUBLING * math.log2(len(literals)) if literals else 0.0


@lru_cache(maxsize=65_536)
def _bits(literal: str) -> float:
    rarest = total = 0.0
    for found in _PIECE.finditer(literal):
        whole = (found.start() > 0 and found.end() < len(literal)) or not found.group().isalnum()
        bits = _piece_bits(found.group(), whole)
        rarest, total = max(rarest, bits), total + bits
    return rarest + _BESIDE * (total - rarest)


@lru_cache(maxsize=16_384)
def _piece_bits(piece: str, whole: bool) -> float:
    """At the edge of a literal a piece may be part of any longer word."""
    if piece.isdigit():
        return _NUMBER_BITS
    if whole:
        return _BITS.get(piece, _UNKNOWN_BITS)
    bits = min((float(bits) for word, bits in _BITS.items() if piece in word), default=_UNKNOWN_BITS)
    return min(bits, _LETTER_BITS * len(piece)) if len(piece) < _SHORT else bits
