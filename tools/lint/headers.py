#!/usr/bin/env python3
"""Every header compiles alone, twice in a row, and without the precompiled header.

Usage: headers.py [--root DIR] [--build DIR] [--jobs N] [HEADER…]

Include paths and definitions come from BUILD/compile_commands.json (default: build/dev). Each
header gets a two-line source file, compiled through ccache when it is there, so only what changed
costs time. What is expensive, and what a header includes anyway, is compiled once for all of them.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import threading

import cpp_text

WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror"]
COMPILER = [os.environ.get("CXX", "g++"), "-std=c++20", "-O0", "-g0", "-fpch-preprocess"]
# Headers of ours with large ones of others in them.
EXPENSIVE = ("src/async/task.hpp", "src/core/identity/principal.hpp", "src/base/error.hpp")
INCLUDE = re.compile(r'^\s*#\s*include "([^"]+)"', re.MULTILINE)


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


def run(root, arguments):
    """The compiler, through ccache when it is there."""
    ccache = ["ccache"] if shutil.which("ccache") else []
    return subprocess.run([*ccache, *COMPILER, *arguments], capture_output=True, text=True,
                          check=False, cwd=root,
                          env={**os.environ, "CCACHE_BASEDIR": str(root),
                               "CCACHE_SLOPPINESS": "pch_defines,time_macros"})


class Preludes:
    """Precompiled headers of what a header includes itself, so that they hide nothing."""

    def __init__(self, root, scratch, flags):
        self.root, self.scratch, self.flags = root, scratch, flags
        self.closures = {}
        self.lock = threading.Lock()
        self.made = {}

    def resolve(self, base, name):
        folders = (base, self.root / "src", self.root / "tests")
        return next((folder / name for folder in folders if (folder / name).is_file()), None)

    def closure(self, header):
        """All headers of ours that this one includes, directly or not."""
        if header not in self.closures:
            self.closures[header] = found = set()  # also ends circles
            base = self.root / header.relative_to(self.root).parts[0]
            for name in INCLUDE.findall(header.read_text()):
                included = self.resolve(base, name)
                if included is not None:
                    found |= {included} | self.closure(included)
        return self.closures[header]

    def options(self, header):
        """What to compile this header with."""
        with self.lock:
            closure = self.closure(header)
            names = tuple(name for name in EXPENSIVE if self.root / name in closure)
            if names and names not in self.made:
                self.made[names] = self.make(names)
            return self.made.get(names, [])

    def make(self, names):
        path = self.scratch / f"with_{'_'.join(pathlib.Path(name).stem for name in names)}.hpp"
        path.write_text("".join(f'#include "{name.removeprefix("src/")}"\n' for name in names))
        done = run(self.root, [*self.flags, "-x", "c++-header", str(path), "-o", f"{path}.gch"])
        # One that does not compile is reported as the header that it is.
        return ["-include", str(path)] if done.returncode == 0 else []


def compile_alone(header, root, scratch, flags, preludes):
    """Answers None, or (header, line, message)."""
    base = root / header.relative_to(root).parts[0]
    name = header.relative_to(base)
    stub = scratch / f"{header.relative_to(root).as_posix().replace('/', '__')}.cpp"
    text = f'#include "{name}"\n#include "{name}"\n'
    if not stub.is_file() or stub.read_text() != text:
        stub.write_text(text)
    # Its own tree comes first: tests/support and bench/support have headers of the same name.
    done = run(root, [*WARNINGS, *preludes.options(header), f"-I{base}", *flags,
                      "-c", str(stub), "-o", str(stub.with_suffix(".o"))])
    if done.returncode == 0:
        return None
    errors = [line for line in done.stderr.splitlines() if "error:" in line]
    first = (errors or done.stderr.splitlines() or ["the compiler failed"])[0].strip()
    return header, 1, f"does not compile alone: {first}"


def check(root, build, jobs=2, only=()):
    scratch = build / "lint_headers"
    scratch.mkdir(parents=True, exist_ok=True)
    flags = project_flags(root, build)
    preludes = Preludes(root, scratch, flags)
    headers = [pathlib.Path(path).resolve() for path in only] or [
        path for path in cpp_text.sources(root, suffixes=(".hpp",))
        if path.parent != root / "src/pch"]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        results = pool.map(
            lambda header: compile_alone(header, root, scratch, flags, preludes), headers)
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
