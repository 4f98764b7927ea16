"""tools/quickstart without the build: a copy of the script, with a stub in place of tools/build. What it asks the build for, what it
starts, which listeners that means, and that its words are about the broker that runs."""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = pathlib.Path(os.environ["HERMOD_SOURCE"])
HERMOD = pathlib.Path(os.environ["HERMOD_BIN"]) / "hermod"
MQTT = "mqtt://127.0.0.1:1883"
WEBSOCKET = "ws://127.0.0.1:8083/mqtt"

BUILD = """#!/bin/sh
echo "$@" >>asked-of-build
mkdir -p build/release/bin
cp program build/release/bin/hermod
"""
TELL = f"""#!{sys.executable}
import json, sys
print(json.dumps(sys.argv[1:]))
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Quickstart(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = pathlib.Path(folder.name).resolve() / "a checkout"
        (self.tree / "tools").mkdir(parents=True)
        shutil.copy(SOURCE / "tools" / "quickstart", self.tree / "tools")
        self.write("tools/build", BUILD)

    def write(self, name, text):
        path = self.tree / name
        path.write_text(text)
        path.chmod(0o755)

    def run_it(self, program, *options):
        """From another folder; gives (what stood in front of the program's own lines, those lines)."""
        self.write("program", program)
        done = subprocess.run([self.tree / "tools" / "quickstart", *options], cwd="/", capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        words, _, own = done.stdout.rpartition("\n\n")
        return words, own

    def started_with(self, *options):
        return json.loads(self.run_it(TELL, *options)[1])

    def listeners_of(self, *options):
        """What the real program makes of it."""
        told = self.run_it(f'#!/bin/sh\nexec {HERMOD} "$@" -t -v\n', *options)[1]
        self.assertIn("The configuration is good.", told)
        return re.findall(r'^listeners\.\w+\.url = "?([^\s"]+)', told, re.MULTILINE)

    def test_it_builds_the_release_and_starts_it_on_loopback_with_the_data_in_the_checkout(self):
        self.assertEqual(self.started_with(),
                         ["--data-dir", f"{self.tree}/var", "--listen", MQTT, "--listen", WEBSOCKET])
        self.assertEqual((self.tree / "asked-of-build").read_text(), "release\n")

    def test_listeners_are_mqtt_and_websocket(self):
        self.assertEqual(self.listeners_of(), [MQTT, WEBSOCKET])

    def test_options_are_handed_on(self):
        self.assertEqual(self.started_with("-v", "--set", "log.level=debug")[-3:], ["-v", "--set", "log.level=debug"])

    def test_options_that_name_listeners_replace_those(self):
        for options in (["-p", "1884"], ["-p1884"], ["--port", "1884"], ["--port=1884"], ["--listen", "mqtt://127.0.0.1:1884"]):
            with self.subTest(options=options):
                self.assertEqual(self.started_with(*options), ["--data-dir", f"{self.tree}/var", *options])
                self.assertEqual(self.listeners_of(*options), ["mqtt://127.0.0.1:1884"])

    def test_a_configuration_file_brings_its_own(self):
        file = self.tree / "my.toml"
        file.write_text('[listeners.mine]\nurl = "mqtt://127.0.0.1:1885"\n')
        self.assertEqual(self.listeners_of("-c", str(file)), ["mqtt://127.0.0.1:1885"])

    def test_its_words_name_the_listeners_the_data_and_programs_that_are_there(self):
        words = self.run_it(TELL)[0]
        self.assertIn(MQTT, words)
        self.assertIn(WEBSOCKET, words)
        self.assertRegex(words, rf"data +{re.escape(str(self.tree))}/var\n")
        shown = re.findall(rf"^  ({re.escape(str(self.tree))}/build\S*) (?:sub|pub) ", words, re.MULTILINE)
        self.assertEqual(len(shown), 2, words)
        for program in shown:
            self.assertTrue(os.access(program, os.X_OK), program)

    def test_the_broker_it_leaves_running_takes_clients_and_ends_at_sigterm(self):
        port = free_port()
        self.write("program", f'#!/bin/sh\nexec {HERMOD} "$@"\n')
        broker = subprocess.Popen([self.tree / "tools" / "quickstart", "-p", str(port)], cwd="/",
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            client = ["sub", "-p", str(port), "-C", "1", "-t", "greetings/#"]
            deadline = time.monotonic() + 30
            while subprocess.run([HERMOD, "pub", "-p", str(port), "-r", "-t", "greetings/world", "-m", "hello"],
                                 capture_output=True, timeout=30).returncode != 0:
                self.assertLess(time.monotonic(), deadline, "nobody answers")
                time.sleep(0.05)
            heard = subprocess.run([HERMOD, *client], capture_output=True, text=True, timeout=30)
            self.assertEqual(heard.stdout, "hello\n")
            self.assertTrue((self.tree / "var").is_dir())
        finally:
            broker.terminate()  # exec: the script itself has become the broker
            said = broker.communicate(timeout=30)[1]
        self.assertEqual(broker.returncode, 0, said)


if __name__ == "__main__":
    unittest.main()
