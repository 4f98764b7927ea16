#pragma once
#include <utility>

#include "net/fd.h"

namespace hermod::net {

/// A bound socket of one shard. Owned by its listener.
struct ListenSocket {
  ListenSocket(Fd socket, bool shared = false)  // NOLINT(google-explicit-constructor)
      : fd(std::move(socket)), is_shared(shared) {}

  Fd fd;
  bool is_shared;  ///< several shards have it, and each connection goes to one of them
};

}  // namespace hermod::net
