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

}  // namespace hermod::broker
