"""Runs tools/compare-queues as short as it goes, without RabbitMQ: every cell of its tables must come out, and nothing be lost. The
figures are worth nothing."""
import re
import unittest

from comparing import NUMBER, measures_nothing_that_is_not_there, rows_of, run

TOOL = ("compare-queues", "--without-rabbitmq")
ROWS = ["hermod, plain subscriptions", "hermod, named queue, order none", "hermod, named queue, order key",
        "hermod, plain subscriptions, all written"]


class CompareQueues(unittest.TestCase):
    def test_every_cell_comes_out(self):
        ran = run(*TOOL, "--rounds", "1", "--seconds", "0.3", "--keys", "40")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        rows = rows_of(ran.stdout)
        for name in ROWS:
            self.assertEqual(len(rows[name]), 5, ran.stdout)
            for cell in rows[name][:4]:
                self.assertRegex(cell, rf"^{NUMBER}$", name)
            self.assertRegex(rows[name][4], r"^0, \d+$", "lost, twice")
        ratios = [name for name in rows if re.match("messages/s: |CPU per message, us: ", name)]
        self.assertEqual(len(ratios), 8, ran.stdout)
        for name in ratios:
            self.assertRegex(rows[name][0], r"^\d+\.\d\d$", name)

    def test_nothing_is_measured_of_what_is_not_there(self):
        measures_nothing_that_is_not_there(self, *TOOL)


if __name__ == "__main__":
    unittest.main()
