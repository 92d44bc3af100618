#!/usr/bin/env python3
"""Every header compiles alone, twice in a row, and without the precompiled header.

Usage: headers.py [--root DIR] [--build DIR] [--jobs N] [HEADER…]

Include paths and definitions come from BUILD/compile_commands.json (default: build/dev). Each
header gets a two-line source file, compiled through ccache when it is there, so only what changed
costs time.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

import cpp_text

WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror"]


def project_flags(root, build):
    """The -I, -isystem and -D options of all our sources, once each."""
    database = build / "compile_commands.json"
    if not database.is_file():
        sqlite = root / "deps/node_modules/better-sqlite3/deps/sqlite3"
        return [f"-I{root}/src", f"-I{root}/tests", "-isystem", str(sqlite)]
    flags = [f"-I{root}/src", f"-I{root}/tests"]
    seen = set(flags)
    for entry in json.loads(database.read_text()):
        if not entry["file"].endswith(".cpp"):
            continue
        words = iter(shlex.split(entry["command"]))
        for word in words:
            if word == "-isystem":
                option = (word, next(words))
            elif word.startswith(("-I", "-D")):
                option = (word,)
            else:
                continue
            if option not in seen and option[0] not in seen:
                seen.add(option)
                flags += option
    return flags


def compile_alone(header, root, scratch, flags):
    """Answers None, or (header, line, message)."""
    base = root / header.relative_to(root).parts[0]
    name = header.relative_to(base)
    stub = scratch / f"{header.relative_to(root).as_posix().replace('/', '__')}.cpp"
    text = f'#include "{name}"\n#include "{name}"\n'
    if not stub.is_file() or stub.read_text() != text:
        stub.write_text(text)
    # Its own tree comes first: tests/support and bench/support have headers of the same name.
    command = [os.environ.get("CXX", "g++"), "-std=c++20", "-O0", "-g0", *WARNINGS,
               f"-I{base}", *flags]
    if shutil.which("ccache"):
        command = ["ccache", *command, "-c", str(stub), "-o", str(stub.with_suffix(".o"))]
    else:
        command += ["-fsyntax-only", str(stub)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root,
                          env={**os.environ, "CCACHE_BASEDIR": str(root)})
    if done.returncode == 0:
        return None
    errors = [line for line in done.stderr.splitlines() if "error:" in line]
    first = (errors or done.stderr.splitlines() or ["the compiler failed"])[0].strip()
    return header, 1, f"does not compile alone: {first}"


def check(root, build, jobs=2, only=()):
    scratch = build / "lint_headers"
    scratch.mkdir(parents=True, exist_ok=True)
    flags = project_flags(root, build)
    headers = [pathlib.Path(path).resolve() for path in only] or [
        path for path in cpp_text.sources(root, suffixes=(".hpp",))
        if path.parent != root / "src/pch"]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        results = pool.map(lambda header: compile_alone(header, root, scratch, flags), headers)
        return [result for result in results if result]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=cpp_text.ROOT)
    parser.add_argument("--build", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("header", nargs="*")
    options = parser.parse_args()
    root = options.root.resolve()
    build = (options.build or root / "build/dev").resolve()
    return cpp_text.report(root, check(root, build, options.jobs, options.header))


if __name__ == "__main__":
    sys.exit(main())
