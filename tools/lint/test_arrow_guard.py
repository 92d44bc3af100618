"""zs_module() in cmake/zs_module.cmake refuses a wrong arrow while CMake configures."""

import pathlib
import subprocess
import tempfile
import textwrap
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

PROJECT = """\
cmake_minimum_required(VERSION 3.25)
set(CMAKE_CXX_COMPILER_WORKS 1)
project(arrow_guard LANGUAGES CXX)
add_library(zs_warnings INTERFACE)
add_library(zs_boost INTERFACE)
add_library(fmt::fmt INTERFACE IMPORTED)
add_library(zs_pch OBJECT empty.cpp)
target_precompile_headers(zs_pch PRIVATE empty.hpp)
include("{guard}")
"""

# Every real module that an arrow of ZS_EXTRA_ARROWS names, from the bottom up.
MODULES = """\
zs_module(base LEVEL base SOURCES empty.cpp)
zs_module(async LEVEL library SOURCES empty.cpp DEPS base)
zs_module(yjs LEVEL library SOURCES empty.cpp DEPS base)
zs_module(vector LEVEL library SOURCES empty.cpp DEPS base)
zs_module(sqlite LEVEL library SOURCES empty.cpp DEPS async base)
zs_module(core_identity LEVEL core SOURCES empty.cpp DEPS async base)
zs_module(core_events LEVEL core SOURCES empty.cpp DEPS async core_identity)
zs_module(core_data LEVEL core SOURCES empty.cpp DEPS vector core_identity core_events)
zs_module(core_files LEVEL core SOURCES empty.cpp DEPS core_identity)
zs_module(core_jobs LEVEL core SOURCES empty.cpp DEPS core_identity core_events)
zs_module(core_workflow LEVEL core SOURCES empty.cpp DEPS core_jobs core_data core_files)
zs_module(core_collab LEVEL core SOURCES empty.cpp DEPS yjs core_events)
zs_module(core_media LEVEL core SOURCES empty.cpp DEPS core_jobs)
zs_module(adapters_relational LEVEL adapter SOURCES empty.cpp DEPS core_identity core_jobs)
zs_module(adapters_relational_sqlite LEVEL adapter SOURCES empty.cpp
          DEPS sqlite adapters_relational)
zs_module(adapters_http LEVEL adapter SOURCES empty.cpp DEPS core_identity core_data async)
"""


def configure(modules):
    """Configures a project of these modules; answers (exit code, output)."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder)
        guard = ROOT / "cmake" / "zs_module.cmake"
        (source / "CMakeLists.txt").write_text(PROJECT.format(guard=guard) + modules)
        (source / "empty.cpp").write_text("")
        (source / "empty.hpp").write_text("")
        done = subprocess.run(
            ["cmake", "-S", folder, "-B", str(source / "build"), "-G", "Ninja"],
            capture_output=True, text=True, check=False)
        return done.returncode, " ".join((done.stdout + done.stderr).split())


class ArrowGuard(unittest.TestCase):
    def refused(self, line, because):
        code, output = configure(MODULES + textwrap.dedent(line))
        self.assertNotEqual(code, 0, f"configured, but should not: {line}")
        self.assertIn(because, output)

    def test_accepts_every_arrow_that_is_drawn(self):
        code, output = configure(
            MODULES + "zs_module(server LEVEL server SOURCES empty.cpp"
                      " DEPS adapters_http adapters_relational_sqlite core_workflow base)\n")
        self.assertEqual(code, 0, output)

    def test_refuses_core_to_adapter(self):
        self.refused("zs_module(core_late LEVEL core SOURCES empty.cpp DEPS adapters_http)",
                     "core_late (core) -> adapters_http (adapter) is not allowed")

    def test_refuses_adapter_to_adapter(self):
        self.refused("zs_module(adapters_ws LEVEL adapter SOURCES empty.cpp DEPS adapters_http)",
                     "adapters_ws (adapter) -> adapters_http (adapter) is not allowed")

    def test_refuses_a_core_arrow_that_is_not_drawn(self):
        self.refused("zs_module(core_chat LEVEL core SOURCES empty.cpp DEPS core_data)",
                     "core_chat (core) -> core_data (core) is not allowed")

    def test_refuses_core_to_a_library_that_is_a_technology(self):
        self.refused("zs_module(core_chat LEVEL core SOURCES empty.cpp DEPS sqlite)",
                     "core_chat (core) -> sqlite (library) is not allowed")

    def test_refuses_base_to_library(self):
        self.refused("zs_module(strings LEVEL base SOURCES empty.cpp DEPS async)",
                     "strings (base) -> async (library) is not allowed")

    def test_refuses_a_module_nobody_declared(self):
        self.refused("zs_module(core_chat LEVEL core SOURCES empty.cpp DEPS core_ghost)",
                     "DEPS names core_ghost, which is not a module declared before it")

    def test_refuses_an_unknown_level(self):
        self.refused("zs_module(core_chat LEVEL middle SOURCES empty.cpp)",
                     "LEVEL must be one of")


if __name__ == "__main__":
    unittest.main()
