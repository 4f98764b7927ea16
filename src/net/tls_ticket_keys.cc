#include "net/tls_ticket_keys.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <utility>

namespace hermod::net {
namespace {

void forget(std::optional<TlsTicketKey>& key) {
  if (key) OPENSSL_cleanse(&*key, sizeof *key);
  key.reset();
}

}  // namespace

TlsTicketKeys::TlsTicketKeys(const Clock& clock, std::chrono::seconds rotation, Random random)
    : clock_(clock), rotation_(rotation), random_(std::move(random)) {}

TlsTicketKeys::TlsTicketKeys(const Clock& clock, std::chrono::seconds rotation)
    : TlsTicketKeys(clock, rotation, [](std::span<std::uint8_t> bytes) {
        return RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1;
      }) {}

TlsTicketKeys::~TlsTicketKeys() {
  forget(current_);
  forget(previous_);
}

/// Under the lock.
void TlsTicketKeys::rotate() {
  const MonotonicTime now = clock_.now();
  if (current_ && now - made_ < rotation_) return;
  // What has been idle for two rotations has no key left that may still open anything.
  forget(previous_);
  if (current_ && now - made_ < 2 * rotation_) previous_ = current_;
  forget(current_);
  TlsTicketKey fresh;
  if (!random_(fresh.name) || !random_(fresh.cipher) || !random_(fresh.mac)) return;
  current_ = fresh;
  made_ = now;
}

std::optional<TlsTicketKey> TlsTicketKeys::sealing() {
  std::lock_guard lock(mutex_);
  rotate();
  return current_;
}

std::optional<TlsTicketKeys::Opening> TlsTicketKeys::opening(std::span<const std::uint8_t> name) {
  std::lock_guard lock(mutex_);
  rotate();
  if (current_ && std::ranges::equal(current_->name, name)) return Opening{*current_, false};
  if (previous_ && std::ranges::equal(previous_->name, name)) return Opening{*previous_, true};
  return std::nullopt;
}

}  // namespace hermod::net
