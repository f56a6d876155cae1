"""CloudWatch Logs Insights' query language: from text to the commands of a query.

Source: CloudWatch Logs User Guide, "CloudWatch Logs Insights language query syntax". Read are the
commands display, fields, filter, parse, stats, sort, limit and dedup, without arithmetic and
without the functions on texts, numbers and dates; the rest is refused.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from emulator.logs.insights.commands import (
    MAX_ROWS,
    Aggregate,
    Bin,
    Command,
    Condition,
    Dedup,
    Fields,
    Filter,
    Limit,
    Parse,
    Row,
    Sort,
    Stats,
    number,
    text,
)

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<comment>\#[^\n]*)
      | (?P<regex>/(?:[^/\\\n]|\\.)+/)
      | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<quoted>`[^`\n]+`)
      | (?P<period>\d+[a-z]+)
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<sign>\|\||<=|>=|!=|=~|[|,()\[\]=<>*])
      | (?P<word>[@A-Za-z_][\w.@]*)
    )""",
    re.VERBOSE,
)
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_AGGREGATES = ("avg", "count", "count_distinct", "earliest", "latest", "max", "min", "pct", "sum")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_LONG_UNITS = {"sec": "s", "second": "s", "min": "m", "minute": "m", "hr": "h", "hour": "h",
               "day": "d", "week": "w"}  # fmt: skip


class QueryError(ValueError):
    """A query that cannot be evaluated, and where it goes wrong."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.start = start
        self.end = end


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def parsed(query: str) -> tuple[Command, ...]:
    """Return a query's commands, in order. Raises QueryError."""
    return _Parser(query).whole()


class _Parser:
    def __init__(self, query: str) -> None:
        self._query = query
        self._tokens: list[_Token] = []
        end = 0
        while found := _TOKEN.match(query, end):
            kind = str(found.lastgroup)
            if kind != "comment":
                self._tokens.append(_Token(kind, found[kind], found.start(kind)))
            end = found.end()
        rest = query[end:]
        if rest.strip():
            start = end + len(rest) - len(rest.lstrip())
            raise QueryError(f"unexpected symbol found {query[start]}", start, start + 1)

    # --- tokens ------------------------------------------------------------------------------

    def _peek(self) -> _Token:
        end = _Token("end", "", len(self._query))
        return self._tokens[0] if self._tokens else end

    def _next(self, *kinds: str) -> _Token:
        token = self._peek()
        if kinds and token.kind not in kinds:
            raise self._unexpected(token)
        if self._tokens:
            self._tokens.pop(0)
        return token

    def _follows(self, *texts: str) -> str | None:
        """Take the next token if it is one of these words or signs, whatever the case."""
        token = self._peek()
        if token.kind in {"sign", "word"} and token.text.lower() in texts:
            self._tokens.pop(0)
            return token.text.lower()
        return None

    def _need(self, *texts: str) -> str:
        found = self._follows(*texts)
        if found is None:
            raise self._unexpected(self._peek())
        return found

    @staticmethod
    def _unexpected(token: _Token) -> QueryError:
        what = token.text or "end of the query"
        return QueryError(f"unexpected symbol found {what}", token.start, token.end)

    def _list[T](self, item: Callable[[], T]) -> tuple[T, ...]:
        items = [item()]
        while self._follows(","):
            items.append(item())
        return tuple(items)

    def _field(self) -> str:
        token = self._next("word", "quoted")
        if self._peek().text == "(":
            message = f"the function {token.text} is not evaluated here"
            raise QueryError(message, token.start, token.end)
        return token.text.strip("`")

    def _named(self) -> tuple[str, str]:
        field = self._field()
        return field, self._next("word", "quoted").text.strip("`") if self._follows("as") else field

    # --- commands ----------------------------------------------------------------------------

    def whole(self) -> tuple[Command, ...]:
        commands: list[Command] = []
        while True:
            commands.append(self._command())
            if self._peek().kind == "end":
                return tuple(commands)
            self._need("|")

    def _command(self) -> Command:
        token = self._next("word")
        match token.text.lower():
            case "fields" | "display" as verb:
                return Fields(self._list(self._named), replace=verb == "display")
            case "filter":
                return Filter(self._any())
            case "parse":
                return self._parse()
            case "stats":
                return self._stats()
            case "sort" | "order":
                self._follows("by")
                return Sort(self._list(self._sort_key))
            case "limit" | "head" | "tail":
                return self._limit(token)
            case "dedup":
                return Dedup(self._list(self._field))
            case _:
                raise self._unexpected(token)

    def _limit(self, verb: _Token) -> Limit:
        count = self._next("number")
        if verb.text.lower() != "limit" or not count.text.isdecimal() or int(count.text) < 1:
            raise self._unexpected(count)
        return Limit(min(int(count.text), MAX_ROWS))

    def _sort_key(self) -> tuple[str, bool]:
        # A column of stats may be sorted by as it is written: sort count(*) desc, bin(5m).
        if self._is_call() and self._peek().text.lower() != "bin":
            field = self._aggregate().name
        else:
            group = self._group()
            field = group if isinstance(group, str) else group.name
        return field, self._follows("asc", "desc") == "desc"

    def _is_call(self) -> bool:
        return len(self._tokens) > 1 and self._tokens[1].text == "("

    def _parse(self) -> Parse:
        field = "@message"
        if self._peek().kind in {"word", "quoted"}:
            field = self._field()
        token = self._next("text", "regex")
        if token.kind == "regex":
            pattern = self._regex(token)
            names = tuple(pattern.groupindex)
            if not names:
                raise QueryError("parse needs groups with names", token.start, token.end)
            return Parse(field, pattern, names)
        parts = _unquoted(token.text).split("*")
        self._need("as")
        names = self._list(lambda: self._next("word", "quoted").text.strip("`"))
        if len(names) != len(parts) - 1:
            message = f"parse has {len(parts) - 1} wildcards and {len(names)} names"
            raise QueryError(message, token.start, token.end)
        # A wildcard takes as little as it can, the last one all that is left where nothing follows.
        glob = "(.*?)".join(map(re.escape, parts))
        ending = "$" if parts[-1] == "" else ""
        return Parse(field, re.compile(glob + ending, re.DOTALL), names)

    def _stats(self) -> Stats:
        aggregates = self._list(self._aggregate)
        by = self._list(self._group) if self._follows("by") else ()
        return Stats(aggregates, by)

    def _aggregate(self) -> Aggregate:
        token = self._next("word")
        function = token.text.lower()
        if function not in _AGGREGATES:
            raise self._unexpected(token)
        self._need("(")
        percent = 0.0
        field = None if function == "count" and self._follows("*") else self._field()
        if function == "pct":
            self._need(",")
            percent = float(self._next("number").text)
        end = self._peek().end
        self._need(")")
        name = self._query[token.start : end]
        if self._follows("as"):
            name = self._next("word", "quoted").text.strip("`")
        return Aggregate(function, field, name, percent)

    def _group(self) -> str | Bin:
        if not (self._is_call() and self._peek().text.lower() == "bin"):
            return self._field()
        start = self._next().start
        self._need("(")
        token = self._next("period")
        count, unit = re.fullmatch(r"(\d+)([a-z]+)", token.text).groups()  # type: ignore[union-attr]  # as tokenised
        unit = _LONG_UNITS.get(unit.removesuffix("s") or "s", unit)
        if unit not in _SECONDS or int(count) < 1:
            raise self._unexpected(token)
        end = self._peek().end
        self._need(")")
        return Bin(int(count) * _SECONDS[unit], self._query[start:end])

    # --- conditions --------------------------------------------------------------------------

    def _any(self) -> Condition:
        parts = [self._all()]
        while self._follows("or", "||"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda row: any(part(row) for part in parts)

    def _all(self) -> Condition:
        parts = [self._not()]
        while self._follows("and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)

    def _not(self) -> Condition:
        if self._follows("not"):
            inner = self._not()
            return lambda row: not inner(row)
        if self._follows("("):
            inner = self._any()
            self._need(")")
            return inner
        if self._is_call() and self._peek().text.lower() == "ispresent":
            self._next()
            self._need("(")
            field = self._field()
            self._need(")")
            return lambda row: row.get(field) is not None
        return self._comparison()

    def _comparison(self) -> Condition:
        field = self._field()
        negated = self._follows("not") is not None
        if self._follows("in"):
            self._need("[")
            values = self._list(self._value)
            self._need("]")
            tests = [_compare(field, "=", value) for value in values]
            return _sign(lambda row: any(test(row) for test in tests), negated=negated)
        if self._follows("like", "=~"):
            token = self._next("regex", "text")
            pattern = (
                self._regex(token)
                if token.kind == "regex"
                else re.compile(re.escape(_unquoted(token.text)))
            )
            return _sign(
                lambda row: pattern.search(text(row.get(field))) is not None, negated=negated
            )
        sign = self._need(*_COMPARISONS)
        return _compare(field, sign, self._value())

    def _value(self) -> object:
        token = self._next("text", "number", "word")
        if token.kind == "word":
            known = {"true": True, "false": False}
            if token.text.lower() not in known:
                raise self._unexpected(token)
            return known[token.text.lower()]
        return _unquoted(token.text) if token.kind == "text" else float(token.text)

    def _regex(self, token: _Token) -> re.Pattern[str]:
        try:
            return re.compile(token.text[1:-1].replace(r"\/", "/").replace("(?<", "(?P<"))
        except re.error as error:
            raise QueryError(f"invalid pattern: {error}", token.start, token.end) from error


def _unquoted(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted[1:-1])


def _sign(condition: Condition, *, negated: bool) -> Condition:
    return (lambda row: not condition(row)) if negated else condition


def _compare(field: str, sign: str, wanted: object) -> Condition:
    """Compare as numbers where both are, else as texts; a field that is absent meets nothing.

    AWS's guide does not say what != makes of an absent field: the safe side claims nothing of it.
    """
    wanted_number = number(wanted)

    def test(row: Row) -> bool:
        value = row.get(field)
        if value is None:
            return False
        mine = number(value)
        if mine is not None and wanted_number is not None:
            return _ordered(mine, wanted_number, sign)
        return _ordered(text(value), text(wanted), sign)

    return test


def _ordered[T: (float, str)](mine: T, wanted: T, sign: str) -> bool:
    match sign:
        case "=":
            return mine == wanted
        case "!=":
            return mine != wanted
        case "<":
            return mine < wanted
        case "<=":
            return mine <= wanted
        case ">":
            return mine > wanted
        case _:
            return mine >= wanted
