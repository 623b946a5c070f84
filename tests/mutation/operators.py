"""What is changed: mutmut's operators without those on words, and four of this code's own."""

import re
from collections.abc import Callable, Iterable, Sequence

import libcst as cst
from mutmut.mutation.mutators import (
    OPERATORS_TYPE,
    mutation_operators,
    operator_arg_removal,
    operator_dict_arguments,
    operator_string,
)

_SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|WHERE|ORDER BY|SET|AND|FROM)\b")
_SQL_CHANGES: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(r"<="), "<"),
    (re.compile(r">="), ">"),
    (re.compile(r"(?<![<>=-])<(?![<>=])"), "<="),
    (re.compile(r"(?<![<>=-])>(?![<>=])"), ">="),
    (re.compile(r"(?<=\bWHERE )(\w+(?:\.\w+)?) = "), r"\1 != "),
    (re.compile(r"(?<=\bAND )(\w+(?:\.\w+)?) = "), r"\1 != "),
    (re.compile(r"\bIS NULL\b"), "IS NOT NULL"),
    (re.compile(r"\bIS NOT NULL\b"), "IS NULL"),
    (re.compile(r"(?<!NOT) IN \("), " NOT IN ("),
    (re.compile(r"\bNOT IN \("), "IN ("),
    (re.compile(r"\bNOT EXISTS\b"), "EXISTS"),
    (re.compile(r"\bAND\b"), "OR"),
    (re.compile(r"(?<!INSERT )\bOR\b"), "AND"),
    (re.compile(r"\bDESC\b"), "ASC"),
    (re.compile(r"\bmin\("), "max("),
    (re.compile(r"\bmax\("), "min("),
    (re.compile(r" \+ "), " - "),
    (re.compile(r" - "), " + "),
    (re.compile(r"(?<![\w:.'])(\d+)(?![\w.])"), "{+1}"),
]
"""Every place where the pattern stands is one mutant; `{+1}` is the number and one."""

_NOT_ON_WORDS = (operator_string, operator_arg_removal, operator_dict_arguments)
_BARE = (cst.Name, cst.Attribute, cst.Call, cst.Await, cst.Subscript, cst.NamedExpr)


def _sql(node: cst.SimpleString | cst.FormattedStringText) -> Iterable[cst.CSTNode]:
    """A comparison, a connective, an order, a number or an extreme of an SQL text."""
    if not _SQL.search(node.value):
        return
    for pattern, put in _SQL_CHANGES:
        for found in pattern.finditer(node.value):
            new = str(int(found[1]) + 1) if put == "{+1}" else found.expand(put)
            text = node.value[: found.start()] + new + node.value[found.end() :]
            yield node.with_changes(value=text)


def _left_out(node: cst.SimpleStatementLine) -> Iterable[cst.CSTNode]:
    """A call whose result nobody uses, or a raise, does not happen."""
    match node.body:
        case [cst.Expr(value=cst.Call() | cst.Await()) | cst.Raise()]:
            yield node.with_changes(body=[cst.Pass()])


def _argument_left_out(node: cst.Call) -> Iterable[cst.CSTNode]:
    """An argument given by name is left out, so that its default holds."""
    for place, argument in enumerate(node.args):
        if argument.keyword is not None and len(node.args) > 1:
            yield node.with_changes(args=[*node.args[:place], *node.args[place + 1 :]])


def _negated(node: cst.If | cst.While | cst.CompIf) -> Iterable[cst.CSTNode]:
    """A condition that no other operator changes means its opposite."""
    if isinstance(node.test, _BARE):
        inner = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        yield node.with_changes(test=cst.UnaryOperation(operator=cst.Not(), expression=inner))


_OWN: OPERATORS_TYPE = [
    (cst.SimpleString, _sql),
    (cst.FormattedStringText, _sql),
    (cst.SimpleStatementLine, _left_out),
    (cst.Call, _argument_left_out),
    (cst.If, _negated),
    (cst.While, _negated),
    (cst.CompIf, _negated),
]

Operator = Callable[[cst.CSTNode], Iterable[cst.CSTNode]]
OPERATORS: Sequence[tuple[type, Operator]] = [
    *((kind, made) for kind, made in mutation_operators if made not in _NOT_ON_WORDS),
    *_OWN,
]
