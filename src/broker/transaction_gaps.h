#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::broker {

/// Transactions of which a message was refused that came over this connection. Its client may have sent the
/// commit before it hears of that, and nobody may see a part: so the first commit behind it is refused, and
/// who wants the rest all the same says so once more. Owned by its connection, same thread.
class TransactionGaps {
 public:
  /// More refusals than Receive Maximum allows nobody has missed; of them the oldest are forgotten.
  static constexpr std::size_t kMost = 128;

  void add(std::string_view id) {
    take(id);
    if (ids_.size() == kMost) ids_.erase(ids_.begin());
    ids_.emplace_back(id);
  }
  /// It is told, or does not matter any more. False: there was none.
  bool take(std::string_view id) { return std::erase(ids_, id) > 0; }

 private:
  std::vector<std::string> ids_;
};

}  // namespace hermod::broker
