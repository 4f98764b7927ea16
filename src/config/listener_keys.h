#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/key.h"
#include "net/options.h"

namespace hermod::config {

/// One key of a listener beside its url. The list is static and never changes. They take effect with a
/// reload.
struct ListenerKey {
  Key key;  ///< its name is the last word: "certificate" of listeners.NAME.certificate
  std::string (*read)(const net::TlsOptions&) = nullptr;
  void (*write)(net::TlsOptions&, const std::string&) = nullptr;
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

/// What is wrong with the TLS side of a listener, without a look at the files; empty: nothing. `written` are
/// the keys that somebody set.
std::string tls_fault(const net::TlsOptions& tls, const std::vector<std::string>& written, bool is_tls);

}  // namespace hermod::config
