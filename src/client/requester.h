#pragma once
#include "client/client.h"
#include "client/failure.h"
#include "client/options.h"
#include "client/printer.h"

namespace hermod::client {

/// `hermod rr` after its options are read: subscribes to the response topic, publishes the request, prints
/// the first response, leaves.
class Requester {
 public:
  /// `options` outlives the requester; `stop` as with Client.
  Requester(const RequestOptions& options, Printer printer, int stop)
      : options_(options), client_(options.session, stop), printer_(std::move(printer)) {}

  /// The exit code: 0, 27 when the time was up, or the reason code of what the broker refused.
  Outcome<int> run();

 private:
  Outcome<void> publish_request(const std::string& payload);

  const RequestOptions& options_;
  Client client_;
  Printer printer_;
};

}  // namespace hermod::client
