#pragma once
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/child_process.h"

struct evp_pkey_st;
struct x509_st;

namespace hermod::support {

enum class KeyKind { Ecdsa, Rsa };

/// What a certificate of a test says.
struct CertificateRequest {
  std::string common_name{};         ///< raw bytes; empty: none
  std::vector<std::string> names{};  ///< alternative names, as "DNS:localhost" or "email:a@b"
  KeyKind kind = KeyKind::Ecdsa;
  std::chrono::seconds valid_for = std::chrono::hours{24};  ///< from now; negative: it has expired
};

/// A certificate with its key. Shared by copies.
struct Certificate {
  std::shared_ptr<x509_st> certificate;
  std::shared_ptr<evp_pkey_st> key;
  long serial = 0;
};

/// An authority of a test that signs certificates, revokes them, and answers for them. Owns its key.
class Authority {
 public:
  explicit Authority(const std::string& name);

  Certificate issue(const CertificateRequest& request);
  const Certificate& own() const { return own_; }
  /// A revocation list (PEM) with these serial numbers; outdated when `valid_for` is negative.
  std::string revocations(const std::vector<long>& serials,
                          std::chrono::seconds valid_for = std::chrono::hours{24}) const;
  /// "This certificate is good" (DER); outdated when `valid_for` is negative.
  std::string ocsp_response(const Certificate& about,
                            std::chrono::seconds valid_for = std::chrono::hours{24}) const;

 private:
  Certificate own_;
  long next_serial_ = 2;
};

std::string certificate_pem(const Certificate& certificate);
std::string key_pem(const Certificate& certificate);
/// The key under a password.
std::string encrypted_key_pem(const Certificate& certificate);

/// The files of a broker with TLS in a folder of their own: ca.pem, server.pem and server.key, valid for
/// localhost and 127.0.0.1. Each test writes over them what it needs.
class TlsFiles {
 public:
  TlsFiles();

  Authority& authority() { return authority_; }
  std::string path(std::string_view name) const { return (folder_.path() / name).string(); }
  void write(std::string_view name, const std::string& text) const;
  /// NAME.pem and NAME.key.
  void write_pair(std::string_view name, const Certificate& certificate) const;
  /// The settings of a listener `secure` on this port.
  std::vector<std::pair<std::string, std::string>> settings(std::uint16_t port,
                                                            const std::string& scheme = "mqtts") const;

 private:
  TemporaryFolder folder_;
  Authority authority_{"hermod test authority"};
};

}  // namespace hermod::support
