"""Runs tools/compare-queues as short as it goes, without RabbitMQ: every cell of its tables must come out, and nothing be lost. The
figures are worth nothing."""
import os
import pathlib
import re
import subprocess
import unittest

SOURCE = pathlib.Path(os.environ["HERMOD_SOURCE"])
BUILD = pathlib.Path(os.environ["HERMOD_BIN"]).parent
ROWS = ["hermod, plain subscriptions", "hermod, named queue, order none", "hermod, named queue, order key",
        "hermod, plain subscriptions, all written"]
NUMBER = r"[\d,]+(\.\d+)?"


def run(*options, build=BUILD):
    return subprocess.run([SOURCE / "tools" / "compare-queues", "--without-rabbitmq", *options], capture_output=True, text=True,
                          env=os.environ | {"BUILD": str(build)})


class CompareQueues(unittest.TestCase):
    def test_every_cell_comes_out(self):
        ran = run("--rounds", "1", "--seconds", "0.3", "--keys", "40")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        rows = {row[0]: row[1:] for row in
                ([cell.strip() for cell in line.strip("|").split("|")] for line in ran.stdout.splitlines() if line.startswith("|"))}
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
        self.assertNotEqual(run("--rounds", "0").returncode, 0)
        ran = run(build="/nonexistent")
        self.assertNotEqual(ran.returncode, 0)
        self.assertIn("run tools/build", ran.stderr)


if __name__ == "__main__":
    unittest.main()
