"""The systemd files: hardened, understood by systemd, and in step with the broker's own words."""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

SOURCE = pathlib.Path(os.environ["HERMOD_SOURCE"])
HERMOD = pathlib.Path(os.environ["HERMOD_BIN"]) / "hermod"
UNIT = SOURCE / "systemd" / "hermod.service"
MOST_EXPOSURE = 1.5
SLOW_DISK = 32 << 20  # bytes a second
UNITS = {"MiB": 1 << 20, "GiB": 1 << 30}


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, timeout=60)


class Service(unittest.TestCase):
    def settings(self, name):
        return re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_exposure_is_at_most_ok(self):
        done = run("systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT))
        exposure = re.search(r"Overall exposure level for hermod.service: ([0-9.]+)", done.stdout)
        self.assertIsNotNone(exposure, done.stdout + done.stderr)
        self.assertLessEqual(float(exposure[1]), MOST_EXPOSURE, done.stdout)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_systemd_knows_every_line(self):
        done = run("systemd-analyze", "verify", str(UNIT))
        # The program and its manual are not installed where the tests run; everything else must be silent.
        told = [line for line in done.stderr.splitlines()
                if "hermod" in line and "is not executable" not in line and "man hermod(8)" not in line]
        self.assertEqual(told, [])

    def test_service_runs_as_its_own_user_in_a_private_folder(self):
        self.assertEqual(self.settings("User"), ["hermod"])
        self.assertEqual(self.settings("StateDirectoryMode"), ["0700"])
        self.assertEqual(self.settings("LogsDirectoryMode"), ["0700"])
        self.assertEqual(self.settings("UMask"), ["0077"])
        self.assertIn("u hermod ", (SOURCE / "systemd" / "hermod.sysusers").read_text())
        self.assertRegex((SOURCE / "systemd" / "hermod.tmpfiles").read_text(), r"d /var/lib/hermod +0700 hermod hermod")

    def test_folders_of_the_service_have_its_name(self):
        for name in ("StateDirectory", "LogsDirectory", "ConfigurationDirectory", "RuntimeDirectory"):
            self.assertEqual(self.settings(name), ["hermod"], name)

    def test_start_may_take_as_long_as_reading_a_full_store_from_a_slow_disk(self):
        minutes = re.fullmatch(r"(\d+)min", self.settings("TimeoutStartSec")[0])
        size = re.search(r'^#max_size = "(\d+)(\w+)"$', (SOURCE / "config" / "hermod.toml").read_text(), re.MULTILINE)
        self.assertGreaterEqual(int(minutes[1]) * 60, int(size[1]) * UNITS[size[2]] / SLOW_DISK)

    def test_command_line_of_the_service_is_one_the_broker_understands(self):
        words = self.settings("ExecStart")[0].split()[1:]
        self.assertEqual(words[:1], ["-c"])
        words[1] = str(SOURCE / "config" / "hermod.toml")
        done = run(str(HERMOD), *words, "-t")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_broker_ends_with_the_code_that_systemd_must_not_answer_with_a_restart(self):
        code = run(str(HERMOD), "-c", "/nonexistent/hermod.toml").returncode
        self.assertEqual(self.settings("RestartPreventExitStatus"), [str(code)])


if __name__ == "__main__":
    unittest.main()
