"""Random programs of Python's control flow: compiled they give what they give as they are."""

import linecache
import random

import pytest
import tnp

import numpy as np

PRELUDE = """
import contextlib

def clamp(v):
    return v % 97

def helper(v):
    if v > 2:
        return v - 1
    if v == 0:
        return 7
    return v * 2

def program(x, y, rows):
    a = 1
    b = x
    c = y
    i = 0
"""


class Programs:
    """Writes a function of three arrays that ends."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.depth = self.loops = self.counters = 0
        self.lines = []

    def expression(self, depth=0):
        kind = self.random.random()
        if depth > 2 or kind < 0.35:
            return self.random.choice("xyabci")
        if kind < 0.5:
            return str(self.random.randint(-3, 5))
        a, b = self.expression(depth + 1), self.expression(depth + 1)
        if kind < 0.6:
            return f"({a} if {self.condition(depth + 1)} else {b})"
        if kind < 0.65:
            return f"max({a}, {b})"
        return f"helper({a})" if kind < 0.7 else f"({a} {self.random.choice('+-*')} {b})"

    def condition(self, depth=0):
        kind = self.random.random()
        a, b = self.expression(depth + 1), self.expression(depth + 1)
        if depth > 2 or kind < 0.5:
            return f"{a} {self.random.choice(['<', '>', '<=', '==', '!='])} {b}"
        if kind < 0.6:
            return f"not ({self.condition(depth + 1)})"
        if kind < 0.85:
            word = "and" if kind < 0.75 else "or"
            return f"({self.condition(depth + 1)} {word} {self.condition(depth + 1)})"
        return f"{a} < {b} < {self.expression(depth + 1)}" if kind < 0.92 else f"{a} in (1, 2, {b})"

    def write(self, text):
        self.lines.append("    " * (self.depth + 1) + text)

    def block(self, head, size):
        self.write(head)
        self.depth += 1
        for _ in range(self.random.randint(1, size)):
            self.statement()
        self.depth -= 1

    def loop(self, head, size=3):
        self.loops += 1
        self.block(head, size)
        self.loops -= 1
        if self.random.random() < 0.3:
            self.block("else:", 2)

    def statement(self):
        kind = self.random.random()
        if self.depth > 3 or kind < 0.35:
            self.write(f"{self.random.choice('abcy')} = clamp({self.expression()})")
        elif kind < 0.6:
            self.block(f"if {self.condition()}:", 3)
            if self.random.random() < 0.3:
                self.block(f"elif {self.condition()}:", 2)
            if self.random.random() < 0.5:
                self.block("else:", 3)
        elif kind < 0.7 and self.loops < 2:
            self.counters += 1
            n = f"n{self.counters}"
            self.write(f"{n} = 0")
            self.loop(f"while ({n} := {n} + 1) < 5 and {self.condition()}:")
        elif kind < 0.8 and self.loops < 2:
            over = ["range(3)", "range(x % 4)", "range(y % 3)", "(a, b, c)", "rows", "rows[rows > x]"]
            self.loop(f"for i in {self.random.choice(over)}:")
        elif kind < 0.85 and self.loops:
            self.write(self.random.choice(["break", "continue"]))
        elif kind < 0.9:
            self.write(f"return {self.expression()}")
        elif kind < 0.95:
            self.block(self.random.choice(["with contextlib.nullcontext():", "try:"]), 2)
            if self.lines_end_with_try():
                self.write(f"finally:\n{'    ' * (self.depth + 2)}a += clamp({self.expression()})")
        elif kind < 0.97:
            self.write(f"match {self.expression()}:")
            self.depth += 1
            self.block(f"case {self.random.randint(-1, 3)}:", 2)
            self.block(f"case z if {self.condition()}:", 2)
            self.depth -= 1
        else:
            self.write(f"a = sum([clamp(v * {self.expression(2)}) for v in rows if v > {self.expression(2)}])")

    def lines_end_with_try(self):
        indent = "    " * (self.depth + 1)
        last = next(line for line in reversed(self.lines) if not line.startswith(indent + " "))
        return last == indent + "try:"

    def source(self):
        for _ in range(self.random.randint(3, 7)):
            self.statement()
        self.write("return clamp(a + 2 * b + 3 * c + y)")
        return PRELUDE + "\n".join(self.lines) + "\n"


@pytest.mark.parametrize("seed", range(60))
def test_as_eager(seed):
    source = Programs(seed).source()
    name = f"<random program {seed}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    scope = {}
    exec(compile(source, name, "exec"), scope)
    program = scope["program"]
    compiled = tnp.function(program)
    for x, y, rows in ((3, -2, [1, 5, 2]), (0, 7, [4, -3, 6]), (-5, 1, [0, 0, 9])):
        args = [tnp.asarray(x), tnp.asarray(y), tnp.asarray(rows)]
        assert int(compiled(*args)) == int(np.asarray(program(*args))), source
