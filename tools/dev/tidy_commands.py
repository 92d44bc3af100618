#!/usr/bin/env python3
"""Rewrites build/dev/compile_commands.json for clang-tidy: it cannot read g++'s precompiled header.

The header itself is included instead. Prints the folder with the new file.
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def rewrite(command, root):
    header = root / "src/pch/pch.hpp"
    command = re.sub(r"-include \S+/cmake_pch\.hxx", f"-include {header}", command)
    return re.sub(r" (?:-Winvalid-pch|-fpch-preprocess)\b", "", command)


def main():
    build = ROOT / "build/dev"
    entries = json.loads((build / "compile_commands.json").read_text())
    for entry in entries:
        entry["command"] = rewrite(entry["command"], ROOT)
    folder = build / "tidy"
    folder.mkdir(exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps(entries, indent=1))
    print(folder)


if __name__ == "__main__":
    sys.exit(main())
