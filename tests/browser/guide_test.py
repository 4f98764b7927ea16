"""Does what docs/guide/browsers.md shows: its broker, its page in two windows of Chromium, and its commands."""
import fcntl
import functools
import http.server
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

SOURCE = pathlib.Path(os.environ["HERMOD_SOURCE"])
sys.path.insert(0, str(SOURCE / "tests" / "docs"))
from shown import LeasedPort, Reader, RunningBroker, blocks, pattern_for  # noqa: E402

BUILD = pathlib.Path(os.environ["HERMOD_BROWSER_BUILD"])
GUIDE = (SOURCE / "docs" / "guide" / "browsers.md").read_text()


def install_node_modules():
    """As tests/support/node_modules.h does, with its lock."""
    here = SOURCE / "tests" / "browser"
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / "lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (here / "package-lock.json").read_text()
        installed = BUILD / "installed"
        if installed.exists() and installed.read_text() == wanted:
            return
        for name in ("package.json", "package-lock.json"):
            shutil.copy(here / name, BUILD)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--prefix", str(BUILD)], check=True, capture_output=True)
        installed.write_text(wanted)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class BrowsersGuide(unittest.TestCase):
    def setUp(self):
        install_node_modules()
        folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # Chromium may still tidy up
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def lease(self):
        lease = LeasedPort()
        self.addCleanup(lease.close)
        return lease.number

    def serve(self, page):
        """The page with MQTT.js beside it; gives the port."""
        site = self.folder / "site"
        site.mkdir()
        (site / "index.html").write_text(page)
        shutil.copy(BUILD / "node_modules" / "mqtt" / "dist" / "mqtt.min.js", site)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", self.lease()),
                                                 functools.partial(Quiet, directory=str(site)))
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_port

    def open_window(self, name, port):
        # Whoever runs the tests may be root, where Chromium has no sandbox; the page is our own.
        window = subprocess.Popen(["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
                                   f"--user-data-dir={self.folder / name}", "--remote-debugging-port=0",
                                   f"http://127.0.0.1:{port}/"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(window.wait)
        self.addCleanup(window.terminate)

    def test_two_pages_do_the_jobs(self):
        mqtt, websocket = self.lease(), self.lease()
        configuration = blocks("toml", GUIDE)[0].replace(":1883", f":{mqtt}").replace(":8083", f":{websocket}")
        (self.folder / "jobs.toml").write_text(configuration)
        broker = RunningBroker(["-c", "jobs.toml"], mqtt, self.folder)
        self.addCleanup(broker.stop)
        port = self.serve(blocks("html", GUIDE)[0].replace(":8083", f":{websocket}"))
        for name in ("one", "two"):
            self.open_window(name, port)
        reader = Reader(self.folder, mqtt)
        shown = blocks("console", GUIDE)
        self.assertTrue(shown)
        for block in shown:
            output = "".join(line + "\n" for line in reader.type(block))
            self.assertRegex(output, re.compile(r"\A" + pattern_for(block) + r"\Z"))


if __name__ == "__main__":
    unittest.main()
