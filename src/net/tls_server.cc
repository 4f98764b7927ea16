#include "net/tls_server.h"

#include <random>

#include "base/log.h"
#include "net/tls_context.h"

namespace hermod::net {
namespace {

std::uint64_t random_seed() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

}  // namespace

TlsServers::TlsServers(const TlsLimits& limits, const Clock& clock)
    : tickets_(clock, limits.ticket_rotation), limit_(limits, random_seed()) {}

TlsServers::~TlsServers() = default;

Status TlsServers::load(const std::vector<ListenerOptions>& listeners) {
  std::vector<std::pair<TlsServer*, TlsContext::Loaded>> good;
  std::vector<std::unique_ptr<TlsServer>> made;
  for (const ListenerOptions& listener : listeners) {
    if (!listener.tls) continue;
    TlsServer* server = find(listener.name);
    if (server == nullptr && loaded_) continue;
    auto loaded = TlsContext::load(listener.name, *listener.tls, tickets_);
    if (!loaded)
      return failure(loaded.error().code, "listener " + listener.name + ": " + loaded.error().detail);
    if (server == nullptr) {
      made.push_back(std::make_unique<TlsServer>(listener.name, limit_));
      server = made.back().get();
    }
    good.emplace_back(server, std::move(*loaded));
  }
  for (auto& server : made) servers_.push_back(std::move(server));
  for (auto& [server, loaded] : good) {
    for (const std::string& warning : loaded.warnings)
      log::event(log::Level::Warning, "tls.warning", {{"listener", server->name()}, {"problem", warning}});
    server->use(std::move(loaded.context));
  }
  loaded_ = true;
  return {};
}

TlsServer* TlsServers::find(std::string_view name) {
  for (const auto& server : servers_) {
    if (server->name() == name) return server.get();
  }
  return nullptr;
}

}  // namespace hermod::net
