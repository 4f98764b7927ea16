"""Runs what README.md and docs/websocket.md show: every ```console block against a broker of its own, as shown.py tells.
Every configuration shown is one, and every file that the README names exists.
"""
import pathlib
import re
import subprocess
import tempfile
import unittest

from shown import BIN, SOURCE, LeasedPort, Reader, RunningBroker, blocks, pattern_for

README = (SOURCE / "README.md").read_text()
SHOWN = README + (SOURCE / "docs" / "websocket.md").read_text()
QUEUES = (SOURCE / "docs" / "queues.md").read_text()


class Readme(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        lease = LeasedPort()
        self.addCleanup(lease.close)
        broker = RunningBroker(["-p", str(lease.number)], lease.number, self.folder)
        self.addCleanup(broker.stop)
        self.reader = Reader(self.folder, lease.number)

    def test_every_command_does_what_is_shown(self):
        shown = blocks("console", SHOWN)
        self.assertGreater(len(shown), 5)
        for block in shown:
            with self.subTest(block=block):
                output = "".join(line + "\n" for line in self.reader.type(block))
                self.assertRegex(output, re.compile(r"\A" + pattern_for(block) + r"\Z"))

    def test_the_first_minutes_with_the_clients_of_mosquitto_are_shown(self):
        minutes = README[README.index("## Five minutes"):README.index("## How to")]
        self.assertIn("apt-get install -y mosquitto-clients", minutes)
        block = next(block for block in blocks("console", SHOWN) if "$ mosquitto_sub -q 2 -t 'demo/#'" in block)
        self.assertIn("$ mosquitto_pub -q 2 -t demo/", block)

    def test_every_configuration_shown_is_accepted(self):
        shown = blocks("toml", SHOWN) + blocks("toml", QUEUES)
        self.assertTrue(shown)
        for block in shown:
            file = self.folder / "shown.toml"
            file.write_text(block)
            done = subprocess.run([BIN / "hermod", "-c", file, "-t"], capture_output=True, text=True)
            if "certificate =" not in block:
                self.assertEqual(done.returncode, 0, block + done.stderr)
                continue
            # The check opens the files of a TLS listener, which are not there: nothing else may be wrong.
            self.assertEqual(done.returncode, 2, block)
            for line in done.stderr.splitlines():
                self.assertRegex(line, r"^hermod: listener \w+: /etc/hermod/tls/[\w.]+: No such file or directory$")

    def test_every_file_of_the_tree_it_names_exists(self):
        for name in set(re.findall(r"(?<![\w/])(?:tools|config|systemd|docs)/[\w./-]*\w", README)):
            self.assertTrue((SOURCE / name).exists(), name)


if __name__ == "__main__":
    unittest.main()
