#pragma once
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/handshake_limit.h"
#include "net/options.h"
#include "net/tls_context.h"
#include "net/tls_ticket_keys.h"

namespace hermod::net {

/// One TLS listener as its shards share it: the files as they were read last, behind a lock that is held for
/// the copy of a pointer, and the limit of handshakes. Owned by TlsServers; outlives every transport.
class TlsServer {
 public:
  TlsServer(std::string name, HandshakeLimit& limit) : name_(std::move(name)), limit_(limit) {}

  const std::string& name() const { return name_; }
  HandshakeLimit& limit() { return limit_; }
  /// For a handshake that begins now; it stays good however long the connection lives. Any thread.
  std::shared_ptr<const TlsContext> context() const {
    std::lock_guard lock(mutex_);
    return context_;
  }
  /// Handshakes from now on use this. Any thread.
  void use(std::shared_ptr<const TlsContext> context) {
    std::lock_guard lock(mutex_);
    context_.swap(context);
  }

 private:
  const std::string name_;
  HandshakeLimit& limit_;
  mutable std::mutex mutex_;
  std::shared_ptr<const TlsContext> context_;
};

/// The TLS side of all listeners. Owned by the broker, loaded on the main thread; its servers are shared by
/// the shards and live as long as it does.
class TlsServers {
 public:
  TlsServers(const TlsLimits& limits, const Clock& clock);
  TlsServers(const TlsServers&) = delete;
  TlsServers& operator=(const TlsServers&) = delete;
  ~TlsServers();

  /// Reads the files of every TLS listener and, when all of them are good, uses them. The first call makes
  /// the servers; later ones give those that are there new files, and listeners of other names are passed
  /// over. Oddities are logged. Errors: of the first listener whose files are not good, naming it and the
  /// file; then everything is as it was.
  Status load(const std::vector<ListenerOptions>& listeners);

  /// What load() would say about these files; uses none of them. One sentence for each listener whose files
  /// are not good, and the oddities of the others.
  struct Opinion {
    std::vector<std::string> faults;
    std::vector<std::string> warnings;
  };
  Opinion check(const std::vector<ListenerOptions>& listeners);

  bool empty() const { return servers_.empty(); }
  /// Null when there is no TLS listener of this name.
  TlsServer* find(std::string_view name);
  /// How long until the first of all certificates ends, negative after it; nothing without one. Any thread,
  /// after the first load().
  std::optional<std::chrono::seconds> next_expiry() const;
  /// Logs which certificates have ended or end soon.
  void warn_of_ends() const;

 private:
  Result<TlsContext::Loaded> read(const ListenerOptions& listener);

  const Clock& clock_;
  TlsTicketKeys tickets_;
  HandshakeLimit limit_;
  std::vector<std::unique_ptr<TlsServer>> servers_;
  bool loaded_ = false;
};

}  // namespace hermod::net
