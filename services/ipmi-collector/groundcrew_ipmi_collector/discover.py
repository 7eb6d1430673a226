"""`python -m groundcrew_ipmi_collector.discover 10.20.0.0/24 ...`: BMCs of subnets, where there is only this service.

The same as `groundcrew inventory discover`, for the collector's container, which is what reaches the BMCs; prints
lines for inventory.toml, or for a CSV file, and writes nothing.
"""

import argparse
import asyncio
import sys

from groundcrew_ipmi_collector.discovery.discovering import How, discover
from groundcrew_ipmi_collector.discovery.found import as_csv, as_toml
from groundcrew_ipmi_collector.discovery.ranges import RangesError, addresses


def main(arguments: list[str]) -> int:
    """Exit code: 0 where BMCs were found, 1 where none were, 2 where the addresses make no sense."""
    usual = How()
    parser = argparse.ArgumentParser(prog="python -m groundcrew_ipmi_collector.discover")
    parser.add_argument("subnets", nargs="+", help="10.20.0.0/24, 10.20.0.10-40 or an address")
    parser.add_argument("--port", type=int, default=usual.port, help="of IPMI")
    parser.add_argument("--redfish-port", type=int, default=usual.redfish_port)
    parser.add_argument("--pin", action="store_true", help="trust the certificates that they show now")
    parser.add_argument("--csv", action="store_true", help="rows of a CSV file rather than TOML")
    asked = parser.parse_args(arguments)
    try:
        named = addresses([("argument", item) for item in asked.subnets])
        found = asyncio.run(discover(named, How(port=asked.port, redfish_port=asked.redfish_port)))
    except (RangesError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    entries = [one.entry(port=asked.port, redfish_port=asked.redfish_port, pin=asked.pin) for one in found]
    sys.stdout.write(as_csv(entries) if asked.csv else as_toml(found, entries, len(named)))
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
