#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/key.h"
#include "config/listen_url.h"
#include "net/options.h"

namespace hermod::config {

/// What the keys of a listener set, beside its url.
struct ListenerFields {
  net::TlsOptions tls{};
  net::WebSocketOptions websocket{};
};

/// One key of a listener beside its url. The list is static and never changes.
struct ListenerKey {
  enum class Of : std::uint8_t { Tls, WebSocket };

  Key key;  ///< its name is the last word: "certificate" of listeners.NAME.certificate
  Of of = Of::Tls;
  std::string (*read)(const ListenerFields&) = nullptr;
  void (*write)(ListenerFields&, const std::string&) = nullptr;

  /// Whether a listener with this url has the key.
  bool is_for(const ListenUrl& url) const { return of == Of::Tls ? url.is_tls : url.is_websocket; }
};

/// Every such key, in the order of the reference.
const std::vector<ListenerKey>& listener_keys();
const ListenerKey* find_listener_key(std::string_view name);

/// "lan" and "url" of "listeners.lan.url"; two empty names when the key does not have that form.
struct ListenerName {
  std::string listener;
  std::string key;
};
ListenerName split_listener_key(std::string_view key);

/// What is wrong with a listener, without a look at files; empty: nothing. `written` are the keys that
/// somebody set.
std::string listener_fault(const ListenerFields& fields, const std::vector<std::string>& written,
                           const ListenUrl& url);

}  // namespace hermod::config
