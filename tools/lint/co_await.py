#!/usr/bin/env python3
"""Rules for coroutines that g++ 12 and lifetimes make necessary (CONTRIBUTING.md, "Coroutines").

1. No `{` in a full expression that contains co_await: g++ 12.2 destroys twice an aggregate or a
   capturing lambda that is a temporary of that expression. Name it first, then move it in.
2. No `detached` outside src/async/task_group.* (and the tests of src/async, which stand below it):
   nobody would wait for it, or see it fail.
3. No capturing lambda that is itself a coroutine: its captures die with the lambda object, which
   is often gone before the coroutine resumes. Pass what it needs as parameters.
"""

import pathlib
import re
import sys

import cpp_text

_KEYWORD = re.compile(r"\bco_(?:await|return|yield)\b")


def _is_coroutine(block):
    """Looks at the block and its control flow, not into lambdas and local types."""
    if any(_KEYWORD.search(statement.text) for statement in block.statements):
        return True
    return any(_is_coroutine(inner) for inner in block.blocks
               if inner.kind in ("control", "plain"))


def _check_block(code, block):
    for statement in block.statements:
        if statement.braces and re.search(r"\bco_await\b", statement.text):
            yield (statement.braces[0],
                   "`{` in a statement with co_await: name the object or lambda in a statement "
                   "before it, then std::move it in")
    if block.kind == "lambda" and block.captures.strip() and _is_coroutine(block):
        yield (block.open,
               f"a lambda that captures [{' '.join(block.captures.split())}] is a coroutine: "
               "pass what it needs as parameters")


def check_text(text, allow_detached=False):
    """Answers [(line, message)] for one file."""
    code = cpp_text.blank(text)
    found = [finding for block in cpp_text.parse(code).walk()
             for finding in _check_block(code, block)]
    if not allow_detached:
        found += [(match.start(), "`detached`: spawn it on an async::TaskGroup, which is joined")
                  for match in re.finditer(r"\bdetached\b", code)]
    return sorted((cpp_text.line_of(code, offset), message) for offset, message in found)


def check(root):
    findings = []
    for path in cpp_text.sources(root):
        allow = path.parent == root / "src/async" and (
            path.stem == "task_group" or path.stem.endswith("_test"))
        findings += [(path, line, message)
                     for line, message in check_text(path.read_text(), allow)]
    return findings


def main():
    root = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else cpp_text.ROOT
    return cpp_text.report(root, check(root))


if __name__ == "__main__":
    sys.exit(main())
