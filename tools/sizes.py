"""The ten largest files and functions, by lines of code: growth is seen, not punished."""

import ast
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src"


def code_lines(tree: ast.AST) -> set[int]:
    """Return the lines that hold code: neither blank, nor comment, nor docstring."""
    lines = set[int]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            continue
        if isinstance(node, ast.stmt):
            first = node.body[0].lineno if hasattr(node, "body") and node.body else (node.end_lineno or node.lineno) + 1
            lines.update(range(node.lineno, min(first, (node.end_lineno or node.lineno) + 1)))
    return lines


def functions(path: Path, tree: ast.Module) -> list[tuple[int, str]]:
    """Return lines of code and name of each function."""
    found = list[tuple[int, str]]()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.append((len(code_lines(node)), f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}"))
    return found


def main() -> None:
    """Print both lists, and the total."""
    files, parts = list[tuple[int, str]](), list[tuple[int, str]]()
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text())
        files.append((len(code_lines(tree)), str(path.relative_to(SOURCE))))
        parts += functions(path, tree)
    for title, sizes in (("files", files), ("functions", parts)):
        print(f"largest {title} (lines of code)")
        for lines, name in sorted(sizes, reverse=True)[:10]:
            print(f"  {lines:5} {name}")
    print(f"{sum(lines for lines, _ in files):,} lines in {len(files)} files, {len(parts)} functions")


if __name__ == "__main__":
    sys.exit(main())
