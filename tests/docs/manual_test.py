"""The manual pages: well-formed, and in step with what --help says."""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

SOURCE = pathlib.Path(os.environ["HERMOD_SOURCE"])
HERMOD = pathlib.Path(os.environ["HERMOD_BIN"]) / "hermod"
MANUAL = SOURCE / "docs" / "man"
LONG_FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, timeout=60)


def flags_of_page(name):
    return set(LONG_FLAG.findall((MANUAL / name).read_text().replace("\\-", "-")))


class Manual(unittest.TestCase):
    @unittest.skipUnless(shutil.which("man"), "man is not installed")
    def test_pages_are_formatted_without_a_warning(self):
        pages = sorted(MANUAL.glob("*.[0-9]"))
        self.assertTrue(pages)
        for page in pages:
            done = run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(page))
            self.assertEqual((done.returncode, done.stderr), (0, ""), page.name)

    def test_every_page_names_the_version_of_the_program(self):
        version = run(str(HERMOD), "--version").stdout.strip()
        for page in MANUAL.glob("*.[0-9]"):
            self.assertIn(f'"{version}"', page.read_text().splitlines()[0], page.name)

    def test_every_flag_of_the_broker_is_in_its_page_and_no_other(self):
        shown = set(LONG_FLAG.findall(run(str(HERMOD), "--help").stdout))
        self.assertIn("--listen", shown)
        self.assertEqual(shown, flags_of_page("hermod.8"))

    def test_every_flag_of_the_clients_is_in_their_pages_and_no_other(self):
        for verb in ("pub", "sub", "rr"):
            shown = set(LONG_FLAG.findall(run(str(HERMOD), verb, "--help").stdout))
            self.assertIn("--help", shown, verb)
            self.assertEqual(shown, flags_of_page(f"hermod-{verb}.1"), verb)

    def test_every_flag_of_hermodctl_is_in_its_page_and_no_other(self):
        shown = set()
        queue = ["ls", "show", "create", "edit", "delete", "purge", "pause", "resume", "peek", "move", "redrive"]
        for words in ([], ["store"], ["store", "check"], ["store", "dump"], ["store", "compact"], ["backup"], ["restore"],
                      ["queue"], *(["queue", verb] for verb in queue), ["delayed"], ["delayed", "ls"], ["delayed", "cancel"],
                      ["txn"], ["txn", "ls"], ["txn", "commit"], ["txn", "rollback"], ["stream"], ["stream", "ls"],
                      ["stream", "show"], ["stream", "find"], ["group"], ["group", "ls"], ["group", "lag"],
                      ["group", "seek"], ["group", "delete"]):
            done = run(str(HERMOD.parent / "hermodctl"), *words, "--help")
            self.assertEqual(done.returncode, 0, words)
            shown |= set(LONG_FLAG.findall(done.stdout))
        self.assertIn("--data-dir", shown)
        self.assertEqual(shown, flags_of_page("hermodctl.8"))


if __name__ == "__main__":
    unittest.main()
