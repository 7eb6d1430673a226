"""`python -m groundcrew_ipmi_collector.lab`: simulated BMCs until standard input ends.

The user is `groundcrew`; the password is IPMI_PASSWORD's.
"""

import argparse
import os
from collections.abc import Sequence

from groundcrew_ipmi_collector.lab.serving import Wanted, run


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m groundcrew_ipmi_collector.lab", description=__doc__)
    parser.add_argument("--count", type=int, default=10, help="BMCs")
    parser.add_argument("--first-port", type=int, default=9_001, help="port of the first; the others follow")
    parser.add_argument("--sensors", type=int, default=60, help="sensors of each")
    parser.add_argument("--records", type=int, default=300, help="event log records of each at the start")
    wanted = Wanted(**vars(parser.parse_args(words)))
    password = os.environ.get("IPMI_PASSWORD", "")
    if not password:
        parser.error("IPMI_PASSWORD is not set: it is the password of the user groundcrew")
    try:
        run(wanted, password, ends_with_input=True)
    except OSError as error:
        parser.error(f"a port from {wanted.first_port} on cannot be used: {error.strerror or error}")


if __name__ == "__main__":
    main()
