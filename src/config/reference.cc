#include "config/reference.h"

#include "config/key.h"
#include "config/listener_keys.h"
#include "config/queue_keys.h"
#include "config/socket_keys.h"
#include "queue/queue_option.h"

namespace hermod::config {
namespace {

constexpr std::size_t kWidth = 108;

constexpr std::string_view kTomlHead =
    "# hermod's configuration. Every key stands here with its default; remove the # to change one. Sizes "
    "are\n"
    "# written with a unit (512, \"64KiB\", \"10MB\"), durations too (\"500ms\", \"30s\", \"7d\"). Check a "
    "file with\n"
    "#   hermod -c FILE --test-config\n"
    "# Files in conf.d/*.toml beside this one are read after it, in the order of their names.\n"
    "\n"
    "# Where to listen: one table per listener, with a name of your choice. Without any: loopback, port "
    "1883.\n"
    "# mqtt://0.0.0.0:1883 is every IPv4 address, mqtt://*:1883 every address of both families, and\n"
    "# unix:///run/hermod/hermod.sock a Unix socket. Several are written as a list, [\"mqtt://127.0.0.1\", "
    "...].\n"
    "#[listeners.default]\n"
    "#url = \"mqtt://127.0.0.1:1883\"\n";

constexpr std::string_view kTomlTls =
    "\n"
    "# mqtts:// is MQTT over TLS, on port 8883 unless another is named. Its own keys, all of them live:\n"
    "#[listeners.secure]\n"
    "#url = \"mqtts://0.0.0.0:8883\"\n";

constexpr std::string_view kTomlWebSocket =
    "\n"
    "# ws:// is MQTT over WebSocket, for browsers, on port 8083 and the path /mqtt unless others are named;\n"
    "# wss:// is the same over TLS, on port 8084, and has the keys above too.\n"
    "#[listeners.web]\n"
    "#url = \"ws://127.0.0.1:8083/mqtt\"\n";

constexpr std::string_view kTomlQueues =
    "\n"
    "# Named queues (docs/queues.md): one table per queue, with a name of your choice. These are the options "
    "and\n"
    "# their defaults; bind has none.\n"
    "#[queues.orders]\n";

constexpr std::string_view kMarkdownHead =
    "# Configuration\n"
    "\n"
    "One TOML file, named with `-c`. Values are taken in this order, and a later one wins:\n"
    "\n"
    "1. the default\n"
    "2. the file\n"
    "3. `conf.d/*.toml` beside the file, in the order of their names\n"
    "4. the environment: `HERMOD_<SECTION>__<KEY>`, for example `HERMOD_LOG__LEVEL=debug`\n"
    "5. flags: `--set section.key=value`, and `-p`, `-v`, `--listen`, `--data-dir`, `--threads`\n"
    "\n"
    "Without `-c` no file is read. An unknown key, a value of the wrong kind or out of range, and a file "
    "that is not\n"
    "TOML are errors; all of them are told at once, each with file and line, and the broker does not start.\n"
    "`hermod -c FILE -t` only checks, and opens the files of TLS listeners; with `-v` it also prints every "
    "effective\n"
    "value and where it comes from.\n"
    "`hermod --print-config` writes a file with every key and its default.\n"
    "\n"
    "Sizes are a number of bytes or a number with a unit: `B`, `kB`, `MB`, `GB`, `TB` count in thousands, "
    "`KiB`,\n"
    "`MiB`, `GiB`, `TiB` in 1024. Durations always have a unit: `ms`, `s`, `m`, `h`, `d`.\n"
    "\n"
    "SIGHUP (`systemctl reload hermod`) reads the file again. A file with any error changes nothing. Keys "
    "marked\n"
    "*live* take effect at once; the log names the others that changed and need a restart.\n"
    "\n"
    "## Listeners\n"
    "\n"
    "One table per listener, with a name of your choice:\n"
    "\n"
    "```toml\n"
    "[listeners.lan]\n"
    "url = \"mqtt://192.0.2.10:1883\"\n"
    "```\n"
    "\n"
    "The host is an IP address (IPv6 in brackets), `localhost`, or `*` for every address of both families. "
    "Without any\n"
    "listener: `mqtt://127.0.0.1:1883`. A listener may have several urls of one kind: `url = "
    "[\"mqtt://192.0.2.10\",\n"
    "\"mqtt://[2001:db8::10]\"]`, or in one text with commas between them. `--listen` and `-p` replace all "
    "listeners of the\n"
    "file. A listener that other machines can reach, by itself or through a proxy, needs "
    "`auth.allow_anonymous` "
    "to be set, one\n"
    "way or the other.\n"
    "\n"
    "Every listener has these keys, and a change of one needs a restart:\n"
    "\n";

/// Behind the table of the keys for sockets.
constexpr std::string_view kMarkdownSockets =
    "\n"
    "[listeners.md](listeners.md) tells how Unix sockets, proxies and sockets from systemd are used.\n"
    "\n"
    "MQTT over TLS, on port 8883 unless another is named:\n"
    "\n"
    "```toml\n"
    "[listeners.secure]\n"
    "url = \"mqtts://0.0.0.0:8883\"\n"
    "certificate = \"/etc/hermod/tls/server.pem\"\n"
    "key = \"/etc/hermod/tls/server.key\"\n"
    "```\n"
    "\n"
    "Wherever one of these keys names a file, `cred:NAME` is the credential NAME that systemd hands to the "
    "service\n"
    "(`LoadCredential=`).\n"
    "\n"
    "These files are read again when they change, and with SIGHUP; connected clients stay. When one of them "
    "is not\n"
    "good, nothing changes and the log says which and why. TLS 1.2 and 1.3 are spoken, with the ciphers of "
    "Mozilla's\n"
    "\"intermediate\" recommendation. A client that offers protocols (ALPN) must offer `mqtt`. "
    "[tls.md](tls.md) says how\n"
    "these keys go together. The keys of TLS are live:\n"
    "\n";

constexpr std::string_view kMarkdownWebSocket =
    "\n"
    "MQTT over WebSocket, for browsers: `ws://`, on port 8083 and the path `/mqtt` unless others are named, "
    "and\n"
    "`wss://` over TLS, on port 8084, with the keys above for its TLS (but ALPN is `http/1.1`):\n"
    "\n"
    "```toml\n"
    "[listeners.web]\n"
    "url = \"ws://192.0.2.10:8083/mqtt\"\n"
    "origins = [\"https://app.example.org\"]\n"
    "```\n"
    "\n"
    "Frames are binary and are no boundaries of packets. Messages are not compressed unless compression says "
    "so. How to connect a page is "
    "in\n"
    "[websocket.md](websocket.md). A change of these keys needs a restart:\n"
    "\n";

constexpr std::string_view kMarkdownQueues =
    "\n"
    "## Queues\n"
    "\n"
    "One table per named queue, with a name of your choice: a letter or digit, then letters, digits, `-`, "
    "`.` or `_`, 128\n"
    "bytes at most. [queues.md](queues.md) tells what they are for.\n"
    "\n"
    "```toml\n"
    "[queues.orders]\n"
    "bind = [\"shop/+/order\", \"shop/+/cancel\"]\n"
    "max_length = 100000\n"
    "\n"
    "[queues.\"orders.dlq\"]\n"
    "max_bytes = \"1GB\"\n"
    "```\n"
    "\n"
    "In the environment it is `HERMOD_QUEUES__ORDERS__MAX_LENGTH`, for names of small letters, and behind "
    "`--set` it is\n"
    "`queues.orders.max_length=100000`. A change of these keys needs a restart:\n"
    "\n";

/// `text` in lines of at most kWidth characters, each behind `lead`.
std::string wrapped(std::string_view text, std::string_view lead) {
  std::string out;
  std::string line;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    if (!line.empty() && line.size() + 1 + word.size() > kWidth - lead.size()) {
      out += std::string(lead) + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + std::string(word);
  }
  return out + std::string(lead) + line + "\n";
}

/// What the default looks like in a document: allow_anonymous has none of its own.
bool follows_listeners(const Key& key) {
  return key.name == "auth.allow_anonymous";
}

std::string note(const Key& key) {
  std::string out = key.range_text();
  if (key.change == Change::Live) out += out.empty() ? "live" : "; live";
  return out;
}

std::string title(std::string_view section) {
  return "\n## [" + std::string(section) + "]\n\n";
}

/// What stands behind a key of a listener in a document: its default, or an example where one is needed.
std::string listener_example(const ListenerKey& one) {
  if (one.key.name == "certificate") return "\"/etc/hermod/tls/server.pem\"";
  if (one.key.name == "key") return "\"/etc/hermod/tls/server.key\"";
  return one.key.toml_text(one.read({}));
}

std::string commented(const Key& key) {
  const std::string range = key.range_text();
  return wrapped(std::string(key.doc) + (range.empty() ? "" : " (" + range + ")"), "# ");
}

/// Those of WebSocket, or all others.
std::string socket_keys_toml(bool of_websocket) {
  std::string out;
  for (const SocketKey& one : socket_keys()) {
    if ((one.where == SocketKey::Where::WebSocket) != of_websocket) continue;
    out += commented(one.key);
    out += "#" + std::string(one.key.name) + " = " + one.key.toml_text(one.read({})) + "\n";
  }
  return out;
}

std::string tls_keys_toml() {
  std::string out;
  for (const ListenerKey& one : listener_keys())
    out += commented(one.key) + "#" + std::string(one.key.name) + " = " + listener_example(one) + "\n";
  return out;
}

/// What stands behind a key of a queue in a document.
std::string queue_example(const QueueKey& key) {
  if (key.name == kBindKey) return key.toml_text("shop/+/order");
  queue::QueueDefinition example;
  example.name = "orders";
  return key.toml_text(queue::option_text(example, key.name));
}

std::string queue_keys_toml() {
  std::string out;
  for (const QueueKey& key : queue_keys()) {
    out += wrapped(std::string(key.doc) + " (" + std::string(key.forms) + ")", "# ");
    out += "#" + std::string(key.name) + " = " + queue_example(key) + "\n";
  }
  return out;
}

constexpr std::string_view kTableHead = "| key | default | range | meaning |\n|---|---|---|---|\n";

std::string table_row(const Key& key, const std::string& standard) {
  return "| `" + std::string(key.name) + "` | " + standard + " | " + key.range_text() + " | " +
         std::string(key.doc) + " |\n";
}

std::string socket_keys_markdown(bool of_websocket) {
  std::string out(kTableHead);
  for (const SocketKey& one : socket_keys()) {
    if ((one.where == SocketKey::Where::WebSocket) != of_websocket) continue;
    out += table_row(one.key, one.follows_net ? "as [net]" : "`" + one.key.toml_text(one.read({})) + "`");
  }
  return out;
}

std::string tls_keys_markdown() {
  std::string out(kTableHead);
  for (const ListenerKey& one : listener_keys())
    out += table_row(one.key, "`" + one.key.toml_text(one.read({})) + "`");
  return out;
}

std::string queue_keys_markdown() {
  std::string out(kTableHead);
  for (const QueueKey& key : queue_keys()) {
    std::string standard = "`" + queue_example(key) + "`";
    if (key.name == kBindKey) standard = "none";
    if (key.name == "dead_letter") standard = "its name with `.dlq`";
    out += "| `" + std::string(key.name) + "` | " + standard + " | " + std::string(key.forms) + " | " +
           std::string(key.doc) + " |\n";
  }
  return out;
}

}  // namespace

std::string reference_toml() {
  const Settings defaults;
  std::string out(kTomlHead);
  out += socket_keys_toml(false);
  out += kTomlTls;
  out += tls_keys_toml();
  out += kTomlWebSocket;
  out += socket_keys_toml(true);
  out += kTomlQueues;
  out += queue_keys_toml();
  std::string_view section;
  for (const Key& key : keys()) {
    if (key.section() != section) out += "\n#[" + std::string(section = key.section()) + "]\n";
    const std::string range = note(key);
    out += wrapped(std::string(key.doc) + (range.empty() ? "" : " (" + range + ")"), "# ");
    out += "#" + std::string(key.short_name()) + " = " + key.toml_text(key.read(defaults)) + "\n";
  }
  return out;
}

std::string reference_markdown() {
  const Settings defaults;
  std::string out(kMarkdownHead);
  out += socket_keys_markdown(false);
  out += kMarkdownSockets;
  out += tls_keys_markdown();
  out += kMarkdownWebSocket;
  out += socket_keys_markdown(true);
  out += kMarkdownQueues;
  out += queue_keys_markdown();
  std::string_view section;
  for (const Key& key : keys()) {
    if (key.section() != section) {
      section = key.section();
      out += title(section) + std::string(kTableHead);
    }
    const std::string standard =
        follows_listeners(key) ? "see meaning" : "`" + key.toml_text(key.read(defaults)) + "`";
    out += "| `" + std::string(key.short_name()) + "` | " + standard + " | " + note(key) + " | " +
           std::string(key.doc) + " |\n";
  }
  return out;
}

}  // namespace hermod::config
