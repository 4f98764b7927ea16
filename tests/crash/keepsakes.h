#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace hermod::crash {

/// Retained messages and the subscriptions of a session that are stored once, before the first death, and
/// never touched again: so many that a start which forgets a few of them is found out. Blocks its thread.
class Keepsakes {
 public:
  /// Stores them. Throws Unexpected when the broker does not take them.
  static void lay_down(std::uint16_t port);
  /// Those that are not there any more, at most twenty. Precondition: lay_down() has returned.
  static std::vector<std::string> missing(std::uint16_t port);

  static constexpr int kCount = 120;
};

}  // namespace hermod::crash
