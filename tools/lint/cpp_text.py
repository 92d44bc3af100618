"""Reads C++ just well enough for the lints: no preprocessor, no types, only text and braces.

`blank()` removes what is not code and keeps every offset; `parse()` turns the rest into a tree of
statements and blocks. Both are written for formatted code of this repository, not for any C++.
"""

import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]

_TOKEN = re.compile(
    r'R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"'  # raw string
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])*'"  # a quote after a digit separates digits
    r"|//(?:\\\n|[^\n])*"
    r"|/\*.*?\*/"
    r"|^[ \t]*\#(?:\\\n|[^\n])*",
    re.DOTALL | re.MULTILINE)


def blank(text):
    """The same text with comments, literals and preprocessor lines overwritten by spaces."""
    def spaces(match):
        found = match.group(0)
        keep = "".join("\n" if char == "\n" else " " for char in found)
        if found[0] in "\"'R":  # a literal stays visible as one, so `f("")` keeps an argument
            return '"' + keep[1:-1] + '"'
        return keep
    return _TOKEN.sub(spaces, text)


def without_comments(text):
    """The same text with comments overwritten by spaces; literals and #include lines stay."""
    def spaces(match):
        found = match.group(0)
        if not found.startswith(("//", "/*")):
            return found
        return "".join("\n" if char == "\n" else " " for char in found)
    pattern = re.compile(_TOKEN.pattern.rsplit("|^", 1)[0], re.DOTALL | re.MULTILINE)
    return pattern.sub(spaces, text)


@dataclasses.dataclass
class Statement:
    """Code up to `;`, or the header of a block. `text` has no nested lambda bodies in it."""
    start: int
    text: str = ""
    braces: list = dataclasses.field(default_factory=list)  # offsets of init lists and lambdas
    block: "Block | None" = None


@dataclasses.dataclass
class Block:
    """Braces that hold statements. kind: file, function, lambda, control, type or plain."""
    kind: str
    start: int  # of the statement it belongs to
    open: int
    close: int = -1
    header: str = ""
    captures: str = ""
    statements: list = dataclasses.field(default_factory=list)
    blocks: list = dataclasses.field(default_factory=list)

    def walk(self):
        yield self
        for block in self.blocks:
            yield from block.walk()


_CONTROL = re.compile(r"^(?:else\s+)?(?:if|while|for|switch|catch)\b(?:\s+constexpr)?\s*$")
_TYPE = re.compile(
    r"^(?:template\s*<.*>\s*)?(?:requires\b.*)?(?:export\s+|typedef\s+|static\s+|inline\s+)*"
    r"(?:class|struct|union|enum|namespace|extern)\b", re.DOTALL)
_SPECIFIERS = re.compile(
    r"(?:\s*(?:const|noexcept|override|final|mutable|constexpr|&&?|try)"
    r"|\s*noexcept\s*\([^()]*\))*$")
_TYPE_NAME = re.compile(r"^[\w:<>,\s*&]*$")
_BEFORE_LAMBDA = re.compile(
    r"(?:^|[-+*/%&|^=<>!?:,;({\[~]|\b(?:return|co_return|co_await|co_yield))$")


def _matching_open(text, close):
    """Offset of the bracket that `text[close]` closes, or -1."""
    pairs = {")": "(", "]": "[", ">": "<"}
    opener, closer, depth = pairs[text[close]], text[close], 0
    for index in range(close, -1, -1):
        if text[index] == closer and not (closer == ">" and text[index - 1] == "-"):
            depth += 1
        elif text[index] == opener:
            depth -= 1
            if depth == 0:
                return index
    return -1


def _introducer(text):
    """When `text` ends with a lambda introducer `[…]`, the offset of its bracket, else -1."""
    text = text.rstrip()
    if text.endswith(">"):  # [captures]<class T>(…)
        text = text[:max(_matching_open(text, len(text) - 1), 0)].rstrip()
    if not text.endswith("]"):
        return -1
    at = _matching_open(text, len(text) - 1)
    before = text[:at].rstrip()
    return at if at >= 0 and _BEFORE_LAMBDA.search(before) else -1


def _without_specifiers(text):
    return _SPECIFIERS.sub("", text.rstrip()).rstrip()


def _callable_before(text):
    """What a `{` after `text` opens: ("lambda", captures), ("function", "") or (None, "")."""
    head, arrow, result = text.rpartition("->")
    head = _without_specifiers(head)
    if not (arrow and _TYPE_NAME.match(result) and head.endswith((")", "]"))):
        head = _without_specifiers(text)
    at = _introducer(head)
    if at >= 0:
        return "lambda", head[at + 1:head.rindex("]")]
    if not head.endswith(")"):
        return None, ""
    open_paren = _matching_open(head, len(head) - 1)
    before = head[:open_paren].rstrip() if open_paren >= 0 else ""
    at = _introducer(before)
    if at >= 0:
        return "lambda", before[at + 1:before.rindex("]")]
    if re.search(r"[\w>\]=+\-*/!()]$", before):
        return "function", ""
    return None, ""


class _Parser:
    def __init__(self, code):
        self.code = code
        self.at = 0

    def block(self, kind, start, header="", captures=""):
        """Reads statements up to the closing brace; `at` is just behind the opening one."""
        block = Block(kind, start, self.at - 1, header=header, captures=captures)
        while self.at < len(self.code):
            if self.code[self.at].isspace() or self.code[self.at] == ";":
                self.at += 1
            elif self.code[self.at] == "}":
                self.at += 1
                break
            else:
                self.statement(block)
        block.close = self.at - 1
        return block

    def statement(self, parent):
        statement = Statement(self.at)
        parent.statements.append(statement)
        depth, pieces, piece = [], [], self.at

        def text():
            return "".join(pieces) + self.code[piece:self.at]

        while self.at < len(self.code):
            char = self.code[self.at]
            if char in "([":
                depth.append(char)
            elif char in ")]":
                if depth and depth[-1] != "{":
                    depth.pop()
                if char == ")" and not depth and self._is_control(text() + ")"):
                    self.at += 1
                    statement.text = text()
                    self._control_body(parent, statement)
                    return
            elif char == ";" and not depth:
                statement.text = text()
                self.at += 1
                return
            elif char == ":" and not depth and self._ends_label(text()):
                self.at += 1
                statement.text = text()
                return
            elif char == "}":
                if depth and depth[-1] == "{":
                    depth.pop()
                else:
                    statement.text = text()
                    return
            elif char == "{":
                head = text()
                kind, captures = self._classify(head, depth)
                if kind == "init":
                    statement.braces.append(self.at)
                    depth.append("{")
                else:
                    if kind == "lambda":
                        statement.braces.append(self.at)
                    self.at += 1
                    inner = self.block(kind, statement.start, head.strip(), captures)
                    parent.blocks.append(inner)
                    if kind != "lambda":
                        statement.text, statement.block = head, inner
                        return
                    pieces = [head, "{}"]
                    piece = self.at
                    continue
            self.at += 1
        statement.text = text()

    def _control_body(self, parent, statement):
        while self.at < len(self.code) and self.code[self.at].isspace():
            self.at += 1
        if self.at < len(self.code) and self.code[self.at] == "{":
            self.at += 1
            statement.block = self.block("control", statement.start, statement.text.strip())
            parent.blocks.append(statement.block)

    @staticmethod
    def _is_control(text):
        text = text.strip()
        open_paren = _matching_open(text, len(text) - 1)
        return open_paren >= 0 and bool(_CONTROL.match(text[:open_paren]))

    def _ends_label(self, text):
        if self.code[self.at + 1:self.at + 2] == ":" or text.endswith(":"):
            return False
        return bool(re.match(r"\s*(?:case\b.*|default|public|private|protected)\s*$", text,
                             re.DOTALL))

    def _classify(self, head, depth):
        text = head.strip()
        kind, captures = _callable_before(text)
        if kind == "lambda":
            return kind, captures
        if depth:
            return "init", ""
        if not text or re.search(r"(?:^|\b)(?:else|do|try)$", text):
            return "plain", ""
        if kind == "function" or text.endswith("}"):  # `}` ends a constructor's init list
            return "function", ""
        if _TYPE.match(text) and not text.endswith("="):
            return "type", ""
        # A function whose head ends in a requires clause holds statements; a list does not.
        return ("function", "") if self._holds_statements() else ("init", "")

    def _holds_statements(self):
        depth = 0
        for char in self.code[self.at:]:
            if char in "({[":
                depth += 1
            elif char in ")}]":
                depth -= 1
                if depth == 0:
                    return False
            elif char == ";" and depth == 1:
                return True
        return False


def parse(code):
    """The tree of `code`, which is text that went through blank()."""
    parser = _Parser(code)
    block = parser.block("file", 0)
    while parser.at < len(code):  # an unbalanced brace must not hide the rest of the file
        rest = parser.block("file", parser.at)
        block.statements += rest.statements
        block.blocks += rest.blocks
    block.open, block.close = 0, len(code)
    return block


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def sources(root, folders=("src", "tests", "bench", "examples"), suffixes=(".hpp", ".cpp")):
    """Files of the project with these suffixes, in a stable order."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            hidden = {"node_modules", "build", "__pycache__"} & set(path.parts)
            if path.suffix in suffixes and path.is_file() and not hidden:
                yield path


def report(root, findings):
    """Prints `path:line: what` per finding; answers the exit code."""
    for path, line, message in findings:
        print(f"{path.relative_to(root)}:{line}: {message}")
    return 1 if findings else 0
