#include "outcome.h"

namespace hermod::bench {

std::vector<std::string> Outcome::violations() const {
  std::vector<std::string> broken;
  const auto check = [&broken](bool is_broken, std::uint64_t count, const char* what) {
    if (is_broken && count > 0) broken.push_back(std::to_string(count) + " " + what);
  };
  const int qos = scenario.qos;
  const bool is_shared = scenario.shape == Shape::Shared;
  check(qos > 0 && scenario.has_publishers(), lost, "messages lost");
  check(qos != 1, duplicates, "messages delivered twice");  // [MQTT-4.3.1-1] [MQTT-4.3.3-1]
  // A shared subscription's message moves to another member when its first one goes.
  check(!(is_shared && scenario.reconnect), late, "messages out of order");  // [MQTT-4.6.0-5]
  check(true, late_of_key, "messages behind a later one of their key");
  check(true, missing_offsets, "offsets missing");
  check(true, offsets_backwards, "offsets that do not rise");
  check(true, offsets_changed, "offsets with another message than before");
  check(true, unnumbered, "messages without their offset or seq");
  check(true, damaged, "messages with another payload or publisher than was sent");
  check(true, held_not_dup, "QoS 2 packet ids used for a new message while the receiver held them");
  check(true, stray_acks, "acknowledgements of nothing");
  check(scenario.is_persistent(), sessions_lost, "sessions lost by the broker");
  check(qos > 0, unfinished_publishers, "publishers with unacknowledged messages at the end");
  return broken;
}

}  // namespace hermod::bench
