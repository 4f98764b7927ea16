#pragma once
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace hermod::client {

/// Exit codes, as mosquitto's tools have them. A refusal by the broker exits with its reason code instead
/// (3.x: its return code).
enum class ExitCode : int {
  Success = 0,
  Usage = 1,  ///< also: no connection could be made
  ProtocolError = 2,
  NoConnection = 4,
  ConnectionLost = 7,
  NotSupported = 10,
  KeepAlive = 19,
  QoSNotSupported = 24,
  OversizePacket = 25,
  Timeout = 27,
  RetainNotSupported = 28,
};

/// Why a command ends early: what is printed, and what the shell gets.
struct [[nodiscard]] Failure {
  int exit_code = 1;
  std::string text;
};

template <class T>
using Outcome = tl::expected<T, Failure>;

inline tl::unexpected<Failure> fail(ExitCode code, std::string text) {
  return tl::unexpected<Failure>(Failure{static_cast<int>(code), std::move(text)});
}
inline tl::unexpected<Failure> fail_with(int exit_code, std::string text) {
  return tl::unexpected<Failure>(Failure{exit_code, std::move(text)});
}

}  // namespace hermod::client
