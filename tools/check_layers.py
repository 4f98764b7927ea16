#!/usr/bin/env python3
"""Checks the includes of src/ against the layer table in src/README.md.

The table is the only place where the rule is written. Its columns are: room, what it may include, and
the third-party headers it may include. In the last two columns every name in backticks counts:
  `wire`            every header of that room
  `wire/types.h`    that header only (a * stands for any text without a slash)
  `<lmdb.h>` in `lmdb/*`   that third-party header, in these files of the room only
Clauses of the last column are separated by semicolons. The same table is held against the DEPENDS of the
rooms in src/CMakeLists.txt. Rooms listed under "without input or output" may not include system headers.
"""
import argparse
import fnmatch
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
QUOTED = re.compile(r"`([^`]+)`")
CMAKE_ROOM = re.compile(r"hermod_room\(\s*(\w+)(?:\s+DEPENDS((?:\s+\w+)*?))?\s*(?:LIBRARIES[^)]*)?\)")
C_HEADERS = {"assert.h", "ctype.h", "errno.h", "inttypes.h", "limits.h", "locale.h", "math.h", "stddef.h",
             "stdint.h", "stdio.h", "stdlib.h", "string.h", "time.h"}
SYSTEM = ["sys/*", "net/*", "netinet/*", "arpa/*", "linux/*", "unistd.h", "fcntl.h", "poll.h", "pthread.h",
          "sched.h", "signal.h", "spawn.h", "syslog.h", "netdb.h", "termios.h", "dirent.h", "grp.h", "pwd.h",
          "getopt.h", "dlfcn.h", "sysexits.h", "ifaddrs.h", "malloc.h"]
OUTSIDE_WORLD = {"thread", "fstream", "iostream", "filesystem", "condition_variable", "future"}


class Room:
    """One row of the layer table."""

    def __init__(self, name, rooms, third_party):
        self.name = name
        self.rooms = rooms
        self.third_party = third_party

    def may_include_own(self, path):
        return any(path.split("/")[0] == allowed or fnmatch.fnmatch(path, allowed)
                   for allowed in [self.name, *self.rooms])

    def may_include_foreign(self, header, file_in_room):
        return any(fnmatch.fnmatch(header, pattern) and fnmatch.fnmatch(file_in_room, files)
                   for pattern, files in self.third_party)


def third_party_of(cell):
    """[(header pattern, file pattern)] of the last column."""
    allowed = []
    for clause in cell.split(";"):
        headers, _, files = clause.partition(" in ")
        names = [n[1:-1] for n in QUOTED.findall(headers) if n.startswith("<")]
        places = QUOTED.findall(files) or ["*"]
        allowed += [(name, place) for name in names for place in places]
    return allowed


def read_table(readme):
    """The rooms by name, and the set of rooms without input or output."""
    rooms, pure, inside = {}, set(), False
    for line in readme.splitlines():
        if line.startswith("Without input or output:"):
            pure = set(QUOTED.findall(line))
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        inside = cells[:2] == ["room", "may include"] or (inside and line.startswith("|"))
        if not inside or not line.startswith("| `"):
            continue
        name = QUOTED.findall(cells[0])[0]
        rooms[name] = Room(name, QUOTED.findall(cells[1]), third_party_of(cells[2]))
    return rooms, pure


def is_standard(header):
    return header in C_HEADERS or re.fullmatch(r"[a-z_0-9]+", header) is not None


def is_system(header):
    return any(fnmatch.fnmatch(header, pattern) for pattern in SYSTEM)


def fault_of(room, pure, rooms, source, file_in_room, header, bracket):
    """What is wrong with one include, or None."""
    top = header.split("/")[0]
    if bracket == '"' and "/" in header and top in rooms:
        if not (source / header).is_file():
            return f'"{header}" does not exist under src/'
        return None if room.may_include_own(header) else f'{room.name} may not include "{header}"'
    if bracket == '"' and "/" not in header:
        return f'"{header}" must be written from src/ on'
    if room.may_include_foreign(header, file_in_room):
        return None
    if is_standard(header) or is_system(header):
        reaches_out = is_system(header) or header in OUTSIDE_WORLD
        return f"{room.name} has no input or output, so not <{header}>" if reaches_out and room.name in pure else None
    return f"{room.name} may not include the third-party header <{header}> in {file_in_room}"


def include_faults(source, rooms, pure):
    for path in sorted([*source.rglob("*.h"), *source.rglob("*.cc")]):
        relative = path.relative_to(source)
        name = relative.parts[0] if len(relative.parts) > 1 else relative.stem
        room = rooms.get(name)
        if room is None:
            yield f"src/{relative}: {name} is not in the layer table"
            continue
        in_room = "/".join(relative.parts[1:]) or relative.name
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            fault = found and fault_of(room, pure, rooms, source, in_room, found[2], found[1])
            if fault:
                yield f"src/{relative}:{number}: {fault}"


def cmake_faults(source, rooms):
    """DEPENDS that the table does not allow: a library linked in is a door left open."""
    for name, depends in CMAKE_ROOM.findall((source / "CMakeLists.txt").read_text()):
        if name not in rooms:
            yield f"src/CMakeLists.txt: {name} is not in the layer table"
            continue
        allowed = {entry.split("/")[0] for entry in rooms[name].rooms}
        if "*" in allowed:
            continue
        for depends_on in sorted(set(depends.split()) - allowed):
            yield f"src/CMakeLists.txt: {name} may not depend on {depends_on}"


def cycle_faults(rooms):
    """The table itself must only point down: a room never stands above itself."""
    order = list(rooms)
    for name, room in rooms.items():
        for entry in room.rooms:
            other = entry.split("/")[0]
            if other in rooms and order.index(other) >= order.index(name):
                yield f"src/README.md: {name} may include {other}, which is not below it in the table"


def main():
    parser = argparse.ArgumentParser(description="includes against the layer table of src/README.md")
    parser.add_argument("root", nargs="?", type=pathlib.Path, default=pathlib.Path(__file__).parent.parent)
    source = parser.parse_args().root / "src"
    rooms, pure = read_table((source / "README.md").read_text())
    if not rooms:
        sys.exit("src/README.md has no layer table")
    faults = [*cycle_faults(rooms), *cmake_faults(source, rooms), *include_faults(source, rooms, pure)]
    for fault in faults:
        print(fault)
    if faults:
        sys.exit(f"{len(faults)} includes against the layer table in src/README.md")
    print(f"layers: {len(rooms)} rooms, every include points down")


if __name__ == "__main__":
    main()
