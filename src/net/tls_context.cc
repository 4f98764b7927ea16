#include "net/tls_context.h"

#include <openssl/err.h>
#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "net/tls_callbacks.h"
#include "net/tls_files.h"
#include "net/tls_psk_callbacks.h"
#include "net/tls_ticket_callbacks.h"

namespace hermod::net {
namespace {

using openssl::Ptr;

// "Intermediate" of Mozilla's recommendations for servers (guideline 5.7); TLS 1.3 has three suites of its
// own.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305";
// In front of those where there are pre-shared keys: authenticated encryption only. The last three have no
// forward secrecy; small devices have no others.
constexpr const char* kPskCiphers =
    "ECDHE-PSK-CHACHA20-POLY1305:DHE-PSK-AES128-GCM-SHA256:DHE-PSK-AES256-GCM-SHA384:"
    "DHE-PSK-CHACHA20-POLY1305:PSK-AES128-GCM-SHA256:PSK-AES256-GCM-SHA384:PSK-CHACHA20-POLY1305:";
constexpr const char* kSuites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kCurves = "X25519:P-256:P-384";

tl::unexpected<Error> invalid(std::string what) {
  return failure(Errc::Invalid, std::move(what));
}

}  // namespace

struct TlsContext::Certificate {
  std::string name;  ///< of the file, for messages
  tls_files::Chain chain;
  Ptr<EVP_PKEY> key;
  std::string key_name;
  TlsStaple staple;
};

/// What is asked of clients.
struct TlsContext::Clients {
  Ptr<X509_STORE> store;
  std::vector<Ptr<X509>> authorities;
  std::string text;  ///< the files as they were
  std::vector<TlsExpiry> expiries;
};

TlsContext::~TlsContext() = default;

Result<TlsContext::Certificate> TlsContext::read_certificate(const TlsOptions& options, std::size_t index,
                                                             std::vector<std::string>& warnings) {
  Certificate out;
  out.name = options.certificates[index];
  out.key_name = options.keys[index];
  auto chain = tls_files::read_chain(out.name, warnings);
  if (!chain) return tl::unexpected(std::move(chain.error()));
  out.chain = std::move(*chain);
  auto key = tls_files::read_key(out.key_name, warnings);
  if (!key) return tl::unexpected(std::move(key.error()));
  out.key = std::move(*key);
  if (X509_check_private_key(out.chain.leaf.get(), out.key.get()) != 1) {
    openssl::take_error("");
    return invalid(out.key_name + ": the key does not belong to the certificate in " + out.name);
  }
  if (index < options.ocsp.size() && !options.ocsp[index].empty()) {
    const auto file = tls_files::read(options.ocsp[index]);
    if (!file) return tl::unexpected(file.error());
    auto staple = TlsStaple::parse(*file, *out.chain.leaf, warnings);
    if (!staple) return tl::unexpected(std::move(staple.error()));
    out.staple = std::move(*staple);
  }
  return out;
}

Result<TlsContext::Clients> TlsContext::read_clients(const TlsOptions& options,
                                                     std::vector<std::string>& warnings) {
  Clients out;
  if (options.client_certificate == ClientCertificate::Off) return out;
  const auto ca = tls_files::read(options.ca);
  if (!ca) return tl::unexpected(ca.error());
  auto authorities = tls_files::read_authorities(*ca, warnings);
  if (!authorities) return tl::unexpected(std::move(authorities.error()));
  out.authorities = std::move(*authorities);
  out.text = ca->text;
  out.store.reset(X509_STORE_new());
  for (const auto& authority : out.authorities) {
    if (X509_STORE_add_cert(out.store.get(), authority.get()) != 1)
      return invalid(ca->path + ": " + openssl::take_error("cannot be used"));
    out.expiries.push_back(tls_expiry::of(ca->path, *authority, TlsExpiry::What::OtherCertificate));
  }
  if (options.crl.empty()) return out;
  const auto crl = tls_files::read(options.crl);
  if (!crl) return tl::unexpected(crl.error());
  auto revocations = tls_files::read_revocations(*crl);
  if (!revocations) return tl::unexpected(std::move(revocations.error()));
  out.text += crl->text;
  for (const auto& list : *revocations) {
    if (X509_STORE_add_crl(out.store.get(), list.get()) != 1)
      return invalid(crl->path + ": " + openssl::take_error("cannot be used"));
    if (const ASN1_TIME* next = X509_CRL_get0_nextUpdate(list.get()))
      out.expiries.push_back({crl->path, tls_expiry::time_of(next), TlsExpiry::What::RevocationList});
  }
  X509_STORE_set_flags(out.store.get(), X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  return out;
}

Result<TlsContext::Loaded> TlsContext::load(const std::string& listener, const TlsOptions& options,
                                            TlsTicketKeys& tickets) {
  Loaded out;
  const auto clients = read_clients(options, out.warnings);
  if (!clients) return tl::unexpected(clients.error());
  std::shared_ptr<TlsContext> context(new TlsContext(options, tickets));
  const std::string rules = listener + '\0' + std::to_string(static_cast<int>(options.client_certificate)) +
                            std::to_string(static_cast<int>(options.identity)) + clients->text;
  SHA256(reinterpret_cast<const unsigned char*>(rules.data()), rules.size(), context->rules_.data());
  context->expiries_ = clients->expiries;
  if (!options.psk_file.empty()) {
    const auto file = tls_files::read_secret(options.psk_file, out.warnings);
    if (!file) return tl::unexpected(file.error());
    auto keys = TlsPskKeys::parse(*file, out.warnings);
    if (!keys) return tl::unexpected(std::move(keys.error()));
    context->psk_ = std::move(*keys);
  }
  if (Status added = context->add_certificates(*clients, out.warnings); !added)
    return tl::unexpected(std::move(added.error()));
  out.context = std::move(context);
  return out;
}

Status TlsContext::add_certificates(const Clients& clients, std::vector<std::string>& warnings) {
  for (std::size_t i = 0; i < options_.certificates.size(); ++i) {
    auto certificate = read_certificate(options_, i, warnings);
    if (!certificate) return tl::unexpected(std::move(certificate.error()));
    if (Status added = add(std::move(*certificate), clients); !added) return added;
  }
  if (!groups_.empty()) return {};
  if (psk_.empty()) return invalid("a TLS listener needs a certificate, or a psk_file");
  auto made = make_context(clients);
  if (!made) return tl::unexpected(std::move(made.error()));
  groups_.push_back({{}, std::move(*made), {}, {}});
  return {};
}

std::optional<WallTime> TlsContext::first_end(TlsExpiry::What what) const {
  std::optional<WallTime> first;
  for (const TlsExpiry& one : expiries_) {
    if (one.what == what) first = std::min(first.value_or(WallTime::max()), one.ends);
  }
  return first;
}

Status TlsContext::add(Certificate certificate, const Clients& clients) {
  X509* leaf = certificate.chain.leaf.get();
  const std::vector<std::string> names = tls_names::of_server(*leaf);
  const int kind = EVP_PKEY_get_base_id(certificate.key.get());
  // An RSA and an ECDSA certificate for the same names stand side by side, and the client's ciphers decide.
  auto group = std::ranges::find_if(groups_, [&](const Group& g) {
    return g.names == names && std::ranges::none_of(g.certificates, [&](const auto& other) {
             return EVP_PKEY_get_base_id(X509_get0_pubkey(other.get())) == kind;
           });
  });
  if (group == groups_.end()) {
    auto made = make_context(clients);
    if (!made) return tl::unexpected(std::move(made.error()));
    groups_.push_back({names, std::move(*made), {}, {}});
    group = std::prev(groups_.end());
  }
  SSL_CTX* context = group->context.get();
  if (SSL_CTX_use_certificate(context, leaf) != 1)
    return invalid(certificate.name + ": " + openssl::take_error("the certificate cannot be used"));
  if (SSL_CTX_use_PrivateKey(context, certificate.key.get()) != 1)
    return invalid(certificate.key_name + ": " + openssl::take_error("the key cannot be used"));
  for (const auto& other : certificate.chain.others) {
    if (SSL_CTX_add1_chain_cert(context, other.get()) != 1)
      return invalid(certificate.name + ": " + openssl::take_error("the chain cannot be used"));
    expiries_.push_back(tls_expiry::of(certificate.name, *other, TlsExpiry::What::OtherCertificate));
  }
  expiries_.push_back(tls_expiry::of(certificate.name, *leaf));
  group->certificates.push_back(std::move(certificate.chain.leaf));
  if (!certificate.staple.response.empty())
    expiries_.push_back({certificate.staple.file, certificate.staple.good_until, TlsExpiry::What::Staple});
  group->staples.push_back(std::move(certificate.staple));
  return {};
}

Result<Ptr<SSL_CTX>> TlsContext::make_context(const Clients& clients) {
  Ptr<SSL_CTX> made(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = made.get();
  if (context == nullptr) return invalid("TLS: " + openssl::take_error("no memory"));
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // What is sent along is what the file has; the authorities of clients have no part in it.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  const int lowest = options_.minimum_version == TlsVersion::Tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
  const std::string ciphers = std::string(psk_.empty() ? "" : kPskCiphers) + kCiphers;
  const bool ready = SSL_CTX_set_min_proto_version(context, lowest) == 1 &&
                     SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
                     SSL_CTX_set_cipher_list(context, ciphers.c_str()) == 1 &&
                     SSL_CTX_set_ciphersuites(context, kSuites) == 1 &&
                     SSL_CTX_set1_groups_list(context, kCurves) == 1 &&
                     SSL_CTX_set_dh_auto(context, 1) == 1 && SSL_CTX_set_num_tickets(context, 1) == 1 &&
                     SSL_CTX_set_session_id_context(context, rules_.data(), sizeof rules_) == 1;
  if (!ready) return invalid("TLS: " + openssl::take_error("OpenSSL refuses its settings"));
  // Tickets hold the sessions; a cache here would be another thing that shards share.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(context, static_cast<long>(tickets_.lifetime().count()));
  SSL_CTX_set_read_ahead(context, 0);  // records are taken from our buffer one by one
  TlsCallbacks::install(*context, *this);
  for (const auto install : {&TlsTicketCallbacks::install, &TlsPskCallbacks::install}) {
    if (Status installed = install(*context, *this); !installed)
      return tl::unexpected(std::move(installed.error()));
  }
  if (clients.store != nullptr) {
    SSL_CTX_set1_cert_store(context, clients.store.get());
    for (const auto& authority : clients.authorities) SSL_CTX_add_client_CA(context, authority.get());
  }
  return made;
}

const TlsContext::Group& TlsContext::group_for(std::string_view host) const {
  const Group* by_wildcard = nullptr;
  for (const Group& group : groups_) {
    for (const std::string& name : group.names) {
      if (!tls_names::matches(name, host)) continue;
      if (!tls_names::is_wildcard(name)) return group;
      if (by_wildcard == nullptr) by_wildcard = &group;
    }
  }
  return by_wildcard == nullptr ? groups_.front() : *by_wildcard;
}

Ptr<SSL> TlsContext::new_session() const {
  Ptr<SSL> ssl(SSL_new(groups_.front().context.get()));
  if (ssl != nullptr) SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace hermod::net
