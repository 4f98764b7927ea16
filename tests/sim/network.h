#pragma once
#include <memory>
#include <vector>

#include "tests/sim/random.h"
#include "tests/support/fake_transport.h"

namespace hermod::sim {

/// Connections whose broker's end may still live. Owned by whoever simulates; one thread.
class Network {
 public:
  std::shared_ptr<test::FakePeer> add(std::shared_ptr<test::FakePeer> peer) {
    peers_.push_back(peer);
    return peer;
  }
  /// Those whose broker's end is there.
  const std::vector<std::shared_ptr<test::FakePeer>>& alive() {
    std::erase_if(peers_, [](const auto& peer) { return peer->transport() == nullptr; });
    return peers_;
  }
  /// One of those on whose end the broker would do something; null: there is none.
  test::FakePeer* any_ready(Random& random) {
    std::vector<test::FakePeer*> ready;
    for (const auto& peer : alive())
      if (peer->transport()->is_ready()) ready.push_back(peer.get());
    return ready.empty() ? nullptr : ready[random.below(ready.size())];
  }
  /// The broker is gone; some of what it wrote still arrives.
  void lose_broker(Random& random) {
    for (const auto& peer : alive()) {
      const std::size_t written = peer->received();
      peer->lose_broker(random.chance(50) ? written : random.below(written + 1));
    }
  }

 private:
  std::vector<std::shared_ptr<test::FakePeer>> peers_;
};

}  // namespace hermod::sim
