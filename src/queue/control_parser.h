#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "queue/control_command.h"

namespace hermod::queue {

/// Where commands are published to, and where they are answered.
inline constexpr std::string_view kControlTopic = "$CONTROL/queue/v1";
inline constexpr std::string_view kControlResponseTopic = "$CONTROL/queue/v1/response";

/// One command of a request, with what its answer has to repeat.
struct ControlRequest {
  std::string word{};                        ///< "create"; empty: nothing could be made out
  std::optional<std::string> correlation{};  ///< "correlationData"
  /// Errors: Invalid, NotFound for a word that is no command, or Unsupported; with the field first:
  /// "options.lanes: from 1 to 4096".
  Result<ControlCommand> command;
};

inline constexpr std::size_t kLargestControlRequest = 64 << 10;
inline constexpr std::size_t kDeepestControlRequest = 8;
inline constexpr std::size_t kMostControlCommands = 64;

/// Reads `{"commands":[{"command":"create","queue":"orders","options":{"bind":["shop/#"]}}, ...]}`. A field
/// that a command does not have is an error of that command. Work and memory are bounded by the size, and
/// whatever is wrong is an error: nothing is trusted. Errors, when there are no commands in it: Invalid,
/// NoSpace when it is too large.
Result<std::vector<ControlRequest>> parse_control(std::string_view json);

}  // namespace hermod::queue
