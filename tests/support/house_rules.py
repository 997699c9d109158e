"""The house rules as functions: each takes source files and returns what breaks the rule, one line per place."""

import ast
import re
import statistics
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("bot", "config", "engine", "handlers", "keyboards", "storage")
FOLDERS = frozenset({*PACKAGES, "tests", "docs", ".ci"})
LONGEST_FILE = 400
MEDIAN_FILE = 120
LONGEST_FUNCTION = 50
USUAL_FUNCTION = 25
USUAL_SHARE = 0.95

# The four boundaries where anything may be caught: task supervisor, update middleware, stream reader, worker.
BROAD_EXCEPT_ALLOWED = frozenset(
    {"bot/tasks.py", "bot/middleware.py", "engine/exchanges/bybit/stream.py", "engine/workers.py"}
)
PURE = ("engine/core/", "engine/strategies/")
PURE_IMPORTS = frozenset(
    {"__future__", "abc", "array", "base64", "bisect", "collections", "contextlib", "copy", "dataclasses", "datetime"}
    | {
        "decimal",
        "difflib",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "itertools",
        "json",
        "math",
        "numbers",
    }
    | {"operator", "re", "statistics", "string", "struct", "types", "typing"}
)
_CLOCKS = frozenset({"now", "utcnow", "today"})
_BROAD = frozenset({"Exception", "BaseException"})

# Written in pieces, so that this file does not hold what it forbids.
_FORBIDDEN = {
    "package registry": r"py" r"pi\.org|python" r"hosted|registry\.npm" r"js|deb\.deb" r"ian",
    "machine path": r"(?<![\w.~])/(?:wo" r"rk|ro" r"ot|fa" r"rm|Us" r"ers|opt/py" r"pi)/",
    "bot token": r"(?<!\d)\d{8,10}:" r"[A-Za-z0-9_-]{35}(?![\w-])",
    "private key": r"-----BEG" r"IN [A-Z ]*PRIVATE KEY",
    "cloud key": r"\bAK" r"IA[0-9A-Z]{16}\b",
    "forge token": r"\bgh" r"[pousr]_[A-Za-z0-9]{36}\b",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A Python file: its path from the project's root (posix), its text and its syntax tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        """How many lines the file has."""
        return len(self.text.splitlines())


def project_files(root: Path) -> list[str]:
    """Every file that is or would be tracked, from the root (posix)."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return sorted(name for name in listing.split("\0") if name and (root / name).is_file())


def read_sources(root: Path, files: Iterable[str]) -> list[Source]:
    """The Python files among these."""
    texts = ((name, (root / name).read_text(encoding="utf-8")) for name in files if name.endswith(".py"))
    return [Source(name, text, ast.parse(text)) for name, text in texts]


def too_long_files(sources: Iterable[Source]) -> list[str]:
    """Files above the limit, and the median when it is above its own."""
    sizes = {source.path: source.lines for source in sources}
    found = [f"{path}: {lines} lines, at most {LONGEST_FILE}" for path, lines in sizes.items() if lines > LONGEST_FILE]
    median = statistics.median([lines for lines in sizes.values() if lines > 1])
    return found if median <= MEDIAN_FILE else [*found, f"median file: {median} lines, at most {MEDIAN_FILE}"]


def too_long_functions(sources: Iterable[Source]) -> list[str]:
    """Functions above the limit, and the long ones when there are too many of them."""
    sizes = [
        (f"{source.path}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    found = [
        f"{place}: {lines} lines, at most {LONGEST_FUNCTION}" for place, lines in sizes if lines > LONGEST_FUNCTION
    ]
    long = [f"{place}: {lines} lines" for place, lines in sizes if lines > USUAL_FUNCTION]
    if len(long) > (1 - USUAL_SHARE) * len(sizes):
        found.append(f"{len(long)} of {len(sizes)} functions have more than {USUAL_FUNCTION} lines, at most 5 %")
        found.extend(long)
    return found


def without_docstring(sources: Iterable[Source]) -> list[str]:
    """Modules that do not say their duty."""
    return [source.path for source in sources if not ast.get_docstring(source.tree)]


def broad_excepts(sources: Iterable[Source]) -> list[str]:
    """Places outside the named boundaries that catch or suppress everything."""
    return [
        f"{source.path}:{node.lineno}"
        for source in sources
        if source.path not in BROAD_EXCEPT_ALLOWED
        for node in ast.walk(source.tree)
        if (isinstance(node, ast.ExceptHandler) and _is_broad(node.type)) or _suppresses_all(node)
    ]


def _is_broad(kind: ast.expr | None) -> bool:
    if kind is None:
        return True
    parts = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(isinstance(part, ast.Name) and part.id in _BROAD for part in parts)


def _suppresses_all(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith("suppress"):
        return False
    return any(_is_broad(argument) for argument in node.args)


def impurities(sources: Iterable[Source]) -> list[str]:
    """Clocks and imports that the core and the strategies may not have."""
    return [
        f"{source.path}:{line} {what}"
        for source in sources
        if source.path.startswith(PURE)
        for line, what in (*_impure_imports(source.tree), *_clock_reads(source.tree))
    ]


def _impure_imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "."] if node.level == 0 else []
        for name in names:
            inside = f"{name}.".startswith(("engine.core.", "engine.strategies."))
            if not inside and name.split(".")[0] not in PURE_IMPORTS:
                yield node.lineno, f"import {name}"


def _clock_reads(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (node.attr in _CLOCKS) and "date" in ast.unparse(node.value):
            yield node.lineno, ast.unparse(node)


def misplaced(root: Path, files: Iterable[str]) -> list[str]:
    """Files outside the fixed folders: the root holds only small files that are no code."""
    found: list[str] = []
    for name in files:
        folder, _, rest = name.partition("/")
        if rest:
            found.extend([] if folder in FOLDERS else [f"{name}: {folder}/ is not one of the fixed folders"])
        elif name.endswith(".py"):
            found.append(f"{name}: code belongs into a package")
        elif not name.endswith(".lock") and len((root / name).read_bytes().splitlines()) > LONGEST_FILE:
            found.append(f"{name}: more than {LONGEST_FILE} lines")
    return found


def leaks(root: Path, files: Iterable[str]) -> list[str]:
    """Lines that hold a secret, a package registry's host or a path of somebody's machine."""
    found: list[str] = []
    for name in files:
        text = (root / name).read_bytes().decode("utf-8", errors="replace")
        for what, pattern in _FORBIDDEN.items():
            places = (text.count("\n", 0, match.start()) + 1 for match in re.finditer(pattern, text))
            found.extend(f"{name}:{line} {what}" for line in places)
    return found
