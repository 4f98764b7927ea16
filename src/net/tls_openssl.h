#pragma once
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

/// OpenSSL's objects with owners, and its errors as text.
namespace hermod::net::openssl {

struct Free {
  void operator()(BIO* it) const { BIO_free(it); }
  void operator()(EVP_PKEY* it) const { EVP_PKEY_free(it); }
  void operator()(GENERAL_NAMES* it) const { GENERAL_NAMES_free(it); }
  void operator()(SSL* it) const { SSL_free(it); }
  void operator()(SSL_CTX* it) const { SSL_CTX_free(it); }
  void operator()(SSL_SESSION* it) const { SSL_SESSION_free(it); }
  void operator()(X509* it) const { X509_free(it); }
  void operator()(X509_CRL* it) const { X509_CRL_free(it); }
  void operator()(X509_STORE* it) const { X509_STORE_free(it); }
};
template <class T>
using Ptr = std::unique_ptr<T, Free>;

/// The oldest error of this thread in words, or `otherwise` when there is none; forgets all of them.
std::string take_error(const char* otherwise);

}  // namespace hermod::net::openssl
