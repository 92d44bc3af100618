#!/usr/bin/env python3
"""Usage: integrity.py DIRECTORY. Prints what is wrong in each SQLite database below it, one line
each, then "N databases"."""

import math
import pathlib
import sqlite3
import struct
import sys

MAGIC = b"SQLite format 3\0"


def databases(directory):
    for path in sorted(pathlib.Path(directory).rglob("*")):
        if not path.is_file():
            continue
        with path.open("rb") as file:
            start = file.read(len(MAGIC))
        # A new database may still be whole in its log, and its file empty.
        if start == MAGIC or (not start and pathlib.Path(f"{path}-wal").exists()):
            yield path


def vec_check(value, dimensions):
    """What the CHECK of a VECTOR(n) column calls: a function of the server's, written once more."""
    if value is None:
        return 1
    if not isinstance(value, bytes) or len(value) != 4 * dimensions:
        return 0
    return int(all(map(math.isfinite, struct.unpack(f"<{dimensions}f", value))))


def problems(path):
    connection = sqlite3.connect(path)
    connection.create_function("vec_check", 2, vec_check, deterministic=True)
    try:
        for (text,) in connection.execute("pragma integrity_check"):
            if text != "ok":
                yield text
        for row in connection.execute("pragma foreign_key_check"):
            yield f"foreign key: {row}"
    except sqlite3.DatabaseError as error:
        yield str(error)
    finally:
        connection.close()


def main():
    count = 0
    for path in databases(sys.argv[1]):
        count += 1
        for text in problems(path):
            print(f"{path.name}: {text}")
    print(f"{count} databases")


main()
