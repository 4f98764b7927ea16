"""The program as an operator meets it: what it says about a configuration, and what a reload does."""
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest

HERMOD = str(pathlib.Path(os.environ["HERMOD_BIN"]) / "hermod")


def run(*words, environment=None):
    return subprocess.run([HERMOD, *words], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **(environment or {})})


class Configuration(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.file = pathlib.Path(self.folder.name) / "hermod.toml"

    def write(self, text, name="hermod.toml"):
        path = pathlib.Path(self.folder.name) / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def test_everything_wrong_is_told_at_once_with_file_and_line(self):
        self.write("[mqtt]\nmax_qso = 1\n\n[log]\nlevel = \"loud\"\n")
        done = run("-c", str(self.file), "--set", "net.backlog=0", environment={"HERMOD_MQTT__MAX_QOS": "7"})
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.splitlines(), [
            f"hermod: {self.file}:2: unknown key mqtt.max_qso; did you mean mqtt.max_qos?",
            f"hermod: {self.file}:5: log.level: \"loud\" is not one of debug, info, notice, warning, error",
            "hermod: HERMOD_MQTT__MAX_QOS in the environment: mqtt.max_qos: 7 is outside of 0 to 2",
            "hermod: flag --set: net.backlog: 0 is outside of 1 to 65535"])

    def test_files_environment_and_flags_win_in_this_order(self):
        self.write("[mqtt]\nmax_qos = 0\nreceive_maximum = 1\ntopic_alias_maximum = 1\nmax_topic_levels = 1\n")
        self.write("[mqtt]\nreceive_maximum = 2\ntopic_alias_maximum = 2\nmax_topic_levels = 2\n", "conf.d/a.toml")
        self.write("[mqtt]\ntopic_alias_maximum = 3\n", "conf.d/b.toml")
        self.write("not TOML at all", "conf.d/c.toml.dpkg-old")
        done = run("-c", str(self.file), "-t", "-v", "--set", "mqtt.max_topic_levels=5",
                   environment={"HERMOD_MQTT__MAX_TOPIC_LEVELS": "4", "STATE_DIRECTORY": "/srv/state"})
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = {re.sub(r" {2,}", " ", line) for line in done.stdout.splitlines()}
        for line in (f"mqtt.max_qos = 0 ({self.file}:2)",
                     f"mqtt.receive_maximum = 2 ({self.folder.name}/conf.d/a.toml:2)",
                     f"mqtt.topic_alias_maximum = 3 ({self.folder.name}/conf.d/b.toml:2)",
                     "mqtt.max_topic_levels = 5 (flag --set)",
                     "store.data_dir = /srv/state (STATE_DIRECTORY in the environment)"):
            self.assertIn(line, lines)

    def test_file_that_cannot_be_read_is_refused(self):
        for path, words in (("/nonexistent/hermod.toml", "No such file"), (self.folder.name, "Is a directory")):
            done = run("-c", path, "-t")
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"{path}: cannot be read: {words}", done.stderr)

    def test_reachable_listener_is_refused_with_the_lines_that_settle_it(self):
        self.write("[listeners.lan]\nurl = \"mqtt://0.0.0.0:0\"\n")
        done = run("-c", str(self.file))
        self.assertEqual(done.returncode, 2)
        lines = "\n".join(line.strip() for line in done.stderr.splitlines()[-2:])
        self.assertEqual(lines, "[auth]\nallow_anonymous = true")
        self.write(self.file.read_text() + lines + "\n")
        self.assertEqual(run("-c", str(self.file), "-t").returncode, 0)

    def test_printed_configuration_is_accepted(self):
        self.write(run("--print-config").stdout)
        self.assertEqual(run("-c", str(self.file), "-t").returncode, 0)

    def test_usage_errors_end_with_2_and_help_with_0(self):
        self.assertEqual(run("--nonsense").returncode, 2)
        self.assertEqual(run("--help").returncode, 0)
        self.assertRegex(run("--version").stdout, r"^hermod \d+\.\d+\.\d+\n$")


class RunningBroker(unittest.TestCase):
    """A broker whose configuration changes under it."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.file = pathlib.Path(self.folder.name) / "hermod.toml"
        self.log = pathlib.Path(self.folder.name) / "log"
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.notify.close)
        self.notify.settimeout(20)
        self.notify.bind(self.folder.name + "/notify")
        self.file.write_text("[log]\nlevel = \"info\"\n")
        with self.log.open("w") as log:
            self.broker = subprocess.Popen(
                [HERMOD, "-c", str(self.file), "--listen", "mqtt://127.0.0.1:0"], stderr=log, cwd=self.folder.name,
                env={**os.environ, "NOTIFY_SOCKET": self.folder.name + "/notify", "WATCHDOG_USEC": "600000"})
        self.addCleanup(self.end)
        self.told("READY=1")

    def end(self):
        if self.broker.poll() is None:
            self.broker.kill()
            self.broker.wait()

    def told(self, word):
        """Waits until the broker tells systemd `word`; gives the whole message."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            message = self.notify.recv(4096).decode()
            if word in message.splitlines():
                return message
        self.fail(f"the broker never said {word}")

    def reload(self, text):
        self.file.write_text(text)
        self.broker.send_signal(signal.SIGHUP)
        self.assertRegex(self.told("RELOADING=1"), r"MONOTONIC_USEC=\d+")
        self.told("READY=1")
        return self.log.read_text()

    def test_reload_says_what_changed_and_what_needs_a_restart(self):
        log = self.reload("[log]\nlevel = \"debug\"\n[mqtt]\nmax_qos = 1\n")
        self.assertRegex(log, r"config.changed key=log.level from=info to=debug")
        self.assertRegex(log, r"config.needs_restart key=mqtt.max_qos from=2 to=1")

    def test_reload_of_a_bad_file_changes_nothing(self):
        log = self.reload("[log]\nlevel = \"debug\"\nlevl = 1\n")
        self.assertIn("config.refused", log)
        self.assertIn("did you mean log.level?", log)
        self.assertNotIn("config.changed", log)
        self.assertIsNone(self.broker.poll())
        self.file.unlink()
        self.broker.send_signal(signal.SIGHUP)
        self.told("READY=1")
        self.assertIn("cannot be read", self.log.read_text())
        self.assertIsNone(self.broker.poll())

    def test_watchdog_is_fed(self):
        self.told("WATCHDOG=1")
        self.told("WATCHDOG=1")

    def test_stop_is_announced_and_ends_with_0(self):
        self.broker.send_signal(signal.SIGTERM)
        self.told("STOPPING=1")
        self.assertEqual(self.broker.wait(20), 0)


if __name__ == "__main__":
    unittest.main()
