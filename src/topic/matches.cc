#include "topic/matches.h"

namespace hermod::topic {

bool matches(const TopicFilter& filter, const TopicName& name) {
  LevelReader wanted = filter.levels();
  LevelReader given = name.levels();
  bool first = true;
  while (!wanted.done()) {
    const std::string_view level = wanted.next();
    if (first && name.is_reserved() && (level == "#" || level == "+")) return false;  // [MQTT-4.7.2-1]
    first = false;
    if (level == "#") return true;  // the level above counts too: `a/#` has matched `a` already
    if (given.done()) return false;
    if (const std::string_view have = given.next(); level != "+" && level != have)
      return false;  // [MQTT-4.7.3-4]
  }
  return given.done();
}

}  // namespace hermod::topic
