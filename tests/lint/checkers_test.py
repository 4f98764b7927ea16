"""Proves that the checkers in tools/ fail on a tree that breaks their rule, and pass on one that does not."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
TABLE = """
| room | may include | third-party headers |
|---|---|---|
| `base` | – | `<fmt/*>` in `log.cc` |
| `wire` | `base` | – |
| `store` | `base` | `<lmdb.h>` in `lmdb/*`; `<absl/container/*>` |
| `qos` | `base` `wire/types.h` | – |
| `config` | `base` `*/options.h` | – |
| `main` | `config` | – |

Without input or output: `wire` `qos`.
"""
GOOD = {
    "src/README.md": TABLE,
    "src/CMakeLists.txt": "hermod_room(base)\nhermod_room(wire DEPENDS base)\nhermod_room(qos DEPENDS base wire LIBRARIES x::y)\n",
    "src/main.cc": '#include <unistd.h>\n#include "config/config.h"\n',
    "src/base/result.h": "#pragma once\n#include <string>\n",
    "src/base/log.cc": "#include <fmt/format.h>\n#include <syslog.h>\n",
    "src/wire/types.h": '#include "base/result.h"\n',
    "src/wire/packets.h": '#include "wire/types.h"\n',
    "src/store/options.h": '#include <vector>\n',
    "src/store/lmdb/journal.cc": '#include <lmdb.h>\n#include "absl/container/flat_hash_map.h"\n',
    "src/qos/flow.cc": '#include "wire/types.h"\n#include "qos/flow.h"\n',
    "src/qos/flow.h": "#include <cstdint>\n",
    "src/config/config.h": '#include "store/options.h"\n',
    **{f"src/{room}/README.md": "a line\n" * 10 for room in ("base", "wire", "store", "qos", "config")},
}


class CheckerCase(unittest.TestCase):
    script = ""

    def run_on(self, changes):
        """Runs the checker on the good tree with `changes`; gives (exit code, output)."""
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**GOOD, **changes}.items():
                path = pathlib.Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            done = subprocess.run([sys.executable, TOOLS / self.script, folder], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def assert_refused(self, changes, words):
        code, output = self.run_on(changes)
        self.assertNotEqual(code, 0, output)
        self.assertIn(words, output)


class Layers(CheckerCase):
    script = "check_layers.py"

    def test_tree_that_keeps_the_table_passes(self):
        code, output = self.run_on({})
        self.assertEqual(code, 0, output)

    def test_include_that_points_up_is_refused_with_file_and_line(self):
        self.assert_refused({"src/wire/types.h": '#include <string>\n#include "store/options.h"\n'},
                            'src/wire/types.h:2: wire may not include "store/options.h"')

    def test_room_allowed_one_header_may_not_take_another(self):
        self.assert_refused({"src/qos/flow.cc": '#include "wire/packets.h"\n'}, 'qos may not include "wire/packets.h"')

    def test_options_pattern_does_not_open_the_whole_room(self):
        self.assert_refused({"src/config/config.h": '#include "store/x.h"\n', "src/store/x.h": ""},
                            'config may not include "store/x.h"')

    def test_third_party_header_outside_its_file_is_refused(self):
        self.assert_refused({"src/base/other.cc": "#include <fmt/format.h>\n"}, "third-party header <fmt/format.h>")
        self.assert_refused({"src/store/store.cc": "#include <lmdb.h>\n"}, "third-party header <lmdb.h>")
        self.assert_refused({"src/wire/types.h": '#include "absl/container/flat_hash_map.h"\n'}, "third-party header")

    def test_system_header_in_a_room_without_input_or_output_is_refused(self):
        self.assert_refused({"src/qos/flow.h": "#include <unistd.h>\n"}, "no input or output")
        self.assert_refused({"src/wire/types.h": "#include <fstream>\n"}, "no input or output")

    def test_include_that_does_not_start_at_src_is_refused(self):
        self.assert_refused({"src/qos/flow.cc": '#include "flow.h"\n'}, "must be written from src/ on")

    def test_missing_file_is_refused(self):
        self.assert_refused({"src/wire/types.h": '#include "base/nothing.h"\n'}, "does not exist")

    def test_unknown_room_is_refused(self):
        self.assert_refused({"src/extra/x.h": "#pragma once\n"}, "extra is not in the layer table")

    def test_cmake_dependency_that_points_up_is_refused(self):
        self.assert_refused({"src/CMakeLists.txt": "hermod_room(base DEPENDS wire)\n"}, "base may not depend on wire")

    def test_table_that_points_up_is_refused(self):
        self.assert_refused({"src/README.md": TABLE.replace("| `base` | – |", "| `base` | `wire` |")}, "not below it")

    def test_missing_table_is_refused(self):
        self.assert_refused({"src/README.md": "nothing here\n"}, "no layer table")


class Sizes(CheckerCase):
    script = "check_sizes.py"

    def test_small_files_pass(self):
        code, output = self.run_on({})
        self.assertEqual(code, 0, output)

    def test_file_above_600_lines_is_refused(self):
        self.assert_refused({"src/wire/types.h": "\n" * 601}, "src/wire/types.h has 601 lines")
        self.assert_refused({"tests/unit/x_test.cc": "\n" * 601}, "has 601 lines")

    def test_file_of_600_lines_passes_with_a_warning(self):
        code, output = self.run_on({"src/wire/types.h": "\n" * 600})
        self.assertEqual(code, 0, output)
        self.assertIn("warning: src/wire/types.h has 600 lines", output)

    def test_main_stays_below_100_lines(self):
        self.assert_refused({"src/main.cc": "\n" * 100}, "src/main.cc has 100 lines, not below 100")
        code, output = self.run_on({"src/main.cc": "\n" * 99})
        self.assertEqual(code, 0, output)

    def test_room_without_a_readme_is_refused(self):
        self.assert_refused({"src/extra/x.h": "#pragma once\n"}, "src/extra/README.md is missing")

    def test_readme_of_a_room_has_10_to_30_lines(self):
        self.assert_refused({"src/qos/README.md": "a line\n" * 9}, "src/qos/README.md has 9 lines, not 10 to 30")
        self.assert_refused({"src/qos/README.md": "a line\n" * 31}, "src/qos/README.md has 31 lines, not 10 to 30")
        code, output = self.run_on({"src/qos/README.md": "a line\n" * 30})
        self.assertEqual(code, 0, output)

    def test_empty_tree_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([sys.executable, TOOLS / self.script, folder], capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)


@unittest.skipUnless(shutil.which("clang-format-14") or shutil.which("clang-format"), "clang-format is missing")
class Format(unittest.TestCase):
    def test_file_that_is_not_cplusplus_is_left_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            texts = {"README.md": "# a / b\n\n**Owns** x.\n", "list.txt": "a  b\n", "x.cc": "int  x ;\n"}
            paths = [pathlib.Path(folder) / name for name in texts]
            for path in paths:
                path.write_text(texts[path.name])
            subprocess.run([TOOLS / "format.sh", *paths], check=True)
            after = {path.name: path.read_text() for path in paths}
        self.assertEqual(after, {**texts, "x.cc": "int x;\n"})


if __name__ == "__main__":
    unittest.main()
