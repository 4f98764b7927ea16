#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "queue/control_parser.h"
#include "queue/control_result.h"

namespace hermod::queue {

/// What one command of a request gave.
struct ControlAnswer {
  std::string word{};                        ///< as in the request
  std::optional<std::string> correlation{};  ///< as in the request
  Result<ControlResult> result;
};

/// `{"responses":[{"command":"purge","data":{"messages":3}},{"command":"edit","error":"...","code":"..."}]}`,
/// in the order of the commands.
std::string control_text(std::span<const ControlAnswer> answers);
/// The same for a request in which no commands could be made out.
std::string control_text(const Error& error);

/// About how many bytes of an answer it makes, for who bounds them.
std::size_t shown_size(const ControlResult& result);

/// "not-found", "invalid", "exists", ...: what kind of failure it is, for programs.
std::string_view control_code(Errc code);

}  // namespace hermod::queue
