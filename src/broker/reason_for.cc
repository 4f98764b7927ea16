#include "broker/reason_for.h"

namespace hermod::broker {

wire::ReasonCode reason_for(Errc error) {
  using wire::ReasonCode;
  switch (error) {
    case Errc::NoSpace:
      return ReasonCode::QuotaExceeded;
    case Errc::Busy:
      return ReasonCode::ServerBusy;
    case Errc::Closed:
      return ReasonCode::ServerShuttingDown;
    case Errc::Unsupported:
      return ReasonCode::ImplementationSpecificError;
    case Errc::NotFound:
    case Errc::Corruption:
    case Errc::Io:
    case Errc::Invalid:
    case Errc::Timeout:
      return ReasonCode::UnspecifiedError;
  }
  return ReasonCode::UnspecifiedError;
}

std::string code_of(wire::ReasonCode reason) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto code = static_cast<std::uint8_t>(reason);
  return std::string("0x") + kDigits[code >> 4] + kDigits[code & 0x0F];
}

}  // namespace hermod::broker
