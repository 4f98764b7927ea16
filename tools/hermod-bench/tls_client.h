#pragma once
#include <memory>
#include <string>

#include "base/result.h"

struct ssl_ctx_st;
struct ssl_st;
struct ssl_session_st;

namespace hermod::bench {

/// What the connections of a run say of themselves over TLS.
struct TlsSettings {
  std::string ca_file;      ///< empty: any certificate is taken
  std::string version;      ///< "1.2" or "1.3"; empty: both
  std::string ciphers;      ///< of TLS 1.2
  std::string certificate;  ///< of the client; empty: none
  std::string key;
};

struct FreeTls {
  void operator()(ssl_st* ssl) const;
  void operator()(ssl_session_st* session) const;
};
using TlsPointer = std::unique_ptr<ssl_st, FreeTls>;
using TlsSessionPointer = std::unique_ptr<ssl_session_st, FreeTls>;

/// Makes the TLS side of connections. Shared by all workers, immutable once made.
class TlsClient {
 public:
  /// Errors: Invalid, naming the option whose file is not good.
  static Result<std::shared_ptr<const TlsClient>> make(const TlsSettings& settings);

  /// TLS over a socket, which outlives it; `session` null: a full handshake.
  TlsPointer over(int socket, ssl_session_st* session) const;
  /// The oldest error of OpenSSL on this thread, in its words; forgets all of them.
  static std::string take_error();

 private:
  explicit TlsClient(std::shared_ptr<ssl_ctx_st> context) : context_(std::move(context)) {}

  std::shared_ptr<ssl_ctx_st> context_;
};

}  // namespace hermod::bench
