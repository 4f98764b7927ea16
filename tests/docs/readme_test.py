"""Runs what README.md and docs/websocket.md show: every ```console block against a broker of its own, output compared line by line.

In a block, a line "$ command" is typed and everything else is what must come out, in this order; a line "..." stands
for any lines, or none. After a command that ends with & the reader waits a moment. The commands' usual port 1883 is replaced by a
free one. Every configuration shown is one, and every file that the README names exists.
"""
import os
import pathlib
import random
import re
import socket
import subprocess
import tempfile
import time
import unittest

SOURCE = pathlib.Path(os.environ["HERMOD_SOURCE"])
BIN = pathlib.Path(os.environ["HERMOD_BIN"])
README = (SOURCE / "README.md").read_text()
SHOWN = README + (SOURCE / "docs" / "websocket.md").read_text()
QUEUES = (SOURCE / "docs" / "queues.md").read_text()
PAUSE = 1.0  # seconds after a background command


def blocks(kind, document=SHOWN):
    return re.findall(rf"^```{kind}\n(.*?)^```$", document, re.MULTILINE | re.DOTALL)


class LeasedPort:
    """A port of 127.0.0.1 that no other test takes; see tests/support/leased_port.h."""

    def __init__(self):
        for number in random.sample(range(12000, 32000), 1000):
            self.name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                self.name.bind(f"\0hermod-test-port-{number}")
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", number))
                self.number = number
                return
            except OSError:
                self.name.close()
        raise OSError("no free port")

    def close(self):
        self.name.close()


class Reader:
    """Somebody who types the commands of a block into a shell."""

    def __init__(self, folder, port):
        self.folder = folder
        programs = folder / "programs"
        programs.mkdir()
        for name, path in (("hermod", BIN / "hermod"), ("mosquitto_pub", "/usr/bin/mosquitto_pub"),
                           ("mosquitto_sub", "/usr/bin/mosquitto_sub")):
            # The broker takes no port here, its clients do.
            script = f'#!/bin/sh\ncase "$0 $1" in *hermod\\ -*) exec {path} "$@";; esac\nverb=\n'
            script += 'case "$1" in pub|sub|rr) verb=$1; shift;; esac\n'
            script += f'exec {path} $verb -p {port} "$@"\n'
            (programs / name).write_text(script)
            (programs / name).chmod(0o755)
        (programs / "hermodctl").symlink_to(BIN / "hermodctl")
        self.environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}

    def type(self, block):
        script = ""
        for line in block.splitlines():
            if line.startswith("$ "):
                command = line[2:]
                script += command + "\n" + (f"sleep {PAUSE}\n" if command.endswith("&") else "")
        done = subprocess.run(["bash", "-c", script + "wait\n"], cwd=self.folder, env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        return done.stdout.splitlines()


def pattern_for(block):
    """A regular expression for the output the block shows."""
    shown = [line for line in block.splitlines() if not line.startswith("$ ")]
    return "".join("(?:.*\n)*" if line == "..." else re.escape(line) + "\n" for line in shown)


class Readme(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        lease = LeasedPort()
        self.addCleanup(lease.close)
        self.port = lease.number
        self.broker = subprocess.Popen([BIN / "hermod", "-p", str(self.port)], cwd=self.folder,
                                       stderr=subprocess.PIPE)
        self.addCleanup(self.stop)
        self.reader = Reader(self.folder, self.port)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        self.fail("the broker does not listen")

    def stop(self):
        self.broker.terminate()
        self.broker.communicate()

    def test_every_command_does_what_is_shown(self):
        shown = blocks("console")
        self.assertGreater(len(shown), 5)
        for block in shown:
            with self.subTest(block=block):
                output = "".join(line + "\n" for line in self.reader.type(block))
                self.assertRegex(output, re.compile(r"\A" + pattern_for(block) + r"\Z"))

    def test_the_first_minutes_with_the_clients_of_mosquitto_are_shown(self):
        minutes = README[README.index("## Five minutes"):README.index("## How to")]
        self.assertIn("apt-get install -y mosquitto-clients", minutes)
        block = next(block for block in blocks("console") if "$ mosquitto_sub -q 2 -t 'demo/#'" in block)
        self.assertIn("$ mosquitto_pub -q 2 -t demo/", block)

    def test_every_configuration_shown_is_accepted(self):
        shown = blocks("toml") + blocks("toml", QUEUES)
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
