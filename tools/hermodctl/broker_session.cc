#include "broker_session.h"

#include "client/stop_signal.h"
#include "output.h"
#include "store_commands.h"

namespace hermod::ctl {

int ask_broker(const client::SessionOptions& session, double patience_seconds,
               const std::function<Status(ControlClient&)>& ask) {
  const client::StopSignal stop;
  ControlClient broker(session, patience_seconds, stop.descriptor());
  Status status = broker.open();
  if (status) status = ask(broker);
  broker.close();
  if (status) return kGood;
  report_failure(status.error());
  return status.error().code == Errc::NotFound ? kNoSuchQueue : kFailed;
}

}  // namespace hermod::ctl
