#include "net/tls_staple.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>

#include <algorithm>
#include <array>
#include <memory>

#include "net/tls_expiry.h"

namespace hermod::net {
namespace {

tl::unexpected<Error> no_staple(const tls_files::File& file, const std::string& why) {
  return failure(Errc::Invalid, file.path + ": " + why);
}

/// The authority is compared by its name: its certificate, whose key the response names as well, need not be
/// in our file.
bool is_about(OCSP_SINGLERESP* single, const X509& certificate) {
  ASN1_OCTET_STRING* issuer = nullptr;
  ASN1_OBJECT* digest = nullptr;
  ASN1_INTEGER* serial = nullptr;
  auto* id = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single));
  if (OCSP_id_get0_info(&issuer, &digest, nullptr, &serial, id) != 1) return false;
  if (ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(&certificate)) != 0) return false;
  const EVP_MD* kind = EVP_get_digestbyobj(digest);
  if (kind == nullptr) return true;  // only the number can be compared
  std::array<unsigned char, EVP_MAX_MD_SIZE> name{};
  unsigned int size = 0;
  if (X509_NAME_digest(X509_get_issuer_name(&certificate), kind, name.data(), &size) != 1) return false;
  const unsigned char* theirs = ASN1_STRING_get0_data(issuer);
  return std::equal(name.data(), name.data() + size, theirs, theirs + ASN1_STRING_length(issuer));
}

}  // namespace

Result<TlsStaple> TlsStaple::parse(const tls_files::File& file, const X509& certificate,
                                   std::vector<std::string>& warnings) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(file.text.data());
  const std::unique_ptr<OCSP_RESPONSE, void (*)(OCSP_RESPONSE*)> response(
      d2i_OCSP_RESPONSE(nullptr, &bytes, static_cast<long>(file.text.size())), &OCSP_RESPONSE_free);
  const std::string why = openssl::take_error("unknown error");
  if (response == nullptr) return no_staple(file, "this is no OCSP response (DER): " + why);
  const int status = OCSP_response_status(response.get());
  if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return no_staple(file, std::string("the OCSP responder answered ") + OCSP_response_status_str(status));
  const std::unique_ptr<OCSP_BASICRESP, void (*)(OCSP_BASICRESP*)> basic(
      OCSP_response_get1_basic(response.get()), &OCSP_BASICRESP_free);
  if (basic == nullptr)
    return no_staple(file, "this is no basic OCSP response: " + openssl::take_error("unknown error"));
  for (int i = 0; i < OCSP_resp_count(basic.get()); ++i) {
    OCSP_SINGLERESP* single = OCSP_resp_get0(basic.get(), i);
    if (!is_about(single, certificate)) continue;
    TlsStaple out{.file = file.path, .response = file.text};
    ASN1_GENERALIZEDTIME* until = nullptr;
    OCSP_single_get0_status(single, nullptr, nullptr, nullptr, &until);
    if (until != nullptr) out.good_until = tls_expiry::time_of(until);
    return out;
  }
  warnings.push_back(file.path + ": the OCSP response is about another certificate; it is not stapled");
  ERR_clear_error();
  return TlsStaple{};
}

}  // namespace hermod::net
