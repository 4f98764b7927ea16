#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "net/tls_openssl.h"

/// The files of a TLS listener. Every error names the file and what is wrong with it. These read the disk: on
/// the main thread only.
namespace hermod::net::tls_files {

/// What was read, and what is odd about it without being an error.
struct File {
  std::string path;  ///< where it really is; for messages
  std::string text;
};

/// `name` is a path, or cred:NAME for $CREDENTIALS_DIRECTORY/NAME. Errors: NotFound, Io, Invalid (a file of
/// more than a few megabytes, an empty one, a credential without a service).
Result<File> read(const std::string& name);

/// The same; warns when others than its owner and group may read it, or others than its owner may write it.
Result<File> read_secret(const std::string& name, std::vector<std::string>& warnings);
/// Where `name` of read() is on the disk; `name` itself when that is not known.
std::string place_of(const std::string& name);

/// The certificate of a server with the chain that is sent along.
struct Chain {
  openssl::Ptr<X509> leaf;
  std::vector<openssl::Ptr<X509>> others;
};

/// Errors: those of read(); Invalid when there is no certificate in it.
Result<Chain> read_chain(const std::string& name, std::vector<std::string>& warnings);
/// Warns like read_secret(). Errors: those of read(); Invalid when there is no key in it, or an encrypted
/// one.
Result<openssl::Ptr<EVP_PKEY>> read_key(const std::string& name, std::vector<std::string>& warnings);
/// Every certificate of the file. Errors: those of read(); Invalid when there is none.
Result<std::vector<openssl::Ptr<X509>>> read_authorities(const File& file,
                                                         std::vector<std::string>& warnings);
/// Every list of the file. Errors: those of read(); Invalid when there is none.
Result<std::vector<openssl::Ptr<X509_CRL>>> read_revocations(const File& file);

}  // namespace hermod::net::tls_files
