#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace hermod::queue {

/// Of an open transaction, for people and programs.
struct TransactionFacts {
  std::string_view id;
  std::string_view group;
  std::size_t messages = 0;
  std::chrono::seconds age{};
};

/// JSON: what the producers of a group are asked, and what is told of a transaction that was given up.
std::string check_text(const TransactionFacts& facts, std::uint32_t number);
std::string given_up_text(const TransactionFacts& facts);

}  // namespace hermod::queue
