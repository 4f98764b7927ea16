#pragma once
#include <chrono>

#include "client/descriptor.h"
#include "client/failure.h"
#include "client/options.h"

namespace hermod::client {

/// A connected, non-blocking socket to the broker of `options`: every address of the host is tried in turn,
/// each for at most `patience`. `stop` is a descriptor that ends the attempt when it becomes readable.
Outcome<Descriptor> connect_to_broker(const SessionOptions& options, std::chrono::milliseconds patience,
                                      int stop);

}  // namespace hermod::client
