#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hermod::queue {

/// What the configuration says about transactions.
struct TransactionOptions {
  std::chrono::milliseconds check_after{6000};       ///< nothing heard for so long: its producers are asked,
  std::chrono::milliseconds check_interval{30'000};  ///< again and again,
  std::uint32_t check_max = 15;                      ///< so often at most; then it is rolled back
  std::chrono::milliseconds remember{3'600'000};     ///< how a transaction ended, for who says it again
  std::uint32_t max_open = 100'000;                  ///< of all clients
  std::uint32_t max_open_per_client = 100;
  std::uint32_t max_messages = 1000;  ///< of one transaction
  std::uint64_t max_bytes = std::uint64_t{1} << 20;
  /// Beyond that the oldest ends are forgotten before their time. No key.
  std::size_t most_ends = 1'000'000;
};

}  // namespace hermod::queue
