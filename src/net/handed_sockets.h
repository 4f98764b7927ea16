#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/fd.h"
#include "net/options.h"

namespace hermod::net {

/// A socket that somebody else has opened, for the listener of this name.
struct HandedSocket {
  std::string name;
  Fd socket;
};

/// Sockets that systemd hands over. Each is used for the address of its listener that it is bound to, so what
/// the configuration says about who can reach a listener stays true. Owned by whoever opens listeners; main
/// thread.
class HandedSockets {
 public:
  explicit HandedSockets(std::vector<HandedSocket> sockets) : sockets_(std::move(sockets)) {}

  /// Before the first is taken. Errors: Invalid for one that is for no address of a listener, or for the same
  /// as another: clients would wait there for ever.
  Status all_wanted(const std::vector<ListenerOptions>& listeners) const;
  /// The one for this address of the listener `name`; nothing when none was handed over. Errors: Invalid when
  /// it is no listening stream socket.
  Result<std::optional<Fd>> take(const std::string& name, const ListenAddress& address);

 private:
  std::vector<HandedSocket> sockets_;
};

}  // namespace hermod::net
