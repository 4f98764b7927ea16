#include "net/tls_names.h"

#include <algorithm>
#include <array>
#include <memory>

#include "base/text.h"
#include "net/client_name.h"

namespace hermod::net::tls_names {
namespace {

std::string_view raw(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

/// The string as UTF-8; nothing when it is no text.
Result<std::string> utf8(const ASN1_STRING* text) {
  unsigned char* data = nullptr;
  const int size = ASN1_STRING_to_UTF8(&data, text);
  if (size < 0) {
    openssl::take_error("");
    return failure(Errc::Invalid, "its name is not text");
  }
  std::string out(reinterpret_cast<char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(data);
  return out;
}

Result<std::string> common_name(const X509& certificate) {
  const X509_NAME* subject = X509_get_subject_name(&certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return failure(Errc::Invalid, "it has no common name");
  if (X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0)
    return failure(Errc::Invalid, "it has several common names");
  return utf8(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

openssl::Ptr<GENERAL_NAMES> alternative_names(const X509& certificate) {
  return openssl::Ptr<GENERAL_NAMES>(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
}

/// Every name of one type, as it stands there (IA5).
std::vector<std::string> all_of(const GENERAL_NAMES* names, int type) {
  std::vector<std::string> out;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names); ++i) {
    int found = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &found);
    if (found == type) out.emplace_back(raw(static_cast<const ASN1_STRING*>(value)));
  }
  return out;
}

Result<std::string> alternative_name(const X509& certificate) {
  const auto names = alternative_names(certificate);
  for (const int type : {GEN_DNS, GEN_EMAIL, GEN_URI}) {
    const std::vector<std::string> found = all_of(names.get(), type);
    if (found.empty()) continue;
    const bool is_ascii = std::ranges::all_of(found.front(), [](char c) { return (c & 0x80) == 0; });
    if (!is_ascii) return failure(Errc::Invalid, "its name is not text");
    return found.front();
  }
  return failure(Errc::Invalid, "it has no DNS name, e-mail address or URI among its alternative names");
}

}  // namespace

std::vector<std::string> of_server(const X509& certificate) {
  std::vector<std::string> out;
  const auto names = alternative_names(certificate);
  for (const std::string& name : all_of(names.get(), GEN_DNS)) out.push_back(in_lower(name));
  if (names == nullptr) {
    if (const auto name = common_name(certificate)) out.push_back(in_lower(*name));
  }
  std::erase_if(out, [](const std::string& name) { return name.find('\0') != std::string::npos; });
  std::ranges::sort(out);
  return out;
}

bool matches(std::string_view pattern, std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (is_wildcard(pattern)) {
    const std::size_t dot = host.find('.');
    if (dot == 0 || dot == std::string_view::npos) return false;
    pattern.remove_prefix(2);
    host.remove_prefix(dot + 1);
  }
  return !host.empty() && std::ranges::equal(pattern, host, [](char p, char h) { return p == lower(h); });
}

Result<std::string> of_client(const X509& certificate, TlsIdentity which) {
  if (which == TlsIdentity::None || which == TlsIdentity::PreSharedKey) return std::string();
  Result<std::string> name =
      which == TlsIdentity::CommonName ? common_name(certificate) : alternative_name(certificate);
  openssl::take_error("");
  if (!name) return name;
  return checked_client_name(std::move(*name));
}

}  // namespace hermod::net::tls_names
