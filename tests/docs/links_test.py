"""Every relative link in a Markdown file of the tree leads to something."""
import os
import pathlib
import re
import unittest

SOURCE = pathlib.Path(os.environ["HERMOD_SOURCE"])
LINK = re.compile(r"\]\(([^)\s]+)\)")
SKIPPED = {"build", "node_modules", ".git", "var"}


def documents():
    for path in SOURCE.rglob("*.md"):
        if not SKIPPED & set(path.relative_to(SOURCE).parts):
            yield path


class Links(unittest.TestCase):
    def test_relative_links_lead_to_files(self):
        seen = 0
        for document in documents():
            for target in LINK.findall(document.read_text()):
                if "://" in target or target.startswith(("#", "mailto:")):
                    continue
                seen += 1
                path = document.parent / target.split("#")[0]
                self.assertTrue(path.exists(), f"{document.relative_to(SOURCE)} links to {target}")
        self.assertGreater(seen, 5, "no links found: wrong folder?")


if __name__ == "__main__":
    unittest.main()
