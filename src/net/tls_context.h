#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/options.h"
#include "net/tls_expiry.h"
#include "net/tls_names.h"
#include "net/tls_openssl.h"
#include "net/tls_psk.h"
#include "net/tls_staple.h"
#include "net/tls_ticket_keys.h"

namespace hermod::net {

/// What the handshakes of one listener need: certificates, the authorities of clients, ciphers. Built from
/// files by one thread, then immutable and shared by all shards; lives as long as a connection that began
/// with it. A reload makes another one.
class TlsContext {
 public:
  struct Loaded {
    std::shared_ptr<const TlsContext> context;
    std::vector<std::string> warnings;  ///< what is odd about the files, each with its name
  };
  /// Reads the files: on the main thread. `listener` is its name; `tickets` outlives the context. Errors name
  /// the file and what is wrong with it.
  static Result<Loaded> load(const std::string& listener, const TlsOptions& options, TlsTicketKeys& tickets);

  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  /// A session that waits for a client; null when memory is short.
  openssl::Ptr<SSL> new_session() const;
  TlsIdentity identity() const { return options_.identity; }
  /// When the first of its own certificates, or of its revocation lists, ends; nothing when it has none.
  std::optional<WallTime> first_end(TlsExpiry::What what) const;
  /// A sentence, with the file, for whatever has ended or ends soon.
  std::vector<std::string> ending(WallTime now) const { return tls_expiry::warnings(expiries_, now); }

 private:
  /// Certificates for the same names, at most one for each kind of key.
  struct Group {
    std::vector<std::string> names;
    openssl::Ptr<SSL_CTX> context;
    std::vector<openssl::Ptr<X509>> certificates;
    std::vector<TlsStaple> staples;  ///< by position in `certificates`
  };
  struct Certificate;
  struct Clients;
  friend struct TlsCallbacks;
  friend struct TlsPskCallbacks;
  friend struct TlsTicketCallbacks;

  TlsContext(const TlsOptions& options, TlsTicketKeys& tickets) : options_(options), tickets_(tickets) {}

  static Result<Certificate> read_certificate(const TlsOptions& options, std::size_t index,
                                              std::vector<std::string>& warnings);
  static Result<Clients> read_clients(const TlsOptions& options, std::vector<std::string>& warnings);
  Status add_certificates(const Clients& clients, std::vector<std::string>& warnings);
  Status add(Certificate certificate, const Clients& clients);
  Result<openssl::Ptr<SSL_CTX>> make_context(const Clients& clients);
  /// The group whose names fit best; the first when none does.
  const Group& group_for(std::string_view host) const;

  const TlsOptions options_;
  TlsTicketKeys& tickets_;
  TlsPskKeys psk_;
  std::vector<TlsExpiry> expiries_;
  std::vector<Group> groups_;
  /// Resumption is only for sessions that began under the same rules for clients.
  std::array<unsigned char, 32> rules_{};
};

}  // namespace hermod::net
