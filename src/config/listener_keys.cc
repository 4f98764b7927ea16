#include "config/listener_keys.h"

#include <algorithm>
#include <array>

#include "config/socket_keys.h"
#include "config/text_list.h"

namespace hermod::config {
namespace {

using Tls = net::TlsOptions;

constexpr std::string_view kListeners = "listeners.";
constexpr std::array<std::string_view, 3> kClientCertificates{"off", "optional", "required"};
constexpr std::array<std::string_view, 5> kIdentities{"none", "cn", "san", "user", "psk"};
constexpr std::array<std::string_view, 2> kVersions{"1.2", "1.3"};

template <auto Member>
ListenerKey files(std::string_view name, std::string_view doc) {
  return {{.name = name, .kind = Kind::Text, .is_list = true, .change = Change::Live, .doc = doc},
          [](const Tls& tls) { return list_text(tls.*Member); },
          [](Tls& tls, const std::string& text) { tls.*Member = split_list(text); }};
}

template <auto Member>
ListenerKey one_file(std::string_view name, std::string_view doc) {
  return {{.name = name, .kind = Kind::Text, .change = Change::Live, .doc = doc},
          [](const Tls& tls) { return tls.*Member; },
          [](Tls& tls, const std::string& text) { tls.*Member = text; }};
}

template <auto Member, const auto& Words>
ListenerKey one_of(std::string_view name, std::string_view doc) {
  return {{.name = name, .kind = Kind::Choice, .choices = Words, .change = Change::Live, .doc = doc},
          [](const Tls& tls) { return std::string(Words.at(static_cast<std::size_t>(tls.*Member))); },
          [](Tls& tls, const std::string& text) {
            const auto found = std::ranges::find(Words, text) - Words.begin();
            tls.*Member = static_cast<std::remove_reference_t<decltype(tls.*Member)>>(found);
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
          "order. cred:NAME, here and for every other file of TLS, is the credential NAME of the service."),
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
          "refused. With proxy_protocol and without TLS, cn is the name the proxy has verified. On a Unix "
          "socket, user is the system's name of the user who connects. With psk certificates give no name. "
          "With any but none the identity of a client's pre-shared key is its user name."),
      one_file<&Tls::psk_file>(
          "psk_file",
          "Pre-shared keys: lines of identity:key, the key in hexadecimal digits. A client that has such a "
          "key "
          "needs no certificate, whatever client_certificate says; with this file the listener needs none "
          "either."),
      one_file<&Tls::psk_hint>("psk_hint",
                               "Told to clients of TLS 1.2 that have to choose among their keys."),
      one_of<&Tls::minimum_version, kVersions>("minimum_tls_version", "The lowest version of TLS."),
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
  if (last != "url" && find_listener_key(last) == nullptr && find_socket_key(last) == nullptr) return {};
  return {std::string(key.substr(0, dot)), std::string(last)};
}

std::string tls_fault(const net::TlsOptions& tls, const std::vector<std::string>& written, bool is_tls) {
  if (!is_tls) {
    const auto is_other = [](const std::string& key) { return key != "identity"; };
    const auto other = std::ranges::find_if(written, is_other);
    return other == written.end() ? "" : *other + " is for a url with mqtts:// or wss://";
  }
  if (tls.identity == net::TlsIdentity::SystemUser) return "identity = \"user\" is for a url with unix://";
  if (tls.certificates.empty() && tls.psk_file.empty()) return "TLS needs certificate and key, or a psk_file";
  if (!tls.psk_hint.empty() && tls.psk_file.empty()) return "psk_hint does nothing without a psk_file";
  if (tls.keys.size() != tls.certificates.size()) return "every certificate needs its key, and only it";
  if (tls.ocsp.size() > tls.certificates.size()) return "there are more OCSP responses than certificates";
  const auto has_gap = [](const std::vector<std::string>& names) {
    return std::ranges::find(names, "") != names.end();
  };
  if (has_gap(tls.certificates) || has_gap(tls.keys)) return "there is a comma with no file beside it";
  if (tls.identity == net::TlsIdentity::PreSharedKey && tls.psk_file.empty())
    return "identity = psk needs a psk_file";
  if (tls.client_certificate != net::ClientCertificate::Off)
    return tls.ca.empty() ? "client_certificate needs ca: who signs certificates of clients" : "";
  for (const std::string_view needless : {"ca", "crl", "identity"}) {
    if (needless == "identity" && !tls.psk_file.empty()) continue;  // a key's name counts with all of them
    if (std::ranges::find(written, needless) == written.end() ||
        find_listener_key(needless)->read(tls) == find_listener_key(needless)->read(net::TlsOptions{}))
      continue;
    return std::string(needless) + " does nothing while client_certificate is off";
  }
  return "";
}

}  // namespace hermod::config
