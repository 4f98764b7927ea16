#include "net/tls_transport.h"

#include <openssl/err.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "net/tls_context.h"
#include "net/tls_failure.h"
#include "net/tls_psk_callbacks.h"
#include "net/tls_record_bio.h"

namespace hermod::net {

namespace {

/// The most plaintext one record holds.
constexpr std::size_t kRecord = 16U << 10;
/// Sealed bytes are read this far behind the front of the scratch buffer, and opened to its front: the start
/// of a record that came earlier may open to one record more than was read now.
constexpr std::size_t kHeadRoom = kRecord + 1024;
/// New keys (RFC 8446, 4.6.3) cost us more than the client that demands them, and so does refusing another
/// handshake in TLS 1.2. Clients do it once in millions of records; so many are borne in a second, and as
/// many again behind so much data.
constexpr std::uint32_t kMaxDemands = 32;
constexpr std::uint32_t kDataAmongDemands = 64U << 10;
constexpr std::chrono::seconds kDemandsTime{1};
/// Pieces of output that are put together in one record.
constexpr std::size_t kMaxJoined = 64;

}  // namespace

/// What only a handshake needs. It ends with the handshake.
class TlsTransport::Handshake final : private TimerHandler {
 public:
  Handshake(TlsTransport& transport, MonotonicTime limit) : end(limit), transport_(transport) {
    transport.loop().timers().schedule(timeout_, limit);
  }

  const MonotonicTime end;

  bool is_admitted = false;  ///< the limit of handshakes was asked
  bool has_begun = false;    ///< the first bytes were looked at
  /// Its turn is later: until then nothing is read.
  void wait_until(MonotonicTime turn) {
    is_admitted = true;
    transport_.hold(true);
    transport_.loop().timers().schedule(turn_, turn);
  }

 private:
  void on_timer(Timer& timer) override {
    if (&timer == &turn_) return transport_.hold(false);
    if (transport_.is_open()) transport_.on_handshake_timeout();
  }

  TlsTransport& transport_;
  Timer timeout_{*this};
  Timer turn_{*this};
};

Result<std::unique_ptr<Transport>> TlsTransport::open(EventLoop& loop, Fd socket, Caller caller,
                                                      const Options& options, TlsServer& server) {
  std::shared_ptr<const TlsContext> context = server.context();
  openssl::Ptr<SSL> ssl = context->new_session();
  if (ssl == nullptr) return failure(Errc::NoSpace, "TLS: " + openssl::take_error("no memory"));
  std::unique_ptr<TlsTransport> transport(
      new TlsTransport(loop, std::move(socket), std::move(caller), options, server, std::move(ssl)));
  transport->context_ = std::move(context);
  if (!RecordBio::attach(*transport))
    return failure(Errc::NoSpace, "TLS: " + openssl::take_error("no memory"));
  if (Status watched = transport->watch(); !watched) return tl::unexpected(std::move(watched.error()));
  transport->handshake_ = std::make_unique<Handshake>(*transport, loop.now() + options.tls.handshake_timeout);
  return transport;
}

TlsTransport::TlsTransport(EventLoop& loop, Fd socket, Caller caller, const Options& options,
                           TlsServer& server, openssl::Ptr<SSL> ssl)
    : StreamTransport(loop, std::move(socket), std::move(caller), options),
      server_(server),
      ssl_(std::move(ssl)) {}

TlsTransport::~TlsTransport() = default;

Peer TlsTransport::peer() const {
  Peer peer = StreamTransport::peer();
  if (handshake_ != nullptr || failed_) return peer;
  peer.tls_version = SSL_get_version(ssl_.get());
  peer.tls_cipher = SSL_get_cipher_name(ssl_.get());
  peer.identity = identity_;
  return peer;
}

std::optional<MonotonicTime> TlsTransport::passable_since() const {
  if (handshake_ != nullptr) return std::nullopt;
  return shaken_at_;
}

StreamTransport::Arrival TlsTransport::read() {
  if (failed_) {  // nothing can be opened any more; only the end of the stream is still of interest
    const Arrival sealed = receive(loop().scratch());
    return {sealed.what == Read::Bytes ? Read::Nothing : sealed.what};
  }
  if (handshake_ != nullptr) {
    if (!loop().may_do_costly_work()) return {Read::Nothing};
    const Read how = handshake_->is_admitted ? Read::Bytes : ask_limit();
    if (how != Read::Bytes) return {how};
  }
  const std::span<std::uint8_t> scratch = loop().scratch();
  const Arrival sealed = receive(scratch.subspan(kHeadRoom));
  if (sealed.what != Read::Bytes) {
    const bool is_over = sealed.what != Read::Nothing;
    if (is_over && handshake_ != nullptr)
      give_up(Counter::TlsFailedClosed, "closed", "the client went away during the handshake");
    return sealed;
  }
  arrived_ = sealed.bytes;
  Arrival opened{handshake_ == nullptr ? Read::Bytes : shake_hands()};
  if (opened.what == Read::Bytes) opened = open_records(scratch);
  arrived_ = {};
  if (!sealed_.empty()) set_blocked(true);
  return opened;
}

/// Asked before anything is read, so that nothing has to be kept while it waits.
StreamTransport::Read TlsTransport::ask_limit() {
  using What = HandshakeLimit::Answer::What;
  const HandshakeLimit::Answer answer = server_.limit().ask(loop().now(), handshake_->end, address());
  switch (answer.what) {
    case What::Now:
      handshake_->is_admitted = true;
      return Read::Bytes;
    case What::Later:
      handshake_->wait_until(answer.at);
      return Read::Nothing;
    case What::Refused:
      break;
  }
  give_up(Counter::TlsFailedLimit, "limit", answer.why);
  return Read::Refused;
}

StreamTransport::Read TlsTransport::shake_hands() {
  if (const char* other = handshake_->has_begun ? nullptr : plain_protocol(arrived_)) {
    give_up(Counter::TlsFailedNotTls, "not_tls", other);
    return Read::Refused;
  }
  handshake_->has_begun = true;
  ERR_clear_error();
  const int result = SSL_accept(ssl_.get());
  if (result == 1) return finish_handshake();
  if (broken_) {
    give_up(Counter::TlsFailedClosed, "closed", "the client went away during the handshake");
    return Read::Broken;
  }
  if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) return Read::Nothing;
  const TlsFailure failure = take_tls_failure(ssl_.get());
  give_up(failure.counter, failure.reason, failure.detail);
  return Read::Refused;
}

StreamTransport::Read TlsTransport::finish_handshake() {
  if (const X509* certificate = SSL_get0_peer_certificate(ssl_.get())) {
    auto name = tls_names::of_client(*certificate, context_->identity());
    if (!name) {  // a full handshake has looked already; this is for resumed ones
      give_up(Counter::TlsFailedCertificate, "certificate",
              "the client's certificate: " + name.error().detail);
      return Read::Refused;
    }
    identity_ = std::move(*name);
  }
  std::string key_holder = TlsPskCallbacks::identity(ssl_.get());
  handshake_.reset();
  shaken_at_ = loop().now();
  loop().count(Counter::TlsHandshakes);
  if (!key_holder.empty())
    loop().count(Counter::TlsPskHandshakes);
  else if (SSL_session_reused(ssl_.get()) == 1)
    loop().count(Counter::TlsResumptions);
  if (context_->identity() != TlsIdentity::None && !key_holder.empty()) identity_ = std::move(key_holder);
  SSL_set_msg_callback(ssl_.get(), on_message);
  SSL_set_msg_callback_arg(ssl_.get(), this);
  if (!output_.empty()) request_flush();
  return Read::Bytes;
}

void TlsTransport::on_message(int written, int, int type, const void*, std::size_t, SSL*, void* transport) {
  // An alert that ends nothing is the refusal of another handshake.
  if (type == (written == 0 ? SSL3_RT_HANDSHAKE : SSL3_RT_ALERT))
    static_cast<TlsTransport*>(transport)->count_demand();
}

void TlsTransport::count_demand() {
  const MonotonicTime now = loop().now();
  if (now - demands_began_ >= kDemandsTime) {
    demands_ = data_since_ = 0;
    demands_began_ = now;
  }
  if (++demands_ <= kMaxDemands) return;
  arrived_ = {};  // OpenSSL stops here, and nothing is opened behind it
}

void TlsTransport::give_up(Counter counter, std::string_view reason, std::string_view detail) {
  failed_ = true;
  handshake_.reset();
  loop().count(counter);
  // Who goes away has not done anything that needs somebody's attention.
  const log::Level level = counter == Counter::TlsFailedClosed ? log::Level::Info : log::Level::Notice;
  HERMOD_LOG_LIMITED(level, "tls.handshake_failed", {"listener", server_.name()},
                     {"address", address().host()}, {"reason", reason}, {"why", detail});
}

void TlsTransport::on_handshake_timeout() {
  give_up(Counter::TlsFailedTimeout, "timeout", "the handshake took longer than tls.handshake_timeout");
  end(CloseReason::ByBroker);
}

/// A record is opened to the front of the scratch buffer, where it never overtakes what is still sealed: it
/// is no longer than the sealed bytes that OpenSSL has taken for it, but for those of an earlier read.
StreamTransport::Arrival TlsTransport::open_records(std::span<std::uint8_t> scratch) {
  std::size_t opened = 0;
  Read what = Read::Bytes;
  while (what == Read::Bytes) {
    const auto sealed_at = static_cast<std::size_t>(arrived_.data() - scratch.data());
    ERR_clear_error();
    const int size = SSL_read(ssl_.get(), scratch.data() + opened, static_cast<int>(sealed_at - opened));
    if (size > 0) {
      opened += static_cast<std::size_t>(size);
      continue;
    }
    switch (SSL_get_error(ssl_.get(), size)) {
      case SSL_ERROR_WANT_READ:
        what = Read::Nothing;
        break;
      case SSL_ERROR_ZERO_RETURN:
        what = Read::Ended;
        break;
      default:
        failed_ = true;
        what = Read::Refused;
        HERMOD_LOG_LIMITED(log::Level::Notice, "tls.broken", {"listener", server_.name()},
                           {"address", address().host()},
                           {"why", openssl::take_error("the client broke the connection")});
    }
  }
  data_since_ += static_cast<std::uint32_t>(opened);
  if (demands_ > kMaxDemands) {
    failed_ = true;
    what = Read::Refused;
    HERMOD_LOG_LIMITED(log::Level::Notice, "tls.broken", {"listener", server_.name()},
                       {"address", address().host()}, {"why", "the client demands new keys again and again"});
  }
  if (data_since_ >= kDataAmongDemands) demands_ = data_since_ = 0;
  return {what, scratch.first(opened)};
}

StreamTransport::Written TlsTransport::write(bool ending) {
  if (broken_ || !send_sealed()) return Written::Broken;
  if (handshake_ != nullptr || failed_) {
    // What the alert of a failed handshake had to say is written already.
    if (ending) output_.clear();
    return sealed_.empty() ? Written::Done : Written::Blocked;
  }
  std::array<std::uint8_t, kRecord> room;
  while (!output_.empty() && sealed_.empty() && !broken_) {
    const Bytes record = next_record(room);
    ERR_clear_error();
    if (SSL_write(ssl_.get(), record.data(), static_cast<int>(record.size())) <= 0) {
      failed_ = true;
      return Written::Broken;
    }
    output_.consume(record.size());
  }
  if (ending && sealed_.empty() && !broken_ && !std::exchange(notified_, true)) SSL_shutdown(ssl_.get());
  if (broken_) return Written::Broken;
  return sealed_.empty() ? Written::Done : Written::Blocked;
}

Bytes TlsTransport::next_record(std::span<std::uint8_t> room) const {
  std::array<iovec, kMaxJoined> pieces;
  const std::size_t count = output_.gather(pieces.data(), pieces.size());
  const Bytes first{static_cast<const std::uint8_t*>(pieces[0].iov_base), pieces[0].iov_len};
  if (count == 1 || first.size() >= room.size()) return first.first(std::min(first.size(), room.size()));
  std::size_t filled = 0;
  for (std::size_t i = 0; i < count && filled < room.size(); ++i) {
    const std::size_t size = std::min(pieces[i].iov_len, room.size() - filled);
    std::memcpy(room.data() + filled, pieces[i].iov_base, size);
    filled += size;
  }
  return room.first(filled);
}

std::size_t TlsTransport::take_sealed(std::span<std::uint8_t> room) {
  const std::size_t size = std::min(room.size(), arrived_.size());
  if (size > 0) std::memcpy(room.data(), arrived_.data(), size);
  arrived_ = arrived_.subspan(size);
  return size;
}

/// A socket that takes nothing any more is not told to OpenSSL, which would then open nothing any more
/// either; and what the peer sent before it went is still wanted.
void TlsTransport::put_sealed(Bytes sealed) {
  if (broken_) return;
  if (sealed_.empty()) {
    iovec piece{const_cast<std::uint8_t*>(sealed.data()), sealed.size()};
    const ssize_t sent = send(&piece, 1);
    broken_ = sent < 0;
    if (broken_) return;
    sealed = sealed.subspan(static_cast<std::size_t>(sent));
  }
  sealed_.append(sealed);
}

bool TlsTransport::send_sealed() {
  while (!sealed_.empty()) {
    std::array<iovec, kMaxJoined> pieces;
    const std::size_t count = sealed_.gather(pieces.data(), pieces.size());
    const ssize_t sent = send(pieces.data(), count);
    if (sent < 0) {
      broken_ = true;
      sealed_.clear();
      return false;
    }
    if (sent == 0) return true;
    sealed_.consume(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace hermod::net
