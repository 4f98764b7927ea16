#include "client/tls_stream.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "client/now.h"
#include "client/tls_fault.h"

namespace hermod::client {
namespace {

constexpr std::size_t kLongestProtocol = 255;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::vector<std::uint8_t>> bytes_of_hex(const std::string& digits) {
  if (digits.empty() || digits.size() % 2 != 0) return std::nullopt;
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = hex_value(digits[i]);
    const int low = hex_value(digits[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return out;
}

bool is_numeric(const std::string& host) {
  std::array<unsigned char, 16> raw{};
  return inet_pton(AF_INET, host.c_str(), raw.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), raw.data()) == 1;
}

/// Between OpenSSL and the socket: its own writes in a way that raises SIGPIPE when the broker is gone.
int write_quietly(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent = send(static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))), bytes,
                            static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int read_socket(BIO* bio, char* room, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t got = recv(static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))), room,
                           static_cast<std::size_t>(size), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}

long control_socket(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO* bio_over(int socket) {
  static const BIO_METHOD* const kMethod = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "client socket");
    BIO_meth_set_write(made, write_quietly);
    BIO_meth_set_read(made, read_socket);
    BIO_meth_set_ctrl(made, control_socket);
    return made;
  }();
  BIO* bio = BIO_new(kMethod);
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
  BIO_set_init(bio, 1);
  return bio;
}

tl::unexpected<Failure> bad(const std::string& option, const std::string& value, const std::string& why) {
  return fail(ExitCode::Usage, option + ": " + value + ": " + why);
}

}  // namespace

TlsStream::~TlsStream() = default;

Outcome<std::unique_ptr<TlsStream>> TlsStream::open(int socket, const std::string& host,
                                                    const TlsOptions& options,
                                                    std::chrono::milliseconds patience, int stop) {
  std::unique_ptr<TlsStream> stream(new TlsStream(host, options));
  if (const auto done = stream->configure(); !done) return tl::unexpected(done.error());
  if (const auto done = stream->shake_hands(socket, patience, stop); !done)
    return tl::unexpected(done.error());
  return stream;
}

Outcome<void> TlsStream::configure() {
  context_.reset(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  SSL_CTX* context = context_.get();
  if (context == nullptr) return fail(ExitCode::Usage, "TLS: " + tls_fault::take("no memory"));
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  const int only = options_.version == "tlsv1.2"   ? TLS1_2_VERSION
                   : options_.version == "tlsv1.3" ? TLS1_3_VERSION
                                                   : 0;
  SSL_CTX_set_min_proto_version(context, only == 0 ? TLS1_2_VERSION : only);
  SSL_CTX_set_max_proto_version(context, only);
  if (!options_.ciphers.empty() && SSL_CTX_set_cipher_list(context, options_.ciphers.c_str()) != 1)
    return bad("--ciphers", options_.ciphers, tls_fault::take("OpenSSL has no such ciphers"));
  if (options_.protocol.size() > kLongestProtocol)
    return fail(ExitCode::Usage, "--tls-alpn: a protocol has at most 255 letters");
  if (!options_.protocol.empty()) {
    const std::string list = static_cast<char>(options_.protocol.size()) + options_.protocol;
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(list.data()),
                            static_cast<unsigned int>(list.size()));
  }
  if (auto done = options_.psk.empty() ? use_authorities() : use_psk(); !done) return done;
  if (auto done = use_certificate(); !done) return done;
  ssl_.reset(SSL_new(context), &SSL_free);
  if (ssl_ == nullptr) return fail(ExitCode::Usage, "TLS: " + tls_fault::take("no memory"));
  const bool is_address = is_numeric(host_);
  if (!is_address) SSL_set_tlsext_host_name(ssl_.get(), host_.c_str());
  if (options_.takes_any_host) return {};
  if (is_address) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host_.c_str());
  } else {
    SSL_set1_host(ssl_.get(), host_.c_str());
  }
  return {};
}

Outcome<void> TlsStream::use_authorities() {
  SSL_CTX* context = context_.get();
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, on_certificate);
  if (!options_.ca_file.empty() && SSL_CTX_load_verify_file(context, options_.ca_file.c_str()) != 1)
    return bad("--cafile", options_.ca_file, tls_fault::take("it cannot be read"));
  if (!options_.ca_folder.empty() && SSL_CTX_load_verify_dir(context, options_.ca_folder.c_str()) != 1)
    return bad("--capath", options_.ca_folder, tls_fault::take("it cannot be read"));
  if (options_.uses_os_authorities && SSL_CTX_set_default_verify_paths(context) != 1)
    return fail(ExitCode::Usage, "--tls-use-os-certs: " + tls_fault::take("they cannot be read"));
  return {};
}

Outcome<void> TlsStream::use_certificate() {
  if (options_.certificate.empty()) return {};
  SSL_CTX* context = context_.get();
  if (SSL_CTX_use_certificate_chain_file(context, options_.certificate.c_str()) != 1)
    return bad("--cert", options_.certificate, tls_fault::take("it is no certificate (PEM)"));
  if (SSL_CTX_use_PrivateKey_file(context, options_.key.c_str(), SSL_FILETYPE_PEM) == 1) return {};
  if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH) {
    ERR_clear_error();
    return bad("--key", options_.key, "the key does not belong to the certificate of --cert");
  }
  return bad("--key", options_.key, tls_fault::take("it is no private key (PEM)"));
}

Outcome<void> TlsStream::use_psk() {
  auto key = bytes_of_hex(options_.psk);
  if (!key) return fail(ExitCode::Usage, "--psk: the key is not in hexadecimal digits, two for each byte");
  psk_ = std::move(*key);
  SSL_CTX* context = context_.get();
  SSL_CTX_set_psk_client_callback(context,
                                  [](SSL* ssl, const char*, char* identity, unsigned int longest,
                                     unsigned char* room, unsigned int size) -> unsigned int {
                                    const auto& self =
                                        *static_cast<TlsStream*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
                                    const std::string& name = self.options_.psk_identity;
                                    if (name.size() >= longest || self.psk_.size() > size) return 0;
                                    std::memcpy(identity, name.c_str(), name.size() + 1);
                                    std::memcpy(room, self.psk_.data(), self.psk_.size());
                                    return static_cast<unsigned int>(self.psk_.size());
                                  });
  // A broker that shows a certificate instead does not have the key, and nobody says whom it may be from.
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, on_certificate);
  if (options_.ciphers.empty()) SSL_CTX_set_cipher_list(context, "PSK");
  return {};
}

Outcome<void> TlsStream::shake_hands(int socket, std::chrono::milliseconds patience, int stop) {
  const MonotonicTime deadline = now() + patience;
  BIO* bio = bio_over(socket);
  SSL_set_bio(ssl_.get(), bio, bio);  // which owns it from here
  for (;;) {
    ERR_clear_error();
    const int result = SSL_connect(ssl_.get());
    if (result == 1) return {};
    const int what = SSL_get_error(ssl_.get(), result);
    if (what != SSL_ERROR_WANT_READ && what != SSL_ERROR_WANT_WRITE)
      return fail(ExitCode::Usage,
                  tls_fault::of_handshake(ssl_.get(), faulty_.get(), host_, !options_.psk.empty()));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now()).count();
    std::array<pollfd, 2> waits{
        {{socket, static_cast<short>(what == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT), 0}, {stop, POLLIN, 0}}};
    if (left <= 0) return fail(ExitCode::Usage, "the broker does not answer the TLS handshake");
    if (poll(waits.data(), waits.size(), static_cast<int>(left)) > 0 && waits[1].revents != 0)
      return fail(ExitCode::Usage, "interrupted");
  }
}

/// OpenSSL forgets the certificate that it does not accept.
int TlsStream::on_certificate(int good, X509_STORE_CTX* chain) {
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& self = *static_cast<TlsStream*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  X509* certificate = X509_STORE_CTX_get_current_cert(chain);
  if (good != 1 && certificate != nullptr && X509_up_ref(certificate) == 1)
    self.faulty_.reset(certificate, &X509_free);
  return good;
}

TlsStream::Step TlsStream::step_of(int result) {
  if (result > 0) return {Progress::Some, static_cast<std::size_t>(result)};
  const int error = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {Progress::WouldBlock};
    case SSL_ERROR_ZERO_RETURN:
      return {Progress::Ended};
    case SSL_ERROR_SYSCALL:
      ERR_clear_error();
      return {Progress::Broken, 0, error == 0 ? "the broker closed it" : std::strerror(error)};
    default:
      return {Progress::Broken, 0, tls_fault::of_stream()};
  }
}

TlsStream::Step TlsStream::write(Bytes bytes) {
  ERR_clear_error();
  errno = 0;
  return step_of(
      SSL_write(ssl_.get(), bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1U << 20))));
}

TlsStream::Step TlsStream::read(std::span<std::uint8_t> room) {
  ERR_clear_error();
  errno = 0;
  return step_of(SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size())));
}

void TlsStream::finish() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

std::string TlsStream::description() const {
  return std::string(SSL_get_version(ssl_.get())) + ", " + SSL_get_cipher_name(ssl_.get());
}

}  // namespace hermod::client
