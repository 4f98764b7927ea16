#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>

#include "base/clock.h"

namespace hermod::net {

/// One key that seals session tickets.
struct TlsTicketKey {
  std::array<std::uint8_t, 16> name{};  ///< stands in front of the ticket
  std::array<std::uint8_t, 32> cipher{};
  std::array<std::uint8_t, 32> mac{};
};

/// The keys of session tickets, shared by all shards, so that a client resumes on whichever it meets: one
/// seals, and the one before it still opens. They live in memory only: a ticket ends with the process, and
/// nothing that was recorded can be opened after two rotations. Locked; lives as long as the broker.
class TlsTicketKeys {
 public:
  /// Fills `bytes` with what nobody can guess; false when it cannot.
  using Random = std::function<bool(std::span<std::uint8_t> bytes)>;

  TlsTicketKeys(const Clock& clock, std::chrono::seconds rotation, Random random);
  /// With the random numbers of OpenSSL.
  TlsTicketKeys(const Clock& clock, std::chrono::seconds rotation);
  ~TlsTicketKeys();
  TlsTicketKeys(const TlsTicketKeys&) = delete;
  TlsTicketKeys& operator=(const TlsTicketKeys&) = delete;

  /// After this nothing opens a ticket any more.
  std::chrono::seconds lifetime() const { return 2 * rotation_; }
  /// What is the time; for what a ticket depends on.
  WallTime wall() const { return clock_.wall(); }
  /// The key for a new ticket; nothing when there is no randomness to make one of.
  std::optional<TlsTicketKey> sealing();
  struct Opening {
    TlsTicketKey key;
    bool is_old = false;  ///< the client should get a new ticket
  };
  /// The key of this name; nothing when it is unknown or too old.
  std::optional<Opening> opening(std::span<const std::uint8_t> name);

 private:
  void rotate();

  const Clock& clock_;
  const std::chrono::seconds rotation_;
  const Random random_;
  std::mutex mutex_;
  MonotonicTime made_{};
  std::optional<TlsTicketKey> current_;
  std::optional<TlsTicketKey> previous_;
};

}  // namespace hermod::net
