"""The coroutine rules, each with code it must accept and code it must refuse."""

import pathlib
import tempfile
import unittest

import co_await


def lines(body, **options):
    """Lines with a finding, in a function whose first line is line 2."""
    text = "Task<void> f() {\n" + body + "\n}\n"
    return [line for line, _ in co_await.check_text(text, **options)]


class NameBeforeYouAwait(unittest.TestCase):
    def test_accepts_plain_awaits(self):
        for body in (
                "co_await g(a, b);",
                "auto x = co_await g(std::move(named));",
                "if (co_await g()) {\n  h();\n}",
                "if (!co_await g()) co_return;",
                "while (auto x = co_await next()) {\n  use(x);\n}",
                "for (auto& x : co_await all()) {\n  use(X{x});\n}",
                "switch (co_await kind()) {\n  case Kind::A: {\n    h(B{1});\n  }\n}",
                "do {\n  h(A{1});\n} while (co_await more());",
                "try {\n  co_await g();\n} catch (const E& e) {\n  h(A{1});\n}",
                "if (ready) {\n  co_await g();\n} else {\n  h(A{1});\n}",
                "A a{1};\nco_await g(a);",
                "auto work = [a] { return a + 1; };\nco_await pool.run(std::move(work));",
                "// co_await g(A{1});\nlog(\"co_await {\", '{');\nco_await g(\"{}\");",
                "log(R\"x(co_await {)x\");",
                "co_await g(1'000'000);\nh(A{1});",
                "case_of: co_await g();\nh({1});"):
            self.assertEqual(lines(body), [], body)

    def test_refuses_a_brace_in_the_full_expression(self):
        for body in (
                "co_await g(A{1});",
                "co_await g({1, 2});",
                "auto x = A{co_await g()};",
                "co_return A{.b = co_await g()};",
                "co_await g([] { return 1; });",
                "co_await g([a](int b) mutable -> int { return a + b; });",
                "if (co_await g(A{1})) {\n  h();\n}",
                "if (ready) co_await g(A{1});",
                "else co_await g(A{1});",
                "co_await g(p->q, [&](int i) { return i; });",
                "co_await g()->h([&](int i) -> bool { return i; });"):
            self.assertEqual(lines(body), [2], body)

    def test_names_the_line_of_the_brace(self):
        self.assertEqual(lines("co_await g(\n    a,\n    B{1});"), [4])

    def test_looks_into_lambdas_and_nested_blocks(self):
        body = ("auto named = [](Q& q) -> Task<void> {\n"
                "  if (q.ready()) {\n"
                "    co_await q.g(A{1});\n"
                "  }\n"
                "};")
        self.assertEqual(lines(body), [4])

    def test_a_lambda_body_that_awaits_does_not_taint_its_own_definition(self):
        self.assertEqual(lines("auto named = [](Q q) -> Task<void> { co_await q.g(); };"), [])

    def test_finds_its_way_through_whole_files(self):
        text = ("#include <x>\n#define M(a) { a\n"
                "namespace zs {\n"
                "enum class E { A, B };\n"
                "struct S : T<int> {\n"
                "    int a{1};\n"
                "    S(int b) : a{b}, c_(b) {}\n"
                "    auto operator<=>(const S&) const = default;\n"
                "    Task<int> run() const { co_return co_await g(A{1}); }\n"
                "};\n"
                "template <class T>\n"
                "    requires std::integral<T>\n"
                "Task<T> twice(T x) { co_return co_await g(x); }\n"
                "}  // namespace zs\n"
                "TEST(A, B) {\n    EXPECT_TRUE(run(A{1}));\n}\n"
                "Task<void> last() { co_await g({}); }\n")
        self.assertEqual([line for line, _ in co_await.check_text(text)], [9, 18])


class Detached(unittest.TestCase):
    def test_refuses_it_anywhere_but_in_the_task_group(self):
        body = "asio::co_spawn(e, g(), asio::detached);"
        self.assertEqual(lines(body), [2])
        self.assertEqual(lines(body, allow_detached=True), [])

    def test_reads_code_not_words(self):
        body = "// never detached\nlog(\"detached\");\nint detached_rooms = 0;"
        self.assertEqual(lines(body), [])

    def test_knows_where_the_task_group_lives(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name in ("src/async/task_group.cpp", "src/async/a_test.cpp", "src/async/other.cpp",
                         "tests/task_group.cpp"):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text("void f() { g(detached); }\n")
            found = {str(path.relative_to(root)) for path, _, _ in co_await.check(root)}
        self.assertEqual(found, {"src/async/other.cpp", "tests/task_group.cpp"})


class CapturingLambdaCoroutine(unittest.TestCase):
    def test_accepts_lambdas_without_captures_or_without_coroutines(self):
        for body in ("auto c = [](Q q) -> Task<void> { co_await q.g(); };",
                     "auto c = [this, a] { return h(a); };",
                     "auto c = [a] { auto d = [](B b) -> Task<B> { co_return b; }; h(a, d); };"):
            self.assertEqual(lines(body), [], body)

    def test_refuses_captures_in_a_coroutine(self):
        for body in ("auto c = [this]() -> Task<void> { co_await g(); };",
                     "auto c = [&]() -> Task<void> { co_return; };",
                     "spawn([q = std::move(q)]() mutable -> Task<void> { co_return; });",
                     "auto c = [&]() -> Task<void> { if (a) { for (;;) { co_await g(); } } };",
                     "auto c = [x]<class T>(T t) -> Task<T> { co_return t; };"):
            self.assertEqual(lines(body), [2], body)


if __name__ == "__main__":
    unittest.main()
