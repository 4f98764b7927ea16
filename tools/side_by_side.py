"""What tools/compare-* share: brokers on free ports of 127.0.0.1 with stores in temporary folders, loads of hermod-bench on
them in turn, and the figures of several rounds."""
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent
BIN = SOURCE / os.environ.get("BUILD", "build/release") / "bin"
ATTEMPTS = 5  # somebody else may take a port before the broker does, and a broker may rest through all of a short run
NOTHING_COUNTED = "not one message was counted in the measured interval"


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class Broker:
    """One process that listens on a port for each of its schemes; a subclass says how it is told to, with command()."""

    schemes = ["mqtt"]
    start_time = 20  # seconds until it listens
    environment = None

    def __init__(self, folder):
        for attempt in range(ATTEMPTS):
            self.ports = dict(zip(self.schemes, free_ports(len(self.schemes))))
            self.home = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.name}-".replace(" ", "-"), dir=folder))
            command = self.command(folder)
            with open(self.home / "log", "w") as log:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                env=self.environment)
            if self.listens():
                return
            self.end()
        raise SystemExit(f"{self.name} does not start:\n{(self.home / 'log').read_text()}")

    def listens(self):
        until = time.monotonic() + self.start_time
        waiting = list(self.ports.values())
        while waiting and time.monotonic() < until and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", waiting[0])) == 0:
                    waiting.pop(0)
                else:
                    time.sleep(0.02)
        return not waiting

    def url(self, scheme):
        return f"{scheme}://127.0.0.1:{self.ports[scheme]}" + ("/mqtt" if scheme.startswith("ws") else "")

    def end(self):
        end_process(self.process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def end_process(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class RabbitMq(Broker):
    """RabbitMQ, the program of Debian's package, with a node, a port mapper and a folder of its own."""

    name = "RabbitMQ"
    schemes = ["amqp", "mqtt", "node", "names"]
    start_time = 120
    names = None

    @staticmethod
    def program():
        found = sorted(pathlib.Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmq-server"))
        return found[-1] if found else None

    def command(self, folder):
        (self.home / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.ports['amqp']}\nmqtt.listeners.tcp.1 = 127.0.0.1:{self.ports['mqtt']}\n")
        (self.home / "plugins").write_text("[rabbitmq_mqtt].\n")
        self.environment = {
            **os.environ, "HOME": str(self.home), "RABBITMQ_BASE": str(self.home), "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_NODENAME": f"compare{self.ports['node']}@localhost", "RABBITMQ_DIST_PORT": str(self.ports["node"]),
            "RABBITMQ_CONFIG_FILE": str(self.home / "rabbitmq.conf"), "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.home / "data"), "RABBITMQ_LOG_BASE": str(self.home / "logs"),
            "RABBITMQ_PID_FILE": str(self.home / "pid"), "ERL_EPMD_PORT": str(self.ports["names"]),
            "ERL_EPMD_ADDRESS": "127.0.0.1", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS":
            "-kernel inet_dist_use_interface {127,0,0,1}",
            "RUNNING_UNDER_SYSTEMD": "1",  # the script then becomes the broker, whose CPU is measured
        }
        self.names = subprocess.Popen(["epmd", "-port", str(self.ports["names"]), "-address", "127.0.0.1"],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return [self.program()]

    def end(self):
        super().end()
        if self.names:
            end_process(self.names)


def bench(broker, address, command):
    """What hermod-bench says of one run."""
    line = [BIN / "hermod-bench", command[0], "-b", address, "--broker-pid", str(broker.process.pid), "--json"] + command[1:]
    for attempt in range(ATTEMPTS):
        run = subprocess.run(line, capture_output=True, text=True)
        if run.returncode == 0:
            return json.loads(run.stdout)
        if NOTHING_COUNTED not in run.stdout:
            break
    raise SystemExit(f"{broker.name}: {' '.join(map(str, line))}\n{run.stdout}{run.stderr}")


class Figures:
    """What was measured in several rounds, under the names of a cell."""

    def __init__(self):
        self.values = {}

    def add(self, names, value):
        self.values.setdefault(names, []).append(value)
        print(f"{', '.join(names)}: {value:.2f}", file=sys.stderr)

    def median(self, *names):
        return statistics.median(self.values[names])


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
