#!/usr/bin/env python3
"""Keeps files small: a warning above 400 lines, a failure above 600, and src/main.cc stays below 100. Every room of src/
has a README.md of 10 to 30."""
import argparse
import pathlib
import sys

WARN_ABOVE = 400
FAIL_ABOVE = 600
MAIN = pathlib.Path("src/main.cc")
MAIN_BELOW = 100
README_LINES = range(10, 31)
FOLDERS = ("src", "tools", "tests")
SUFFIXES = {".h", ".cc", ".py"}


def line_counts(root):
    """(path, lines) of every file that counts, longest first."""
    counts = []
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            if path.suffix in SUFFIXES and path.is_file() and "node_modules" not in path.parts:
                with path.open("rb") as file:
                    counts.append((path.relative_to(root), sum(1 for _ in file)))
    return sorted(counts, key=lambda entry: -entry[1])


def readme_problems(root):
    """What is wrong with the READMEs of the rooms, in words."""
    problems = []
    for room in sorted(path for path in (root / "src").iterdir() if path.is_dir()):
        readme = room / "README.md"
        name = readme.relative_to(root)
        if not readme.is_file():
            problems.append(f"{name} is missing")
            continue
        lines = len(readme.read_text().splitlines())
        if lines not in README_LINES:
            problems.append(f"{name} has {lines} lines, not {README_LINES[0]} to {README_LINES[-1]}")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", nargs="?", type=pathlib.Path, default=pathlib.Path(__file__).parent.parent)
    root = parser.parse_args().root
    counts = line_counts(root)
    if not counts:
        sys.exit("no source files found: wrong folder?")
    for path, lines in counts:
        if lines > WARN_ABOVE:
            verdict = "failure" if lines > FAIL_ABOVE else "warning"
            print(f"{verdict}: {path} has {lines} lines, more than {FAIL_ABOVE if lines > FAIL_ABOVE else WARN_ABOVE}")
    too_long = sum(1 for _, lines in counts if lines > FAIL_ABOVE)
    if too_long:
        sys.exit(f"{too_long} files above {FAIL_ABOVE} lines: one noun per type, split them")
    problems = [f"{path} has {lines} lines, not below {MAIN_BELOW}: it only reads the arguments"
                for path, lines in counts if path == MAIN and lines >= MAIN_BELOW]
    problems += readme_problems(root)
    if problems:
        sys.exit("\n".join(f"failure: {problem}" for problem in problems))
    print(f"sizes: {len(counts)} files, {sum(lines for _, lines in counts)} lines, the longest has {counts[0][1]}")


if __name__ == "__main__":
    main()
