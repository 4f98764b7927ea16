#include "tests/support/tls_files.h"

#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "tests/support/packet_bytes.h"

namespace hermod::support {
namespace {

std::shared_ptr<EVP_PKEY> make_key(KeyKind kind) {
  EVP_PKEY* key = kind == KeyKind::Ecdsa ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048);
  if (key == nullptr) throw Unexpected("OpenSSL makes no key");
  return {key, &EVP_PKEY_free};
}

void set_common_name(X509_NAME* subject, const std::string& name) {
  if (name.empty()) return;
  const auto* bytes = reinterpret_cast<const unsigned char*>(name.data());
  X509_NAME_add_entry_by_NID(subject, NID_commonName, V_ASN1_UTF8STRING, bytes, static_cast<int>(name.size()),
                             -1, 0);
}

void add_extension(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  if (made == nullptr) throw Unexpected("OpenSSL makes no extension of " + value);
  X509_add_ext(certificate, made, -1);
  X509_EXTENSION_free(made);
}

/// Everything but names and extensions; `begins` and `ends` in seconds from now.
std::shared_ptr<X509> blank(EVP_PKEY* key, long serial, long begins, long ends) {
  std::shared_ptr<X509> made(X509_new(), &X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), begins);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), ends);
  X509_set_pubkey(made.get(), key);
  return made;
}

/// What `write` puts into a memory BIO.
template <class Write>
std::string written_by(Write write) {
  const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), &BIO_free);
  if (write(out.get()) != 1) throw Unexpected("OpenSSL writes nothing");
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

constexpr long kDay = 24L * 60 * 60;

}  // namespace

Authority::Authority(const std::string& name) {
  own_.key = make_key(KeyKind::Ecdsa);
  own_.certificate = blank(own_.key.get(), 1, -kDay, 30 * kDay);
  own_.serial = 1;
  X509* made = own_.certificate.get();
  set_common_name(X509_get_subject_name(made), name);
  X509_set_issuer_name(made, X509_get_subject_name(made));
  add_extension(made, made, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(made, made, NID_key_usage, "critical,keyCertSign,cRLSign,digitalSignature");
  add_extension(made, made, NID_subject_key_identifier, "hash");
  X509_sign(made, own_.key.get(), EVP_sha256());
}

Certificate Authority::issue(const CertificateRequest& request) {
  Certificate out;
  out.key = make_key(request.kind);
  out.serial = next_serial_++;
  const long ends = request.valid_for.count();
  out.certificate = blank(out.key.get(), out.serial, std::min(ends, 0L) - kDay, ends);
  X509* made = out.certificate.get();
  set_common_name(X509_get_subject_name(made), request.common_name);
  X509_set_issuer_name(made, X509_get_subject_name(own_.certificate.get()));
  std::string names;
  for (const std::string& name : request.names) names += (names.empty() ? "" : ",") + name;
  if (!names.empty()) add_extension(made, own_.certificate.get(), NID_subject_alt_name, names);
  X509_sign(made, own_.key.get(), EVP_sha256());
  return out;
}

std::string Authority::revocations(const std::vector<long>& serials, std::chrono::seconds valid_for) const {
  const std::unique_ptr<X509_CRL, void (*)(X509_CRL*)> list(X509_CRL_new(), &X509_CRL_free);
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(own_.certificate.get()));
  const std::unique_ptr<ASN1_TIME, void (*)(ASN1_TIME*)> time(ASN1_TIME_new(), &ASN1_TIME_free);
  X509_gmtime_adj(time.get(), -2 * kDay);
  X509_CRL_set1_lastUpdate(list.get(), time.get());
  for (const long serial : serials) {
    X509_REVOKED* one = X509_REVOKED_new();
    const std::unique_ptr<ASN1_INTEGER, void (*)(ASN1_INTEGER*)> number(ASN1_INTEGER_new(),
                                                                        &ASN1_INTEGER_free);
    ASN1_INTEGER_set(number.get(), serial);
    X509_REVOKED_set_serialNumber(one, number.get());
    X509_REVOKED_set_revocationDate(one, time.get());
    X509_CRL_add0_revoked(list.get(), one);
  }
  X509_gmtime_adj(time.get(), valid_for.count());
  X509_CRL_set1_nextUpdate(list.get(), time.get());
  X509_CRL_sort(list.get());
  X509_CRL_sign(list.get(), own_.key.get(), EVP_sha256());
  return written_by([&](BIO* out) { return PEM_write_bio_X509_CRL(out, list.get()); });
}

std::string Authority::ocsp_response(const Certificate& about, std::chrono::seconds valid_for) const {
  OCSP_CERTID* id = OCSP_cert_to_id(EVP_sha1(), about.certificate.get(), own_.certificate.get());
  const std::unique_ptr<OCSP_BASICRESP, void (*)(OCSP_BASICRESP*)> basic(OCSP_BASICRESP_new(),
                                                                         &OCSP_BASICRESP_free);
  const long ends = valid_for.count();
  const std::unique_ptr<ASN1_TIME, void (*)(ASN1_TIME*)> from(
      X509_gmtime_adj(nullptr, std::min(ends, 0L) - kDay), &ASN1_TIME_free);
  const std::unique_ptr<ASN1_TIME, void (*)(ASN1_TIME*)> until(X509_gmtime_adj(nullptr, ends),
                                                               &ASN1_TIME_free);
  OCSP_basic_add1_status(basic.get(), id, V_OCSP_CERTSTATUS_GOOD, 0, nullptr, from.get(), until.get());
  OCSP_CERTID_free(id);
  OCSP_basic_sign(basic.get(), own_.certificate.get(), own_.key.get(), EVP_sha256(), nullptr, 0);
  const std::unique_ptr<OCSP_RESPONSE, void (*)(OCSP_RESPONSE*)> response(
      OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()), &OCSP_RESPONSE_free);
  unsigned char* der = nullptr;
  const int size = i2d_OCSP_RESPONSE(response.get(), &der);
  if (size <= 0) throw Unexpected("OpenSSL makes no OCSP response");
  std::string out(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

std::string certificate_pem(const Certificate& certificate) {
  return written_by([&](BIO* out) { return PEM_write_bio_X509(out, certificate.certificate.get()); });
}

std::string key_pem(const Certificate& certificate) {
  return written_by([&](BIO* out) {
    return PEM_write_bio_PrivateKey(out, certificate.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string encrypted_key_pem(const Certificate& certificate) {
  return written_by([&](BIO* out) {
    return PEM_write_bio_PKCS8PrivateKey(out, certificate.key.get(), EVP_aes_128_cbc(), "password", 8,
                                         nullptr, nullptr);
  });
}

TlsFiles::TlsFiles() {
  write("ca.pem", certificate_pem(authority_.own()));
  write_pair("server",
             authority_.issue({.common_name = "localhost", .names = {"DNS:localhost", "IP:127.0.0.1"}}));
}

void TlsFiles::write(std::string_view name, const std::string& text) const {
  write_text(folder_.path() / name, text);
}

void TlsFiles::write_pair(std::string_view name, const Certificate& certificate) const {
  write(std::string(name) + ".pem", certificate_pem(certificate));
  write(std::string(name) + ".key", key_pem(certificate));
  ::chmod(path(std::string(name) + ".key").c_str(), S_IRUSR | S_IWUSR);
}

std::vector<std::pair<std::string, std::string>> TlsFiles::settings(std::uint16_t port,
                                                                    const std::string& scheme) const {
  return {{"listeners.secure.url", scheme + "://127.0.0.1:" + std::to_string(port)},
          {"listeners.secure.certificate", path("server.pem")},
          {"listeners.secure.key", path("server.key")}};
}

}  // namespace hermod::support
