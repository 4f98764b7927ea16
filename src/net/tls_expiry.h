#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/tls_openssl.h"

namespace hermod::net {

/// When something in a file of a listener ends.
struct TlsExpiry {
  enum class What {
    Certificate,       ///< the listener's own
    OtherCertificate,  ///< of the chain above it, or of an authority of clients
    RevocationList,
    Staple,  ///< the OCSP response of a certificate
  };
  std::string file;
  WallTime ends{};
  What what = What::Certificate;
};

/// Certificates, lists and OCSP responses that end. Pure.
namespace tls_expiry {

/// This long before its end a certificate is worth a warning; new lists and OCSP responses come every day or
/// week.
inline constexpr std::chrono::days kSoon{14};
inline constexpr std::chrono::days kSoonForNews{1};

/// The epoch when it is no time: long ago.
WallTime time_of(const ASN1_TIME* time);
TlsExpiry of(const std::string& file, const X509& certificate,
             TlsExpiry::What what = TlsExpiry::What::Certificate);
/// "server.pem: the certificate ends on 2026-12-01 10:00:00 UTC, in 3 days", for what has ended or ends soon.
std::vector<std::string> warnings(const std::vector<TlsExpiry>& all, WallTime now);

}  // namespace tls_expiry
}  // namespace hermod::net
