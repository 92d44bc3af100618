#!/usr/bin/env python3
"""Refuses an #include that docs/architecture.md draws no arrow for.

The levels and the extra arrows are read from cmake/zs_module.cmake, so what may be linked and what
may be included is one list. Tests (`*_test.cpp`) and the precompiled header are exempt. Headers of
heavy third-party libraries stay in the .cpp files (or a `*_impl.hpp`) of an adapter or of sqlite.
"""

import pathlib
import re
import sys

import cpp_text

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">\n]+)[">]', re.MULTILINE)
_HEAVY = re.compile(r"^(?:boost/beast(?:/.*|\.hpp)|sqlite3\.h|libpq-fe\.h|curl/.*)$")
_EXEMPT = re.compile(r"(?:_test|_bench|_fuzz)\.(?:cpp|hpp)$")


class Arrows:
    """The levels and arrows of cmake/zs_module.cmake."""

    def __init__(self, guard):
        text = re.sub(r"^\s*#.*$", "", guard.read_text(encoding="utf-8"), flags=re.MULTILINE)
        self.levels = self._list(text, "ZS_LEVELS").split()
        self.extra = [re.compile(f"^{arrow}$")
                      for arrow in re.findall(r'"([^"]+)"', self._list(text, "ZS_EXTRA_ARROWS"))]
        if len(self.levels) < 2 or not self.extra:
            raise SystemExit(f"{guard}: cannot read ZS_LEVELS and ZS_EXTRA_ARROWS")

    @staticmethod
    def _list(text, name):
        found = re.search(rf"set\({name}\b([^)]*)\)", text)
        return found.group(1) if found else ""

    def allowed(self, origin, target):
        if origin == target:
            return True
        origin_level, target_level = level_of(origin), level_of(target)
        below = self.levels.index(target_level) < self.levels.index(origin_level)
        if below and (origin_level, target_level) != ("core", "library"):
            return True
        return any(arrow.match(f"{origin}->{target}") for arrow in self.extra)


def level_of(module):
    first = module.split("_")[0]
    return {"base": "base", "core": "core", "adapters": "adapter", "server": "server"}.get(
        first, "library")


def module_of(parts):
    """The module of a path below src/; an adapter's sub-folders are the adapter."""
    return "_".join(parts[:2] if parts[0] in ("core", "adapters") else parts[:1])


def includes(text):
    """Answers [(line, "<" or '"', path)]."""
    text = cpp_text.without_comments(text)
    return [(cpp_text.line_of(text, match.start(2)), match.group(1), match.group(2))
            for match in _INCLUDE.finditer(text)]


def _target(path, src, name):
    """Which module of ours a quoted include names, or None."""
    beside = (path.parent / name).resolve()
    for file in (src / name, beside):
        if file.is_file() and src in file.resolve().parents:
            return module_of(file.resolve().relative_to(src).parts[:-1] or ("src",))
    first = name.split("/")[0]
    return module_of(name.split("/")[:-1]) if (src / first).is_dir() and "/" in name else None


def _may_be_heavy(path, module):
    home = level_of(module) == "adapter" or module == "sqlite"
    return home and (path.suffix == ".cpp" or path.name.endswith("_impl.hpp"))


def check(root):
    arrows = Arrows(root / "cmake/zs_module.cmake")
    src = root / "src"
    findings = []
    for path in cpp_text.sources(root, ("src",)):
        parts = path.relative_to(src).parts[:-1]
        if not parts or parts[0] == "pch" or _EXEMPT.search(path.name):
            continue
        module = module_of(parts)
        for line, quote, name in includes(path.read_text(encoding="utf-8")):
            if _HEAVY.match(name) and not _may_be_heavy(path, module):
                findings.append((path, line, f"<{name}> belongs into a .cpp file or a *_impl.hpp "
                                             "of its adapter: it costs seconds per includer"))
            target = _target(path, src, name) if quote == '"' else None
            if target and not arrows.allowed(module, target):
                findings.append((path, line, f"the arrow {module} -> {target} is not allowed "
                                             f"(#include \"{name}\"); see docs/architecture.md"))
    return findings


def main():
    root = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else cpp_text.ROOT
    return cpp_text.report(root, check(root))


if __name__ == "__main__":
    sys.exit(main())
