"""Does what docs/guide shows, each guide with a broker of its own that has the guide's configuration. The one for browsers is done
in tests/browser."""
import pathlib
import re
import tempfile
import unittest

from shown import SOURCE, LeasedPort, Reader, RunningBroker, blocks, pattern_for

GUIDES = SOURCE / "docs" / "guide"


class Guide(unittest.TestCase):
    def follow(self, name, least):
        """All blocks in their order; `least` is how many there must be."""
        document = (GUIDES / name).read_text()
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            file = folder / "guide.toml"
            file.write_text("".join(blocks("toml", document)))
            lease = LeasedPort()
            self.addCleanup(lease.close)
            broker = RunningBroker(["-c", str(file), "-p", str(lease.number)], lease.number, folder)
            self.addCleanup(broker.stop)
            reader = Reader(folder, lease.number)
            shown = blocks("console", document)
            self.assertGreaterEqual(len(shown), least)
            for block in shown:
                with self.subTest(block=block):
                    output = "".join(line + "\n" for line in reader.type(block))
                    self.assertRegex(output, re.compile(r"\A" + pattern_for(block) + r"\Z"))

    def test_orders(self):
        self.follow("orders.md", 5)

    def test_permits(self):
        self.follow("permits.md", 4)

    def test_unpaid(self):
        self.follow("unpaid.md", 4)

    def test_inventory(self):
        self.follow("inventory.md", 6)

    def test_requests(self):
        self.follow("requests.md", 2)

    def test_replay(self):
        self.follow("replay.md", 5)

    def test_watching(self):
        self.follow("watching.md", 5)

    def test_mqtt311(self):
        self.follow("mqtt311.md", 6)

    def test_every_guide_is_listed_and_followed(self):
        listed = set(re.findall(r"\]\((\w+\.md)\)", (GUIDES / "README.md").read_text()))
        self.assertEqual(listed, {path.name for path in GUIDES.glob("*.md")} - {"README.md"})
        followed = {name.removeprefix("test_") + ".md" for name in dir(self) if name.startswith("test_")}
        self.assertEqual(listed - followed, {"browsers.md"})


if __name__ == "__main__":
    unittest.main()
