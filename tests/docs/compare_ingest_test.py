"""Runs tools/compare-ingest as short as it goes, without other brokers: every cell of its tables must come out. The figures are worth
nothing."""
import unittest

from comparing import NUMBER, measures_nothing_that_is_not_there, rows_of, run

TOOL = ("compare-ingest", "--alone")


class CompareIngest(unittest.TestCase):
    def test_every_cell_comes_out(self):
        ran = run(*TOOL, "--rounds", "1", "--seconds", "0.3", "--publishers", "5")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        rows = rows_of(ran.stdout)
        self.assertEqual(len(rows["hermod"]), 2, ran.stdout)
        sync = "pwrite and fdatasync of 4 KiB"
        ratios = [f"PUBACK, {name} / {sync}" for name in ("subscriber away", "subscriber away, new store")]
        for name in ("hermod", "subscriber away", "subscriber away, new store", "subscriber there", sync, *ratios):
            for cell in rows[name]:
                self.assertRegex(cell, rf"^{NUMBER}$", name)

    def test_nothing_is_measured_of_what_is_not_there(self):
        measures_nothing_that_is_not_there(self, *TOOL)


if __name__ == "__main__":
    unittest.main()
