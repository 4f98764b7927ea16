#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/tls_openssl.h"

namespace hermod::net {

/// When a certificate of a listener ends.
struct TlsExpiry {
  std::string file;
  WallTime ends{};
};

/// Certificates that end. Pure.
namespace tls_expiry {

/// This long before its end a certificate is worth a warning.
inline constexpr std::chrono::days kSoon{14};

TlsExpiry of(const std::string& file, const X509& certificate);
/// "server.pem: the certificate ends on 2026-12-01 10:00:00 UTC, in 3 days", for those that have ended or end
/// soon.
std::vector<std::string> warnings(const std::vector<TlsExpiry>& all, WallTime now);

}  // namespace tls_expiry
}  // namespace hermod::net
