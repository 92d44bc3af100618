#!/usr/bin/env python3
"""Size budgets: what is read in one go stays small (CONTRIBUTING.md, "Budgets")."""

import pathlib
import re
import sys

import cpp_text

COLUMNS_MAX = 100
FUNCTION_LINES_MAX = 70
HEADER_LINES_MAX = 250
SOURCE_LINES_MAX = 500
TEST_LINES_MAX = 800
PORT_METHODS_MAX = 8

FOLDERS = ("src", "tests", "bench", "tools", "cmake", "examples")
SUFFIXES = (".hpp", ".cpp", ".py", ".mjs", ".sh", ".cmake", ".txt")

_URL_ONLY = re.compile(r"^\W*\S*https?://\S+\W*$")
_PURE_VIRTUAL = re.compile(r"\bvirtual\b.*=\s*0\s*$", re.DOTALL)
_TEST_FILE = re.compile(r"(?:_test\.cpp|^test_.*\.py|\.test\.mjs)$")


def lines_max(path, root):
    """How many lines a file may have, and what to call it."""
    folders = path.relative_to(root).parts
    if path.suffix == ".hpp" and folders[:2] != ("tests", "contract"):  # suites are templates
        return HEADER_LINES_MAX, "header"
    if _TEST_FILE.search(path.name) or folders[0] == "tests":
        return TEST_LINES_MAX, "test"
    return SOURCE_LINES_MAX, "source"


def _functions(block):
    """The outermost functions: what is inside one, lambdas too, counts for it."""
    for inner in block.blocks:
        if inner.kind == "function":
            yield inner
        else:
            yield from _functions(inner)


def check_cpp(text):
    """Answers [(line, message)] for the budgets that need to know functions and classes."""
    code = cpp_text.blank(text)
    tree = cpp_text.parse(code)
    for function in _functions(tree):
        first = cpp_text.line_of(code, function.start)
        length = cpp_text.line_of(code, function.close) - first + 1
        if length > FUNCTION_LINES_MAX:
            yield first, f"function of {length} lines; the budget is {FUNCTION_LINES_MAX}: split it"
    for block in tree.walk():
        if block.kind != "type":
            continue
        methods = sum(1 for statement in block.statements if _PURE_VIRTUAL.search(statement.text))
        if methods > PORT_METHODS_MAX:
            yield (cpp_text.line_of(code, block.start),
                   f"port with {methods} pure virtual methods; the budget is {PORT_METHODS_MAX}: "
                   "make two ports of it")


def check_file(path, root):
    text = path.read_text(encoding="utf-8")
    rows = text.splitlines()
    for number, row in enumerate(rows, 1):
        if len(row) > COLUMNS_MAX and not _URL_ONLY.match(row):
            yield number, f"{len(row)} columns; the budget is {COLUMNS_MAX}"
    most, kind = lines_max(path, root)
    if len(rows) > most:
        yield most + 1, f"{kind} of {len(rows)} lines; the budget is {most}: split it"
    if path.suffix in (".hpp", ".cpp"):
        yield from check_cpp(text)


def check(root):
    paths = list(cpp_text.sources(root, FOLDERS, SUFFIXES))
    paths = [path for path in paths if path.suffix != ".txt" or path.name == "CMakeLists.txt"]
    paths = [path for path in paths if "corpus" not in path.relative_to(root).parts]
    paths += [path for path in (root / "dev", root / "CMakeLists.txt") if path.is_file()]
    return [(path, line, message)
            for path in paths for line, message in sorted(check_file(path, root))]


def main():
    root = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else cpp_text.ROOT
    return cpp_text.report(root, check(root))


if __name__ == "__main__":
    sys.exit(main())
