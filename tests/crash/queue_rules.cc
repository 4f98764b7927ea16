#include "tests/crash/queue_rules.h"

namespace hermod::crash {

bool QueueRules::takes(const std::string& topic, std::uint64_t number) const {
  return topic.starts_with(prefix) && (!only_tagged || plan::is_tagged(number));
}

namespace plan {

Fate fate_of(std::uint64_t number) {
  switch (number % 16) {
    case 3:
      return Fate::Later;
    case 5:
      return Fate::Full;
    case 7:
      return Fate::Reject;
    case 9:
      return Fate::NackTopic;
    case 11:
      return Fate::Poison;
    case 13:
      return Fate::Silent;
    default:
      return Fate::Done;
  }
}

std::string key_of(const std::string& topic, std::uint64_t number) {
  constexpr std::uint64_t kKeys = 5;
  return topic + "/" + std::to_string(number % kKeys);
}

bool is_tagged(std::uint64_t number) {
  return number % 3 == 0;
}

bool is_buried(std::uint64_t number) {
  return number / 16 % 2 == 0;
}

std::uint64_t part_of(std::uint64_t number) {
  return number % 2;
}

std::string id_of(const std::string& topic, std::uint64_t number) {
  return topic + "/" + std::to_string(number);
}

support::Properties said_of(const std::string& topic, std::uint64_t number) {
  support::Properties said;
  said.user("key", key_of(topic, number));
  said.user("tags", is_tagged(number) ? "a,c" : "b");
  said.user("part", std::to_string(part_of(number)));
  said.user("end", is_buried(number) ? "bury" : "redrive");
  said.user("msg-id", id_of(topic, number));
  said.user("want-ref", "1");
  said.user("seq", std::to_string(number));
  return said;
}

}  // namespace plan

}  // namespace hermod::crash
