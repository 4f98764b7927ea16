#include "handshake_run.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <thread>
#include <vector>

#include "address.h"
#include "process_stat.h"
#include "worker.h"

namespace hermod::bench {
namespace {

/// The handshakes of one thread.
class Handshaker {
 public:
  Handshaker(const Address& address, bool resumes) : address_(address), resumes_(resumes) {}

  void run(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count && failure.empty(); ++i) one();
  }

  std::string failure;
  std::uint64_t done = 0;
  std::uint64_t resumed = 0;
  std::string version;
  std::string cipher;

 private:
  void one() {
    const int fd = socket(address_.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const timeval patience{10, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&address_.storage), address_.size) != 0)
      failure = std::string("connect: ") + std::strerror(errno);
    else
      shake_hands(fd);
    if (fd >= 0) ::close(fd);
  }

  void shake_hands(int fd) {
    const TlsSessionPointer ticket(session_ == nullptr ? nullptr : SSL_SESSION_dup(session_.get()));
    const TlsPointer ssl = address_.tls->over(fd, ticket.get());
    SSL_set_options(ssl.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);  // a session of such a connection is good too
    if (SSL_connect(ssl.get()) != 1) {
      failure = "handshake: " + TlsClient::take_error();
      return;
    }
    ++done;
    if (SSL_session_reused(ssl.get()) == 1) ++resumed;
    version = SSL_get_version(ssl.get());
    cipher = SSL_get_cipher_name(ssl.get());
    const SSL_SESSION* const begun = SSL_get_session(ssl.get());
    await_end(fd, ssl.get());
    // A ticket of TLS 1.3 came meanwhile, and is another session.
    if (resumes_ && (session_ == nullptr || SSL_get_session(ssl.get()) != begun))
      session_.reset(SSL_get1_session(ssl.get()));
  }

  /// In TLS 1.3 a client is done before the broker is: when the broker has ended its side, it was.
  static void await_end(int fd, SSL* ssl) {
    SSL_shutdown(ssl);
    ::shutdown(fd, SHUT_WR);
    char nothing = 0;
    while (SSL_read(ssl, &nothing, 1) > 0) {
    }
  }

  const Address& address_;
  const bool resumes_;
  TlsSessionPointer session_;
};

}  // namespace

Result<HandshakeOutcome> run_handshakes(const HandshakeScenario& scenario) {
  const auto address = resolve(scenario.base.broker, scenario.base.tls);
  if (!address) return tl::unexpected(address.error());
  if (address->tls == nullptr)
    return failure(Errc::Invalid,
                   "handshake: write the broker's address as mqtts://host:port or wss://host:port");
  const std::uint32_t threads = std::max(1U, scenario.base.threads);
  std::deque<Handshaker> all;
  for (std::uint32_t i = 0; i < threads; ++i) all.emplace_back(*address, scenario.resumes);
  HandshakeOutcome outcome;
  outcome.scenario = scenario;
  // The first one brings the ticket; it counts neither as resumed nor into the figures.
  for (Handshaker& one : all) one.run(scenario.resumes ? 1 : 0);
  const int pid = scenario.base.broker_pid;
  const auto before = pid > 0 ? sample_process(pid) : Result<ProcessSample>(ProcessSample{});
  if (!before) return tl::unexpected(before.error());
  const std::uint64_t own_before = own_cpu_ns();
  const std::uint64_t began = steady_ns();
  {
    std::vector<std::jthread> running;
    for (std::uint32_t i = 0; i < threads; ++i) {
      const std::uint32_t share = scenario.handshakes / threads + (i < scenario.handshakes % threads ? 1 : 0);
      running.emplace_back([&one = all[i], share] { one.run(share); });
    }
  }
  outcome.seconds = static_cast<double>(steady_ns() - began) / 1e9;
  outcome.own_cpu_ns = own_cpu_ns() - own_before;
  const auto after = pid > 0 ? sample_process(pid) : Result<ProcessSample>(ProcessSample{});
  if (!after) return tl::unexpected(after.error());
  outcome.broker_cpu_ns = after->cpu_ns - before->cpu_ns;
  for (const Handshaker& one : all) {
    outcome.done += one.done - (scenario.resumes && one.done > 0 ? 1 : 0);
    outcome.resumed += one.resumed;
    if (outcome.failure.empty()) outcome.failure = one.failure;
    outcome.version = one.version;
    outcome.cipher = one.cipher;
  }
  return outcome;
}

}  // namespace hermod::bench
