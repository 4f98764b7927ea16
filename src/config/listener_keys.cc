#include "config/listener_keys.h"

#include <algorithm>
#include <array>

namespace hermod::config {
namespace {

using Tls = net::TlsOptions;

constexpr std::string_view kListeners = "listeners.";
constexpr std::array<std::string_view, 3> kClientCertificates{"off", "optional", "required"};
constexpr std::array<std::string_view, 3> kIdentities{"none", "cn", "san"};
constexpr std::array<std::string_view, 2> kVersions{"1.2", "1.3"};
constexpr std::array<std::string_view, 2> kSubprotocols{"required", "optional"};

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(' ') - first + 1));
}

/// "a.pem, b.pem" as two names.
std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  if (trimmed(text).empty()) return out;
  for (;;) {
    const std::size_t comma = text.find(',');
    out.push_back(trimmed(text.substr(0, comma)));
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

std::string list_text(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) out += (i == 0 ? "" : ", ") + names[i];
  return out;
}

template <auto Member>
ListenerKey files(std::string_view name, std::string_view doc) {
  return {{.name = name, .kind = Kind::Text, .change = Change::Live, .doc = doc},
          ListenerKey::Of::Tls,
          [](const ListenerFields& fields) { return list_text(fields.tls.*Member); },
          [](ListenerFields& fields, const std::string& text) { fields.tls.*Member = split_list(text); }};
}

template <auto Member>
ListenerKey one_file(std::string_view name, std::string_view doc) {
  return {{.name = name, .kind = Kind::Text, .change = Change::Live, .doc = doc},
          ListenerKey::Of::Tls,
          [](const ListenerFields& fields) { return fields.tls.*Member; },
          [](ListenerFields& fields, const std::string& text) { fields.tls.*Member = text; }};
}

template <auto Member, const auto& Words>
ListenerKey one_of(std::string_view name, std::string_view doc) {
  return {{.name = name, .kind = Kind::Choice, .choices = Words, .change = Change::Live, .doc = doc},
          ListenerKey::Of::Tls,
          [](const ListenerFields& fields) {
            return std::string(Words.at(static_cast<std::size_t>(fields.tls.*Member)));
          },
          [](ListenerFields& fields, const std::string& text) {
            const auto found = std::ranges::find(Words, text) - Words.begin();
            fields.tls.*Member = static_cast<std::remove_reference_t<decltype(fields.tls.*Member)>>(found);
          }};
}

template <auto Member>
ListenerKey websocket_list(std::string_view name, std::string_view doc) {
  return {
      {.name = name, .kind = Kind::Text, .doc = doc},
      ListenerKey::Of::WebSocket,
      [](const ListenerFields& fields) { return list_text(fields.websocket.*Member); },
      [](ListenerFields& fields, const std::string& text) { fields.websocket.*Member = split_list(text); }};
}

ListenerKey subprotocol() {
  return {{.name = "subprotocol",
           .kind = Kind::Choice,
           .choices = kSubprotocols,
           .doc = "Whether a client must ask for the WebSocket subprotocol mqtt (or mqttv3.1), as MQTT wants "
                  "it, or may ask for none."},
          ListenerKey::Of::WebSocket,
          [](const ListenerFields& fields) {
            return std::string(kSubprotocols.at(fields.websocket.requires_subprotocol ? 0 : 1));
          },
          [](ListenerFields& fields, const std::string& text) {
            fields.websocket.requires_subprotocol = text == kSubprotocols[0];
          }};
}

}  // namespace

const std::vector<ListenerKey>& listener_keys() {
  static const std::vector<ListenerKey> kKeys{
      files<&Tls::certificates>("certificate",
                                "The server's certificate (PEM) with its chain behind it. Several, separated "
                                "by commas, are chosen by "
                                "the name the client asks for (SNI), which may be a wildcard's; the first is "
                                "for everything else. An "
                                "RSA and an ECDSA certificate for the same names stand side by side."),
      files<&Tls::keys>(
          "key",
          "The private key of the certificate (PEM, without a password); of several, in the same "
          "order. cred:NAME is the credential NAME of the service."),
      files<&Tls::ocsp>("ocsp",
                        "OCSP response (DER) to staple to the certificate; of several, in the same order."),
      one_of<&Tls::client_certificate, kClientCertificates>(
          "client_certificate",
          "Whether clients are asked for a certificate, and whether one may come without."),
      one_file<&Tls::ca>("ca", "The authorities (PEM) that sign certificates of clients."),
      one_file<&Tls::crl>(
          "crl",
          "Revocation lists (PEM) of these authorities. A client whose authority has no list here, or an "
          "outdated one, is refused."),
      one_of<&Tls::identity, kIdentities>(
          "identity",
          "Which name of the client's certificate is its user name: the common name (cn), or the first DNS "
          "name, e-mail address or URI of the alternative names (san). A certificate without such a name is "
          "refused."),
      one_of<&Tls::minimum_version, kVersions>("minimum_tls_version", "The lowest version of TLS."),
      subprotocol(),
      websocket_list<&net::WebSocketOptions::origins>(
          "origins",
          "Which web pages may connect, separated by commas: https://example.org, https://*.example.org for "
          "all "
          "hosts below, null for pages without an origin, absent for programs that are no browsers and name "
          "none. Empty: everybody may."),
      websocket_list<&net::WebSocketOptions::proxies>(
          "proxies",
          "Addresses and networks of proxies, separated by commas, whose X-Forwarded-For header names the "
          "client's address. "
          "limits.max_connections_per_address still counts the proxy."),
  };
  return kKeys;
}

const ListenerKey* find_listener_key(std::string_view name) {
  const auto found =
      std::ranges::find_if(listener_keys(), [&](const ListenerKey& one) { return one.key.name == name; });
  return found == listener_keys().end() ? nullptr : &*found;
}

ListenerName split_listener_key(std::string_view key) {
  if (!key.starts_with(kListeners)) return {};
  key.remove_prefix(kListeners.size());
  const std::size_t dot = key.find('.');
  if (dot == 0 || dot == std::string_view::npos) return {};
  const std::string_view last = key.substr(dot + 1);
  if (last != "url" && find_listener_key(last) == nullptr) return {};
  return {std::string(key.substr(0, dot)), std::string(last)};
}

namespace {

std::string tls_fault(const ListenerFields& fields, const std::vector<std::string>& written) {
  const Tls& tls = fields.tls;
  if (tls.certificates.empty()) return "TLS needs certificate and key";
  if (tls.keys.size() != tls.certificates.size()) return "every certificate needs its key, and only it";
  if (tls.ocsp.size() > tls.certificates.size()) return "there are more OCSP responses than certificates";
  const auto has_gap = [](const std::vector<std::string>& names) {
    return std::ranges::find(names, "") != names.end();
  };
  if (has_gap(tls.certificates) || has_gap(tls.keys)) return "there is a comma with no file beside it";
  if (tls.client_certificate != net::ClientCertificate::Off)
    return tls.ca.empty() ? "client_certificate needs ca: who signs certificates of clients" : "";
  for (const std::string_view needless : {"ca", "crl", "identity"}) {
    if (std::ranges::find(written, needless) == written.end() ||
        find_listener_key(needless)->read(fields) == find_listener_key(needless)->read({}))
      continue;
    return std::string(needless) + " does nothing while client_certificate is off";
  }
  return "";
}

}  // namespace

std::string listener_fault(const ListenerFields& fields, const std::vector<std::string>& written,
                           const ListenUrl& url) {
  for (const std::string& name : written) {
    const ListenerKey& one = *find_listener_key(name);
    if (one.is_for(url)) continue;
    return name + (one.of == ListenerKey::Of::Tls ? " is for a url with mqtts:// or wss://"
                                                  : " is for a url with ws:// or wss://");
  }
  return url.is_tls ? tls_fault(fields, written) : "";
}

}  // namespace hermod::config
