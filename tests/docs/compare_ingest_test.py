"""Runs tools/compare-ingest as short as it goes, without other brokers: every cell of its tables must come out. The figures are worth
nothing."""
import os
import pathlib
import re
import subprocess
import unittest

SOURCE = pathlib.Path(os.environ["HERMOD_SOURCE"])
BUILD = pathlib.Path(os.environ["HERMOD_BIN"]).parent
NUMBER = r"^[\d,]+(\.\d+)?$"


def run(*options, build=BUILD):
    return subprocess.run([SOURCE / "tools" / "compare-ingest", "--alone", *options], capture_output=True, text=True,
                          env=os.environ | {"BUILD": str(build)})


class CompareIngest(unittest.TestCase):
    def test_every_cell_comes_out(self):
        ran = run("--rounds", "1", "--seconds", "0.3", "--publishers", "5")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        rows = {row[0]: row[1:] for row in
                ([cell.strip() for cell in line.strip("|").split("|")] for line in ran.stdout.splitlines() if line.startswith("|"))}
        self.assertEqual(len(rows["hermod"]), 2, ran.stdout)
        sync = "pwrite and fdatasync of 4 KiB"
        ratios = [f"PUBACK, {name} / {sync}" for name in ("subscriber away", "subscriber away, new store")]
        for name in ("hermod", "subscriber away", "subscriber away, new store", "subscriber there", sync, *ratios):
            for cell in rows[name]:
                self.assertRegex(cell, re.compile(NUMBER), name)

    def test_nothing_is_measured_of_what_is_not_there(self):
        self.assertNotEqual(run("--rounds", "0").returncode, 0)
        ran = run(build="/nonexistent")
        self.assertNotEqual(ran.returncode, 0)
        self.assertIn("run tools/build", ran.stderr)


if __name__ == "__main__":
    unittest.main()
