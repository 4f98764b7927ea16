#include "net/tls_server.h"

#include <random>

#include "base/log.h"

namespace hermod::net {
namespace {

std::uint64_t random_seed() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

void log_problem(const std::string& listener, const std::string& problem) {
  log::event(log::Level::Warning, "tls.warning", {{"listener", listener}, {"problem", problem}});
}

}  // namespace

TlsServers::TlsServers(const TlsLimits& limits, const Clock& clock)
    : clock_(clock), tickets_(clock, limits.ticket_rotation), limit_(limits, random_seed()) {}

TlsServers::~TlsServers() = default;

/// With the sentences about certificates that end among its warnings.
Result<TlsContext::Loaded> TlsServers::read(const ListenerOptions& listener) {
  auto loaded = TlsContext::load(listener.name, *listener.tls, tickets_);
  if (!loaded)
    return failure(loaded.error().code, "listener " + listener.name + ": " + loaded.error().detail);
  for (std::string& one : loaded->context->ending(clock_.wall())) loaded->warnings.push_back(std::move(one));
  return loaded;
}

Status TlsServers::load(const std::vector<ListenerOptions>& listeners) {
  std::vector<std::pair<TlsServer*, TlsContext::Loaded>> good;
  std::vector<std::unique_ptr<TlsServer>> made;
  for (const ListenerOptions& listener : listeners) {
    if (!listener.tls) continue;
    TlsServer* server = find(listener.name);
    if (server == nullptr && loaded_) continue;
    auto loaded = read(listener);
    if (!loaded) return tl::unexpected(std::move(loaded.error()));
    if (server == nullptr) {
      made.push_back(std::make_unique<TlsServer>(listener.name, limit_));
      server = made.back().get();
    }
    good.emplace_back(server, std::move(*loaded));
  }
  for (auto& server : made) servers_.push_back(std::move(server));
  for (auto& [server, loaded] : good) {
    for (const std::string& warning : loaded.warnings) log_problem(server->name(), warning);
    server->use(std::move(loaded.context));
  }
  loaded_ = true;
  return {};
}

TlsServers::Opinion TlsServers::check(const std::vector<ListenerOptions>& listeners) {
  Opinion out;
  for (const ListenerOptions& listener : listeners) {
    if (!listener.tls) continue;
    const auto loaded = read(listener);
    if (!loaded) {
      out.faults.push_back(loaded.error().detail);
      continue;
    }
    for (const std::string& warning : loaded->warnings)
      out.warnings.push_back("listener " + listener.name + ": " + warning);
  }
  return out;
}

TlsServer* TlsServers::find(std::string_view name) {
  for (const auto& server : servers_) {
    if (server->name() == name) return server.get();
  }
  return nullptr;
}

std::optional<std::chrono::seconds> TlsServers::next_expiry() const {
  std::optional<WallTime> first;
  for (const auto& server : servers_) {
    const auto ends = server->context()->first_end(TlsExpiry::What::Certificate);
    if (ends && (!first || *ends < *first)) first = ends;
  }
  if (!first) return std::nullopt;
  return std::chrono::floor<std::chrono::seconds>(*first - clock_.wall());
}

void TlsServers::warn_of_ends() const {
  for (const auto& server : servers_) {
    for (const std::string& one : server->context()->ending(clock_.wall())) log_problem(server->name(), one);
  }
}

}  // namespace hermod::net
