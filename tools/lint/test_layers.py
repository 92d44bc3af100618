"""The include arrows, read from the real cmake/zs_module.cmake."""

import pathlib
import shutil
import tempfile
import unittest

import cpp_text
import layers

GUARD = cpp_text.ROOT / "cmake/zs_module.cmake"


class Layers(unittest.TestCase):
    def findings(self, files):
        """files: path -> text. Answers [(path, line, message)]."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            (root / "cmake").mkdir()
            shutil.copy(GUARD, root / "cmake")
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return [(str(path.relative_to(root)), line, message)
                    for path, line, message in layers.check(root)]

    def include(self, origin, target, name="a.cpp"):
        found = self.findings({f"src/{origin}/{name}": f'#include "{target}/b.hpp"\n',
                               f"src/{target}/b.hpp": ""})
        return bool(found)

    def test_accepts_the_drawn_arrows(self):
        for origin, target in (
                ("server", "adapters/http"), ("server", "core/jobs"), ("server", "base"),
                ("adapters/http", "core/data"), ("adapters/http", "async"),
                ("adapters/sqlite_data", "sqlite"), ("adapters/usearch", "vector"),
                ("core/data", "base"), ("core/data", "async"), ("core/data", "vector"),
                ("core/collab", "yjs"), ("core/jobs", "core/identity"),
                ("core/jobs", "core/events"), ("core/workflow", "core/jobs"),
                ("core/workflow", "core/data"), ("core/workflow", "core/files"),
                ("core/media", "core/jobs"), ("sqlite", "async"), ("sqlite", "base"),
                ("async", "base"), ("yjs", "base"), ("core/data", "core/data"),
                ("adapters/relational/sqlite", "adapters/relational"),
                ("adapters/relational", "adapters/relational/postgres")):
            self.assertFalse(self.include(origin, target), f"{origin} -> {target}")

    def test_refuses_every_other_arrow(self):
        for origin, target in (
                ("base", "async"), ("async", "sqlite"), ("async", "core/jobs"), ("yjs", "vector"),
                ("vector", "async"), ("core/jobs", "core/data"), ("core/data", "core/jobs"),
                ("core/identity", "core/data"), ("core/data", "yjs"), ("core/jobs", "vector"),
                ("core/data", "sqlite"), ("core/data", "adapters/sqlite_data"),
                ("core/identity", "server"), ("adapters/http", "server"),
                ("adapters/http", "adapters/ws"),
                ("adapters/http", "adapters/relational/sqlite"),
                ("adapters/relational/sqlite", "adapters/sqlite_data"),
                ("sqlite", "core/data"), ("base", "server")):
            self.assertTrue(self.include(origin, target), f"{origin} -> {target}")

    def test_headers_count_like_sources(self):
        self.assertTrue(self.include("core/jobs", "core/data", "a.hpp"))

    def test_names_file_line_and_arrow(self):
        text = '#include <vector>\n#include "core/data/b.hpp"\n'
        found = self.findings({"src/core/jobs/a.cpp": text, "src/core/data/b.hpp": ""})
        self.assertEqual([(path, line) for path, line, _ in found], [("src/core/jobs/a.cpp", 2)])
        self.assertIn("core_jobs -> core_data is not allowed", found[0][2])

    def test_sees_a_wrong_arrow_to_a_file_that_is_not_there_yet(self):
        found = self.findings({"src/core/jobs/a.cpp": '#include "core/data/ghost.hpp"\n',
                               "src/core/data/b.hpp": ""})
        self.assertEqual(len(found), 1)

    def test_sees_a_wrong_arrow_through_a_relative_path(self):
        found = self.findings({"src/core/jobs/a.cpp": '#include "../data/b.hpp"\n',
                               "src/core/data/b.hpp": ""})
        self.assertEqual(len(found), 1)

    def test_same_folder_includes_are_fine(self):
        self.assertEqual(self.findings({"src/core/jobs/a.cpp": '#include "b.hpp"\n',
                                        "src/core/jobs/b.hpp": ""}), [])

    def test_comments_are_not_includes(self):
        text = '// #include "core/data/b.hpp"\n/*\n#include "core/data/b.hpp"\n*/\n'
        files = {"src/core/jobs/a.cpp": text, "src/core/data/b.hpp": ""}
        self.assertEqual(self.findings(files), [])

    def test_tests_and_the_precompiled_header_are_exempt(self):
        self.assertFalse(self.include("core/jobs", "adapters/http", "a_test.cpp"))
        self.assertFalse(self.include("pch", "adapters/http", "pch.hpp"))

    def test_heavy_headers_stay_in_the_sources_of_an_adapter(self):
        for name, heavy, refused in (
                ("src/adapters/http/a.cpp", "boost/beast.hpp", False),
                ("src/adapters/http/a_impl.hpp", "boost/beast/http.hpp", False),
                ("src/adapters/http/a.hpp", "boost/beast/http.hpp", True),
                ("src/sqlite/a.cpp", "sqlite3.h", False),
                ("src/sqlite/a.hpp", "sqlite3.h", True),
                ("src/adapters/relational/postgres/a.cpp", "libpq-fe.h", False),
                ("src/adapters/relational/postgres/a.hpp", "libpq-fe.h", True),
                ("src/core/data/a.cpp", "sqlite3.h", True),
                ("src/core/data/a_impl.hpp", "sqlite3.h", True),
                ("src/base/a.cpp", "boost/beast/core.hpp", True),
                ("src/base/a.cpp", "boost/asio.hpp", False)):
            self.assertEqual(bool(self.findings({name: f"#include <{heavy}>\n"})), refused,
                             f"{heavy} in {name}")

    def test_reads_the_real_guard(self):
        arrows = layers.Arrows(GUARD)
        self.assertEqual(arrows.levels, ["base", "library", "core", "adapter", "server"])
        self.assertGreaterEqual(len(arrows.extra), 10)

    def test_refuses_a_guard_it_cannot_read(self):
        with tempfile.TemporaryDirectory() as folder:
            guard = pathlib.Path(folder) / "zs_module.cmake"
            guard.write_text("set(ZS_LEVELS base core)\n")
            with self.assertRaises(SystemExit):
                layers.Arrows(guard)


if __name__ == "__main__":
    unittest.main()
