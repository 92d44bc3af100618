"""The size budgets, each just inside and just outside."""

import pathlib
import tempfile
import unittest

import budgets


def function(lines, head="void f()"):
    return head + " {\n" + "    g();\n" * (lines - 2) + "}\n"


def port(methods):
    return ("class JobStore {\npublic:\n    virtual ~JobStore() = default;\n"
            + "".join(f"    virtual Task<void> m{n}(int a = 0) = 0;  // why\n"
                      for n in range(methods))
            + "};\n")


class Budgets(unittest.TestCase):
    def findings(self, name, text):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return [(line, message) for _, line, message in budgets.check(root)]

    def assert_edge(self, name, inside, outside, line, words):
        self.assertEqual(self.findings(name, inside), [])
        found = self.findings(name, outside)
        self.assertEqual([number for number, _ in found], [line], found)
        self.assertIn(words, found[0][1])

    def test_columns(self):
        for name in ("src/a.cpp", "src/a.hpp", "tests/e2e/a.test.mjs", "tools/a.py", "dev",
                     "src/CMakeLists.txt", "cmake/a.cmake"):
            self.assert_edge(name, "#" + "x" * 99 + "\n", "#\n#" + "x" * 100 + "\n", 2,
                             "101 columns")

    def test_columns_count_characters_not_bytes(self):
        self.assertEqual(self.findings("src/a.cpp", "//" + "é" * 98 + "\n"), [])

    def test_columns_let_an_address_stand(self):
        address = "// https://example.org/" + "x" * 99 + "\n"
        self.assertEqual(self.findings("src/a.cpp", address), [])

    def test_functions(self):
        self.assert_edge("src/a.cpp", function(70), function(71), 1, "function of 71 lines")

    def test_functions_inside_namespaces_and_classes(self):
        inside = "namespace zs {\nclass A {\n" + function(71) + "};\n}\n"
        self.assertEqual([line for line, _ in self.findings("src/a.cpp", inside)], [3])

    def test_functions_with_every_kind_of_head(self):
        for head in ("A::A(int b) : b_(b), c_{b}", "auto f() const -> int", "TEST(A, B)",
                     "template <class T>\nTask<T> f(T a)", "A::~A() noexcept",
                     "bool operator==(const A& a, const A& b)"):
            text = function(80, head)
            self.assertEqual(len(self.findings("src/a.cpp", text)), 1, head)

    def test_functions_count_their_lambdas_once(self):
        text = "void f() {\n    auto g = [] {\n" + "h();\n" * 71 + "    };\n}\n"
        self.assertEqual([line for line, _ in self.findings("src/a.cpp", text)], [1])

    def test_braces_in_text_do_not_count(self):
        text = function(69) + "const char* a = \"{\";  // {\n" + function(69)
        self.assertEqual(self.findings("src/a.cpp", text), [])

    def test_tables_and_classes_are_not_functions(self):
        table = "const int kTable[] = {\n" + "    1,\n" * 90 + "};\n"
        self.assertEqual(self.findings("src/a.cpp", table), [])
        self.assertEqual(self.findings("src/a.hpp", "struct A {\n" + "    int b;\n" * 90 + "};\n"),
                         [])

    def test_file_lengths(self):
        for name, most in (("src/a.hpp", 250), ("src/a.cpp", 500), ("src/a_test.cpp", 800),
                           ("tests/support/a.cpp", 800), ("tests/support/a.hpp", 250),
                           ("tests/contract/a.hpp", 800),
                           ("tests/e2e/a.test.mjs", 800), ("tools/lint/a.py", 500)):
            self.assert_edge(name, "\n" * most, "\n" * (most + 1), most + 1,
                             f"{most + 1} lines; the budget is {most}")

    def test_ports(self):
        self.assert_edge("src/a.hpp", port(8), port(9), 1, "port with 9 pure virtual methods")

    def test_other_files_are_left_alone(self):
        self.assertEqual(self.findings("tests/corpus/json/a.cpp", "x" * 200), [])
        self.assertEqual(self.findings("docs/a.md", "x" * 200), [])
        self.assertEqual(self.findings("tools/dev/words.txt", "x" * 200), [])


if __name__ == "__main__":
    unittest.main()
