#include "net/tls_expiry.h"

#include <array>
#include <ctime>

namespace hermod::net::tls_expiry {
namespace {

std::string day_and_time(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
  return {text.data(), size};
}

std::string time_until(WallTime end, WallTime now) {
  const auto days = std::chrono::duration_cast<std::chrono::days>(end - now).count();
  return days == 0 ? "less than a day" : days == 1 ? "a day" : std::to_string(days) + " days";
}

std::string warning_of(const TlsExpiry& one, WallTime now) {
  const bool is_over = one.ends <= now;
  if (one.what == TlsExpiry::What::RevocationList)
    return std::string("the revocation list ") + (is_over ? "was" : "is") + " good until " +
           day_and_time(one.ends) + "; clients it stands for are refused " +
           (is_over ? "until there is a newer one" : "from then on");
  if (one.what == TlsExpiry::What::Staple)
    return std::string("the OCSP response ") + (is_over ? "was" : "is") + " good until " +
           day_and_time(one.ends) + "; it is not stapled " +
           (is_over ? "until there is a newer one" : "from then on");
  const char* name = one.what == TlsExpiry::What::Certificate ? "the certificate" : "a certificate in it";
  if (is_over) return std::string(name) + " expired on " + day_and_time(one.ends);
  return std::string(name) + " ends on " + day_and_time(one.ends) + ", in " + time_until(one.ends, now);
}

}  // namespace

WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return WallTime{};
  return WallTime{std::chrono::seconds{timegm(&parts)}};
}

TlsExpiry of(const std::string& file, const X509& certificate, TlsExpiry::What what) {
  return {file, time_of(X509_get0_notAfter(&certificate)), what};
}

std::vector<std::string> warnings(const std::vector<TlsExpiry>& all, WallTime now) {
  std::vector<std::string> out;
  for (const TlsExpiry& one : all) {
    const bool is_news = one.what == TlsExpiry::What::RevocationList || one.what == TlsExpiry::What::Staple;
    const auto soon = is_news ? kSoonForNews : kSoon;
    if (one.ends <= now + soon) out.push_back(one.file + ": " + warning_of(one, now));
  }
  return out;
}

}  // namespace hermod::net::tls_expiry
