#pragma once
#include <string>

struct ssl_st;
struct x509_st;

/// Why TLS did not work, in words for who typed the command. Each forgets OpenSSL's errors of this thread.
namespace hermod::client::tls_fault {

/// The oldest error of this thread, or `otherwise` when there is none.
std::string take(const char* otherwise);
/// Of a handshake with `host` that has just failed; `faulty` is what was not accepted of its chain, or null.
std::string of_handshake(const ssl_st* ssl, const x509_st* faulty, const std::string& host, bool with_psk);
/// Of a stream that broke.
std::string of_stream();

}  // namespace hermod::client::tls_fault
