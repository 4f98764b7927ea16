#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/timing.h"
#include "tests/support/tls_files.h"

struct ssl_ctx_st;
struct ssl_session_st;
struct ssl_st;

namespace hermod::support {

using TlsSession = std::shared_ptr<ssl_session_st>;

/// What a client of a test asks for. Without `ca` it takes any certificate.
struct TlsClient {
  std::string ca{};
  std::string host = "localhost";        ///< SNI; empty: none
  std::vector<std::string> protocols{};  ///< ALPN; empty: none offered
  int only_version = 0;                  ///< 12, 13; 0: what OpenSSL offers
  std::string ciphers{};                 ///< of TLS 1.2; empty: OpenSSL's
  std::optional<Certificate> certificate{};
  TlsSession session{};  ///< to resume
  bool asks_for_staple = false;
  std::string in_front{};      ///< bytes that go over the connection before TLS
  std::string psk_identity{};  ///< empty: no pre-shared key
  std::string psk{};           ///< raw bytes
};

/// TLS from the client's side over a connected socket, which it does not own. Blocks its thread with time
/// limits. Throws Unexpected with OpenSSL's reason when the handshake fails.
class TlsStream {
 public:
  TlsStream(int fd, const TlsClient& client);
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  ~TlsStream();

  /// Bytes sent; 0 when the time is over, -1 when the connection is broken.
  long send(std::string_view bytes, Clock::time_point deadline);
  /// Bytes received; 0 when the time is over, -1 when the stream ended or broke.
  long receive(char* room, std::size_t size, Clock::time_point deadline);

  const TlsClient& client() const { return client_; }
  std::string version() const;   ///< "TLSv1.3"
  std::string cipher() const;    ///< "TLS_AES_128_GCM_SHA256"
  std::string protocol() const;  ///< ALPN; empty: none
  std::string server() const;    ///< common name of the server's certificate
  bool has_rsa_certificate() const;
  bool has_secure_renegotiation() const;
  bool is_compressed() const;
  /// Asks for new keys by a second handshake (TLS 1.2); false when the broker does not agree.
  bool renegotiate(Clock::time_point deadline);
  std::string psk_hint() const;  ///< of the broker for its pre-shared keys (TLS 1.2); empty: none
  std::string staple() const;    ///< OCSP response; empty: none
  bool resumed() const;
  /// The newest session; null before a ticket came.
  TlsSession session() const;
  /// Why the stream ended, in OpenSSL's words; empty: by close_notify, or it is open.
  const std::string& fault() const { return fault_; }
  bool has_close_notify() const;
  /// Says that nothing more is sent.
  void close_notify();
  /// Changes the keys, and asks the broker to change its own (TLS 1.3).
  void update_keys();
  /// The same, sent by itself; false when the broker takes no more or is gone.
  bool send_key_update(Clock::time_point deadline);

 private:
  /// True: try again. False: the time is over, or the stream has ended (`fault_`).
  bool wait(int result, Clock::time_point deadline);

  int fd_;
  std::shared_ptr<ssl_ctx_st> context_;
  std::shared_ptr<ssl_st> ssl_;
  TlsClient client_;
  TlsSession session_;
  std::string fault_;
  bool ended_ = false;
};

}  // namespace hermod::support
