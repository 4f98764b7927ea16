"""Runs tools/compare-transports as short as it goes: every cell of its tables must come out. The figures are worth nothing."""
import os
import re
import shutil
import unittest

from comparing import measures_nothing_that_is_not_there, run

TOOL = "compare-transports"
COLUMNS = ["TCP", "TLS", "WebSocket", "WebSocket over TLS"]
LOADS = ["QoS 0, 100 in flight, per message", "QoS 1, 100 in flight, per message", "QoS 1, 1 in flight, per message"]
MEMORY = "resident memory of an idle connection, bytes"
HANDSHAKES = ["full, TLS 1.3", "resumed, TLS 1.3", "full, TLS 1.2", "resumed, TLS 1.2"]
NUMBER = r"-?[\d,]+(\.\d+)?"


def tables_of(text):
    """{top left: {first cell: the others}}"""
    out = {}
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
        out[rows[0][0]] = {"": rows[0][1:]} | {row[0]: row[1:] for row in rows[2:]}
    return out


class CompareTransports(unittest.TestCase):
    def test_every_cell_comes_out(self):
        ran = run(TOOL, "--rounds", "1", "--seconds", "0.3", "--connections", "50", "--handshakes", "5")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        tables = tables_of(ran.stdout)
        brokers = ["hermod"]
        if shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin"):
            brokers.append("mosquitto")
        for broker in brokers:
            table = tables[broker]
            self.assertEqual(table[""], COLUMNS)
            self.assertEqual(list(table), ["", *LOADS, MEMORY])
            for row in [*LOADS, MEMORY]:
                for cell in table[row]:
                    self.assertRegex(cell, rf"^{NUMBER}( \({NUMBER}\))?$", (broker, row))
            for row in LOADS:
                self.assertRegex(table[row][1], r"\(", "divided by plain TCP")
        handshakes = tables["handshakes for a second of CPU"]
        self.assertEqual(handshakes[""], brokers)
        self.assertEqual(list(handshakes), ["", *HANDSHAKES])
        for row in HANDSHAKES:
            for cell in handshakes[row]:
                self.assertRegex(cell, rf"^{NUMBER}$", row)

    def test_nothing_is_measured_of_what_is_not_there(self):
        measures_nothing_that_is_not_there(self, TOOL)


if __name__ == "__main__":
    unittest.main()
