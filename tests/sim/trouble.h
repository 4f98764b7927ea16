#pragma once

namespace hermod::sim {

/// What goes wrong beside the network.
struct Trouble {
  bool disk_fails = false;
  bool broker_crashes = false;  ///< and starts again; then the store is a real one
};

}  // namespace hermod::sim
