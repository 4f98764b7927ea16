"""What a document shows, and somebody who does it.

In a ```console block a line "$ command" is typed and everything else is what must come out, in this order; a line "..." stands
for any lines, or none. After a command that ends with & the reader waits a moment. The commands' usual port 1883 is replaced by a
free one.
"""
import os
import pathlib
import random
import re
import socket
import subprocess
import time

SOURCE = pathlib.Path(os.environ["HERMOD_SOURCE"])
BIN = pathlib.Path(os.environ["HERMOD_BIN"])
# Seconds after a background command; see tests/support/timing.h.
PAUSE = 1.0 * float(os.environ.get("HERMOD_TEST_TIME_FACTOR", "1"))


def blocks(kind, document):
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


class RunningBroker:
    """hermod with these options, until it is stopped. It listens when this is made."""

    def __init__(self, options, port, folder):
        self.process = subprocess.Popen([BIN / "hermod", *options], cwd=folder, stderr=subprocess.PIPE)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"the broker does not listen: {self.stop()}")

    def stop(self):
        """Gives what it said."""
        self.process.terminate()
        return self.process.communicate()[1].decode()
