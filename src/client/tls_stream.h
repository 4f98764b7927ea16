#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "client/failure.h"
#include "client/tls_options.h"

struct ssl_ctx_st;
struct ssl_st;
struct x509_st;
struct x509_store_ctx_st;

namespace hermod::client {

/// TLS from the client's side over a connected, non-blocking socket, which outlives it. Owned by a
/// Connection.
class TlsStream {
 public:
  /// Reads the files of `options` and shakes hands for at most `patience`; `stop` ends it when it becomes
  /// readable. `host` is whom the certificate must be for. Failures say which file, or what the broker's
  /// certificate lacks.
  static Outcome<std::unique_ptr<TlsStream>> open(int socket, const std::string& host,
                                                  const TlsOptions& options,
                                                  std::chrono::milliseconds patience, int stop);
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  ~TlsStream();

  enum class Progress { Some, WouldBlock, Ended, Broken };
  /// How far a call came; `size` bytes with Some, `why` with Broken.
  struct Step {
    Progress progress = Progress::Some;
    std::size_t size = 0;
    std::string why{};
  };
  Step write(Bytes bytes);
  /// Precondition: room for 16 KiB, the largest record, so that nothing is left where poll() does not see it.
  Step read(std::span<std::uint8_t> room);
  /// Says that nothing more is written.
  void finish();

  /// "TLSv1.3, TLS_AES_256_GCM_SHA384".
  std::string description() const;

 private:
  TlsStream(const std::string& host, const TlsOptions& options) : host_(host), options_(options) {}

  Outcome<void> configure();
  Outcome<void> use_authorities();
  Outcome<void> use_certificate();
  Outcome<void> use_psk();
  Outcome<void> shake_hands(int socket, std::chrono::milliseconds patience, int stop);
  Step step_of(int result);
  static int on_certificate(int good, x509_store_ctx_st* chain);

  const std::string host_;
  const TlsOptions& options_;
  std::vector<std::uint8_t> psk_;
  std::shared_ptr<x509_st> faulty_;  ///< of the broker's chain: what was not accepted
  std::shared_ptr<ssl_ctx_st> context_;
  std::shared_ptr<ssl_st> ssl_;
};

}  // namespace hermod::client
