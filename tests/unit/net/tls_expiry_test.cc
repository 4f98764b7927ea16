#include "net/tls_expiry.h"

#include <gtest/gtest.h>

namespace hermod::net {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow{std::chrono::seconds{1'800'000'000}};  // 2027-01-15 08:00:00 UTC

using Ending = TlsExpiry::What;

std::string warning_of(std::chrono::seconds left, const std::string& file = "server.pem",
                       Ending what = Ending::Certificate) {
  const auto all = tls_expiry::warnings({{.file = file, .ends = kNow + left, .what = what}}, kNow);
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

TEST(TlsExpiry, OfOtherCertificatesSaysThatThereMayBeSeveral) {
  EXPECT_EQ(warning_of(1h, "ca.pem", Ending::OtherCertificate),
            "ca.pem: a certificate in it ends on 2027-01-15 09:00:00 UTC, in less than a day");
}

TEST(TlsExpiry, OfAListIsWarnedOfADayBefore) {
  EXPECT_EQ(warning_of(24h + 1s, "crl.pem", Ending::RevocationList), "");
  EXPECT_EQ(warning_of(24h, "crl.pem", Ending::RevocationList),
            "crl.pem: the revocation list is good until 2027-01-16 08:00:00 UTC; clients it stands for are "
            "refused from then on");
  EXPECT_EQ(warning_of(0s, "crl.pem", Ending::RevocationList),
            "crl.pem: the revocation list was good until 2027-01-15 08:00:00 UTC; clients it stands for are "
            "refused until there is a newer one");
}

TEST(TlsExpiry, OfAnOcspResponseIsWarnedOfADayBefore) {
  EXPECT_EQ(warning_of(24h + 1s, "server.ocsp", Ending::Staple), "");
  EXPECT_EQ(
      warning_of(24h, "server.ocsp", Ending::Staple),
      "server.ocsp: the OCSP response is good until 2027-01-16 08:00:00 UTC; it is not stapled from then "
      "on");
  EXPECT_EQ(warning_of(0s, "server.ocsp", Ending::Staple),
            "server.ocsp: the OCSP response was good until 2027-01-15 08:00:00 UTC; it is not stapled until "
            "there is a newer one");
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
