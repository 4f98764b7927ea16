#include "broker/reason_for.h"

namespace hermod::broker {

using wire::ReasonCode;

namespace {

ReasonCode reason_of(Errc error) {
  switch (error) {
    case Errc::NoSpace:
      return ReasonCode::QuotaExceeded;
    case Errc::Busy:
      return ReasonCode::ServerBusy;
    case Errc::Closed:
      return ReasonCode::ServerShuttingDown;
    case Errc::Unsupported:
    case Errc::Corruption:
    case Errc::Io:
      return ReasonCode::ImplementationSpecificError;
    case Errc::NotFound:
    case Errc::Invalid:
    case Errc::Timeout:
      return ReasonCode::UnspecifiedError;
  }
  return ReasonCode::UnspecifiedError;
}

}  // namespace

/// PUBACK and PUBREC have no word for a server that is busy or ends, and CONNACK none for one that ends.
ReasonCode reason_for(Errc error, wire::PacketType packet) {
  const ReasonCode reason = reason_of(error);
  return wire::is_reason_for(packet, reason, wire::Role::Client) ? reason
                                                                 : ReasonCode::ImplementationSpecificError;
}

std::string code_of(ReasonCode reason) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto code = static_cast<std::uint8_t>(reason);
  return std::string("0x") + kDigits[code >> 4] + kDigits[code & 0x0F];
}

}  // namespace hermod::broker
