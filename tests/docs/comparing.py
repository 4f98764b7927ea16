"""What the tests of tools/compare-* share: one of them is run as short as it goes, and its tables are read."""
import os
import pathlib
import subprocess

SOURCE = pathlib.Path(os.environ["HERMOD_SOURCE"])
BUILD = pathlib.Path(os.environ["HERMOD_BIN"]).parent
NUMBER = r"[\d,]+(\.\d+)?"


def run(tool, *options, build=BUILD):
    return subprocess.run([SOURCE / "tools" / tool, *options], capture_output=True, text=True,
                          env=os.environ | {"BUILD": str(build)})


def rows_of(text):
    """{first cell: the others} of all tables together."""
    rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|"))
    return {row[0]: row[1:] for row in rows}


def measures_nothing_that_is_not_there(test, tool, *options):
    test.assertNotEqual(run(tool, *options, "--rounds", "0").returncode, 0)
    ran = run(tool, *options, build="/nonexistent")
    test.assertNotEqual(ran.returncode, 0)
    test.assertIn("run tools/build", ran.stderr)
