#include "net/tls_expiry.h"

#include <gtest/gtest.h>

namespace hermod::net {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow{std::chrono::seconds{1'800'000'000}};  // 2027-01-15 08:00:00 UTC

std::string warning_of(std::chrono::seconds left) {
  const auto all = tls_expiry::warnings({{"server.pem", kNow + left}}, kNow);
  return all.empty() ? "" : all.front();
}

TEST(TlsExpiry, IsWarnedOfFourteenDaysBefore) {
  EXPECT_EQ(warning_of(14 * 24h + 1s), "");
  EXPECT_EQ(warning_of(14 * 24h), "server.pem: the certificate ends on 2027-01-29 08:00:00 UTC, in 14 days");
  EXPECT_EQ(warning_of(47h), "server.pem: the certificate ends on 2027-01-17 07:00:00 UTC, in a day");
  EXPECT_EQ(warning_of(1s),
            "server.pem: the certificate ends on 2027-01-15 08:00:01 UTC, in less than a day");
  EXPECT_EQ(warning_of(0s), "server.pem: the certificate expired on 2027-01-15 08:00:00 UTC");
  EXPECT_EQ(warning_of(-24h), "server.pem: the certificate expired on 2027-01-14 08:00:00 UTC");
}

TEST(TlsExpiry, IsReadFromTheCertificate) {
  const openssl::Ptr<X509> certificate(X509_new());
  ASN1_TIME_set_string(X509_getm_notAfter(certificate.get()), "20270115080000Z");
  const TlsExpiry read = tls_expiry::of("server.pem", *certificate);
  EXPECT_EQ(read.ends, kNow);
  EXPECT_EQ(read.file, "server.pem");
}

}  // namespace
}  // namespace hermod::net
