#pragma once
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "queue/queue_group.h"

namespace hermod::queue {

inline constexpr ConsumerId kAnna{1};
inline constexpr ConsumerId kBert{2};

/// A group, its clock, and its effects as text: "a>1#2" is the second delivery of a to consumer 1, "-a" an
/// erased entry, "+a" a delivery state, "~a" a dead letter.
struct GroupTest : testing::Test {
  QueueDefinition definition;
  Moment now{MonotonicTime{std::chrono::hours(1)}, WallTime{std::chrono::hours(1000)}};
  std::unique_ptr<QueueGroup> group;
  std::map<Seq, std::string> names;
  std::map<std::string, LeaseId> leases;  ///< the last one of each message
  std::vector<QueueEffect> effects;
  Seq next{1};

  GroupTest() {
    definition.name = "q";
    definition.bind = {"t"};
    definition.ack_timeout = std::chrono::seconds(30);
    definition.retry = RetryPolicy({std::chrono::seconds(10), std::chrono::seconds(60)});
  }
  void start() { group = std::make_unique<QueueGroup>(definition, now); }
  MessagePtr message(std::string_view payload, WallTime expires_at = Message::kNever) const {
    Message::Fields fields;
    fields.topic = "t";
    fields.payload = as_bytes(payload);
    fields.stored_at = now.wall;
    fields.expires_at = expires_at;
    return Message::create(fields);
  }
  Admission admit(std::string_view payload, std::string_view key, std::string_view message_id = "") {
    if (!group) start();
    return group->admit({.entry = {.message = message(payload), .key = std::string(key)},
                         .message_id = std::string(message_id)},
                        now);
  }
  Seq store(AdmissionId id, std::string_view payload) {
    const Seq seq = std::exchange(next, Seq{next.v + 1});
    names[seq] = payload;
    group->on_stored(id, seq, now);
    return seq;
  }
  Seq put(std::string_view payload, std::string_view key = "k") {
    const Admission admission = admit(payload, key);
    EXPECT_EQ(admission.what, Admission::What::Admitted) << payload;
    return store(admission.id, payload);
  }
  void join(ConsumerId id, wire::QoS qos = wire::QoS::AtLeastOnce, std::uint32_t prefetch = 10,
            std::string_view filter = "") {
    if (!group) start();
    QueueGroup::ConsumerOptions options{.qos = qos, .prefetch = prefetch, .filter = {}};
    if (!filter.empty()) options.filter = *PropertyFilter::parse(filter);
    group->join(id, options, now);
  }
  void pass(std::chrono::milliseconds time) {
    now.steady += time;
    now.wall += time;
    group->advance(now);
  }
  QueueGroup::Settled settle(const std::string& payload, Outcome outcome,
                             std::optional<std::chrono::seconds> retry_after = std::nullopt) {
    return group->settle(leases.at(payload), outcome, retry_after, now);
  }
  std::string happened() {
    std::string text;
    effects = group->take_effects();
    for (const QueueEffect& effect : effects) {
      if (!text.empty()) text += ' ';
      if (const auto* delivery = std::get_if<Deliver>(&effect)) {
        const std::string name = names.at(delivery->seq);
        leases[name] = delivery->lease;
        text += name + '>' + std::to_string(delivery->consumer.v);
        if (delivery->deliveries > 1) text += '#' + std::to_string(delivery->deliveries);
      } else if (const auto* gone = std::get_if<EraseEntry>(&effect)) {
        text += '-' + names.at(gone->seq);
      } else if (const auto* put_state = std::get_if<PutDeliveryState>(&effect)) {
        text += '+' + names.at(put_state->seq);
      } else if (const auto* dead = std::get_if<MoveToDeadLetters>(&effect)) {
        text += '~' + names.at(dead->seq);
      } else {
        text += "ids";
      }
    }
    return text;
  }
  template <class Effect>
  const Effect& last() const {
    return std::get<Effect>(effects.back());
  }
};

}  // namespace hermod::queue
