"""GitHub's expressions, as far as our workflows use them.

https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

import json
import re

TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>\d+)|(?P<name>[A-Za-z_][\w-]*)|(?P<sign>==|!=|&&|\|\||[!().,\[\]*]))"
)


class Parser:
    """A recursive descent over one expression; unknown contexts are errors, unknown keys are null."""

    def __init__(self, text, contexts):
        self.contexts, self.tokens, at, text = contexts, [], 0, text.strip()
        while at < len(text):
            found = TOKEN.match(text, at)
            assert found, f"not understood: {text[at:]}"
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()

    def value(self):
        found = self.either()
        assert not self.tokens, self.tokens
        return found

    def takes(self, sign):
        if self.tokens and self.tokens[0] == ("sign", sign):
            self.tokens.pop(0)
            return True
        return False

    def either(self):
        found = self.both()
        while self.takes("||"):
            other = self.both()
            found = found or other
        return found

    def both(self):
        found = self.compared()
        while self.takes("&&"):
            other = self.compared()
            found = found and other
        return found

    def compared(self):
        found = self.single()
        if self.takes("=="):
            return found == self.single()
        if self.takes("!="):
            return found != self.single()
        return found

    def single(self):
        if self.takes("!"):
            return not self.single()
        if self.takes("("):
            found = self.either()
            assert self.takes(")")
        else:
            found = self.atom()
        return self.below(found)

    def atom(self):
        kind, text = self.tokens.pop(0)
        if kind == "string":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return int(text)
        if text in {"true", "false", "null"}:
            return json.loads(text)
        if not self.takes("("):
            return self.contexts[text]
        words = []
        while not self.takes(")"):
            words.append(self.either())
            self.takes(",")
        return FUNCTIONS[text](self.contexts, *words)

    def below(self, found):
        while True:
            if self.takes("."):
                if self.takes("*"):
                    found = Every(found.values() if isinstance(found, dict) else found)
                    continue
                _, key = self.tokens.pop(0)
                found = [each.get(key) for each in found] if isinstance(found, Every) else (found or {}).get(key)
            elif self.takes("["):
                at = self.either()
                assert self.takes("]")
                found = found[at] if found and (isinstance(found, dict) or at < len(found)) else None
            else:
                return found


class Every(list):
    """What `.*` makes."""


FUNCTIONS = {
    "fromJSON": lambda contexts, text: json.loads(text),
    "toJSON": lambda contexts, value: json.dumps(value, indent=2),
    "contains": lambda contexts, where, what: what in where,
    "always": lambda contexts: True,
    "cancelled": lambda contexts: contexts["job"]["status"] == "cancelled",
    "success": lambda contexts: contexts["job"]["status"] == "success",
    "failure": lambda contexts: contexts["job"]["status"] == "failure",
}


def evaluated(text, contexts):
    """The value of an expression."""
    return Parser(text, contexts).value()


def filled(value, contexts):
    """The same value with every ${{ }} in it replaced; one that stands alone keeps its type."""
    if isinstance(value, dict):
        return {key: filled(each, contexts) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, contexts) for each in value]
    if not isinstance(value, str):
        return value
    alone = re.fullmatch(r"\s*\$\{\{(.*)\}\}\s*", value, re.DOTALL)
    if alone and "${{" not in alone[1]:
        return evaluated(alone[1], contexts)
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: written(evaluated(found[1], contexts)), value, flags=re.DOTALL)


def written(value):
    """A value as it stands in a string."""
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, bool) else str(value)


def holds(condition, contexts):
    """Does a job's or a step's `if` let it run? Without a status function in it, success() is meant as well."""
    text = str(condition).removeprefix("${{").removesuffix("}}") if condition is not None else "success()"
    asked = re.search(r"\b(always|cancelled|success|failure)\(", text)
    return bool(evaluated(text if asked else f"success() && ({text})", contexts))
