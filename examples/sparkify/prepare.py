"""Give every Sparkify user an arm by a hash, so that both arms are the same: an A/A test.

Reads data/train_data_full.parquet and data/test_data_full.parquet and writes data/users.parquet.
"""

import sys
import zlib
from pathlib import Path

import duckdb


def main(data: Path) -> None:
    """Write one row a user: the original columns and the arm."""
    connection = duckdb.connect()
    files = [str(data / f"{part}_data_full.parquet") for part in ("train", "test")]
    users = connection.execute("SELECT userId FROM read_parquet(?)", [files]).fetchall()
    arms = [(user, f"group_{zlib.crc32(f'salt:{user}'.encode()) % 2}") for (user,) in users]
    connection.execute("CREATE TABLE arms (user_id VARCHAR, arm VARCHAR)")
    connection.execute("INSERT INTO arms SELECT unnest(?), unnest(?)", [list(part) for part in zip(*arms, strict=True)])
    connection.execute(
        "CREATE TABLE users AS SELECT u.*, a.arm FROM read_parquet(?) u JOIN arms a ON a.user_id = u.userId", [files]
    )
    connection.execute(f"COPY users TO '{data / 'users.parquet'}' (FORMAT parquet)")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "data"))
