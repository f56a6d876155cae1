"""Mutants of Python: cosmic-ray's operators, and two that it lacks.

cosmic-ray changes operators, conditions, numbers, booleans, loops and decorators. Ours drop an
element of a literal collection, and a statement that only calls or raises.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

from toolkit.mutants.mutant import Mutant, distinct, edit, short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# One replacement for each operator: eleven say no more. `|` stands in types, which nobody runs.
OPERATORS = (
    "AddNot",
    "NumberReplacer",
    "RemoveDecorator",
    "ReplaceAndWithOr",
    "ReplaceBinaryOperator_Add_Sub",
    "ReplaceBinaryOperator_Div_Mul",
    "ReplaceBinaryOperator_Sub_Add",
    "ReplaceBreakWithContinue",
    "ReplaceComparisonOperator_Eq_NotEq",
    "ReplaceComparisonOperator_GtE_Gt",
    "ReplaceComparisonOperator_Gt_GtE",
    "ReplaceComparisonOperator_IsNot_Is",
    "ReplaceComparisonOperator_Is_IsNot",
    "ReplaceComparisonOperator_LtE_Lt",
    "ReplaceComparisonOperator_Lt_LtE",
    "ReplaceComparisonOperator_NotEq_Eq",
    "ReplaceContinueWithBreak",
    "ReplaceFalseWithTrue",
    "ReplaceOrWithAnd",
    "ReplaceTrueWithFalse",
    "ReplaceUnaryOperator_Delete_Not",
    "ZeroIterationForLoop",
)


def mutants(file: str, source: str) -> list[Mutant]:
    """Return the mutants of a Python file."""
    return list(distinct((*_cosmic(file, source), *_drops(file, source))))


def _cosmic(file: str, source: str) -> Iterator[Mutant]:
    lines, where = source.splitlines(), _places(source)
    nodes = list(ast_nodes(get_ast(source)))
    for name in OPERATORS:
        operator = get_operator(f"core/{name}")()
        places = [place for node in nodes for place in operator.mutation_positions(node)]
        for occurrence, ((line, _), _) in enumerate(places):
            text = lines[line - 1]
            if "TYPE_CHECKING" not in text:
                change = _occurrence(operator, occurrence)
                yield Mutant(file, where(line), f"{name} in `{short(text)}`", change)


def _occurrence(operator: Any, occurrence: int) -> Callable[[str], str]:
    def mutated(source: str) -> str:
        return str(mutate_code(source, operator, occurrence))

    return mutated


def _drops(file: str, source: str) -> Iterator[Mutant]:
    where, at = _places(source), _offsets(source)
    for node in ast.walk(ast.parse(source)):
        dropped: list[tuple[ast.expr, ast.expr]] = []  # where each begins, and where it ends
        if isinstance(node, ast.Raise) or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        ):
            yield Mutant(
                file,
                where(node.lineno),
                f"drop `{short(str(ast.get_source_segment(source, node)))}`",
                edit(*at(node), "pass"),
            )
        elif isinstance(node, ast.List | ast.Set | ast.Tuple) and len(node.elts) > 2:
            dropped = [(one, one) for one in node.elts if isinstance(one, ast.Constant)]
        elif isinstance(node, ast.Dict) and len(node.keys) > 1:
            entries = zip(node.keys, node.values, strict=True)
            dropped = [(key, value) for key, value in entries if isinstance(key, ast.Constant)]
        for first, last in dropped:
            start, end = at(first)[0], at(last)[1]
            end += len(source[end:]) - len(source[end:].lstrip(", "))
            change = f"drop {ast.get_source_segment(source, first)}"
            yield Mutant(file, where(first.lineno), change, edit(start, end))


def _places(source: str) -> Callable[[int], str]:
    """Return what names the function or class that a line is in."""
    scopes = [
        (node.lineno, node.end_lineno or 0, node.name)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    ]

    def where(line: int) -> str:
        around = sorted(scope for scope in scopes if scope[0] <= line <= scope[1])
        return ".".join(name for _, _, name in around) or "module"

    return where


def _offsets(source: str) -> Callable[[ast.expr | ast.stmt], tuple[int, int]]:
    """Return what finds the characters of a node; Python counts a line's bytes."""
    starts = [0]
    lines = source.splitlines(keepends=True)
    for line in lines:
        starts.append(starts[-1] + len(line))

    def character(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    def at(node: ast.expr | ast.stmt) -> tuple[int, int]:
        return character(node.lineno, node.col_offset), character(
            node.end_lineno or node.lineno, node.end_col_offset or 0
        )

    return at
