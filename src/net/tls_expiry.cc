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

}  // namespace

TlsExpiry of(const std::string& file, const X509& certificate) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &parts) != 1) return {file, WallTime{}};
  return {file, WallTime{std::chrono::seconds{timegm(&parts)}}};
}

std::vector<std::string> warnings(const std::vector<TlsExpiry>& all, WallTime now) {
  std::vector<std::string> out;
  for (const TlsExpiry& one : all) {
    if (one.ends > now + kSoon) continue;
    if (one.ends <= now) {
      out.push_back(one.file + ": the certificate expired on " + day_and_time(one.ends));
      continue;
    }
    const auto days = std::chrono::duration_cast<std::chrono::days>(one.ends - now).count();
    out.push_back(one.file + ": the certificate ends on " + day_and_time(one.ends) + ", in " +
                  (days == 0   ? "less than a day"
                   : days == 1 ? "a day"
                               : std::to_string(days) + " days"));
  }
  return out;
}

}  // namespace hermod::net::tls_expiry
