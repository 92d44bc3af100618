"""Headers that compile alone, and headers that lean on somebody else's includes."""

import json
import pathlib
import tempfile
import unittest

import headers


class Headers(unittest.TestCase):
    def findings(self, files, commands=()):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            build = root / "build/dev"
            build.mkdir(parents=True)
            if commands:
                (build / "compile_commands.json").write_text(json.dumps(
                    [{"file": "a.cpp", "command": command.format(root=root)}
                     for command in commands]))
            return [(str(path.relative_to(root)), message)
                    for path, _, message in headers.check(root, build)]

    def test_accepts_a_header_that_includes_what_it_uses(self):
        self.assertEqual(self.findings({
            "src/base/a.hpp": "#pragma once\n#include <string>\ninline std::string a;\n",
            "src/base/b.hpp": '#pragma once\n#include "base/a.hpp"\ninline auto b = a;\n',
            "tests/support/c.hpp": '#pragma once\n#include "base/b.hpp"\ninline auto c = b;\n',
        }), [])

    def test_refuses_a_header_that_does_not(self):
        found = self.findings({
            "src/base/a.hpp": "#pragma once\n#include <string>\n",
            "src/base/b.hpp": "#pragma once\ninline std::string b;\n"})
        self.assertEqual([path for path, _ in found], ["src/base/b.hpp"])
        self.assertIn("does not compile alone", found[0][1])

    def test_refuses_a_header_that_cannot_be_included_twice(self):
        found = self.findings({"src/base/a.hpp": "struct A {};\n"})
        self.assertEqual([path for path, _ in found], ["src/base/a.hpp"])

    def test_what_is_compiled_once_hides_nothing(self):
        files = {
            "src/base/error.hpp": "#pragma once\n#include <string>\nusing Text = std::string;\n",
            "src/base/a.hpp": '#pragma once\n#include "base/error.hpp"\ninline Text a;\n',
            "src/base/b.hpp": '#pragma once\n#include "base/a.hpp"\ninline Text b = a;\n',
            "src/base/c.hpp": "#pragma once\ninline Text c;\n"}
        self.assertEqual([path for path, _ in self.findings(files)], ["src/base/c.hpp"])
        files["src/base/error.hpp"] = "#pragma once\nusing Text = std::string;\n"
        self.assertEqual([path for path, _ in self.findings(files)],
                         ["src/base/a.hpp", "src/base/b.hpp", "src/base/c.hpp",
                          "src/base/error.hpp"])

    def test_refuses_warnings(self):
        found = self.findings({
            "src/base/a.hpp": "#pragma once\ninline int a(long b) { return b; }\n"})
        self.assertEqual([path for path, _ in found], ["src/base/a.hpp"])

    def test_leaves_the_precompiled_header_out_of_it(self):
        files = {"src/pch/pch.hpp": "#include <string>\n",
                 "src/base/a.hpp": "#pragma once\ninline std::string a;\n"}
        command = "g++ -I{root}/src -Winvalid-pch -include {root}/src/pch/pch.hpp -c a.cpp"
        self.assertEqual([path for path, _ in self.findings(files, [command])],
                         ["src/base/a.hpp"])

    def test_prefers_the_tree_a_header_belongs_to(self):
        self.assertEqual(self.findings({
            "tests/support/a.hpp": "#pragma once\n",
            "bench/support/a.hpp": "#pragma once\n#define A 1\n",
            "bench/support/b.hpp": '#pragma once\n#include "support/a.hpp"\ninline int b = A;\n',
        }, ["g++ -I{root}/bench -c a.cpp"]), [])

    def test_takes_paths_and_definitions_from_the_build(self):
        files = {"vendor/v.h": "#define V 1\n",
                 "src/base/a.hpp": "#pragma once\n#include <v.h>\ninline int a = V + W;\n"}
        self.assertEqual(len(self.findings(files)), 1)
        command = "g++ -DW=2 -isystem {root}/vendor -c a.cpp"
        self.assertEqual(self.findings(files, [command]), [])


if __name__ == "__main__":
    unittest.main()
