"""Give every CDNOW customer an arm by a hash, so that both arms are the same: an A/A test.

Reads data/cdnow.csv.gz (customer_id, date, cds, amount) and writes data/arms.csv.
"""

import csv
import gzip
import sys
import zlib
from pathlib import Path

PRE_PERIOD = ("1997-04-01", "1998-01-01")


def main(data: Path) -> None:
    """Write one row a customer: arm, first purchase, and whether it bought in the pre-period."""
    first: dict[int, str] = {}
    active = set[int]()
    with gzip.open(data / "cdnow.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            customer, day = int(row["customer_id"]), row["date"]
            first[customer] = min(day, first.get(customer, day))
            if PRE_PERIOD[0] <= day < PRE_PERIOD[1] and float(row["amount"]) > 0:
                active.add(customer)
    with (data / "arms.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer_id", "arm", "assigned_on", "first_bought_on", "was_active"])
        for customer, day in sorted(first.items()):
            arm = zlib.crc32(f"salt:{customer}".encode()) % 2
            writer.writerow([customer, f"group_{arm}", "1998-01-01", day, customer in active])


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "data"))
