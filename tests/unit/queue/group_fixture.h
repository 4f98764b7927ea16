#pragma once
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "queue/queue_group.h"
#include "tests/unit/queue/consumers.h"
#include "wire/property_writer.h"

namespace hermod::queue {

/// A group, its clock, and its effects as text: "a>1#2" is the second delivery of a to consumer 1, "-a" an
/// erased entry, "+a" a delivery state, "~a" a dead letter. The store makes at once what is wanted of it,
/// unless it is slow.
struct GroupTest : testing::Test {
  QueueDefinition definition;
  Moment now{MonotonicTime{std::chrono::hours(1)}, WallTime{std::chrono::hours(1000)}};
  std::unique_ptr<QueueGroup> group;
  std::map<Seq, std::string> names;
  std::map<std::string, LeaseId> leases;  ///< the last one of each message
  std::vector<QueueEffect> effects;
  std::vector<Seq> wanted;  ///< of the store, in their order
  bool is_slow = false;     ///< the store
  bool sends = true;        ///< at once
  struct Attached {
    AttachmentNo attachment{};
    wire::QoS qos{};
    std::uint64_t limit = 0;
  };
  std::map<ConsumerId, Attached> attached;
  std::map<LeaseId, ConsumerId> lent;
  std::map<LeaseId, std::string> names_of_leases;
  Seq next{1};
  std::string properties;  ///< of the messages that come

  /// A user property, for the messages that come.
  void set_property(std::string_view name, std::string_view value) {
    properties.clear();
    ByteWriter out(properties);
    out.u8(static_cast<std::uint8_t>(wire::PropertyId::UserProperty));
    out.sized16(name);
    out.sized16(value);
  }
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
    fields.forwarded_properties = as_bytes(properties);
    fields.stored_at = now.wall;
    fields.expires_at = expires_at;
    return Message::create(fields);
  }
  Admission admit(std::string_view payload, std::string_view key, std::string_view message_id = "",
                  WaiterId waiter = {}) {
    if (!group) start();
    return group->admit({.entry = {.message = message(payload), .key = std::string(key)},
                         .message_id = std::string(message_id),
                         .waiter = waiter},
                        now);
  }
  Seq store(AdmissionId id, std::string_view payload) {
    const Seq seq = std::exchange(next, Seq{next.v + 1});
    names[seq] = payload;
    group->on_stored(id, seq, now);
    return seq;
  }
  /// By somebody who need not ask.
  void publish(QueueEntry entry, std::string_view name) {
    EXPECT_TRUE(group->room()->take({1, entry.message->size()}));
    const Seq seq = std::exchange(next, Seq{next.v + 1});
    names[seq] = name;
    group->on_stored({.entry = std::move(entry)}, seq, now);
  }
  Seq put(std::string_view payload, std::string_view key = "k") {
    const Admission admission = admit(payload, key);
    EXPECT_EQ(admission.what, Admission::What::Admitted) << payload;
    return store(admission.id, payload);
  }
  void join(ConsumerId id, wire::QoS qos = wire::QoS::AtLeastOnce, std::uint32_t prefetch = 10,
            std::string_view filter = "") {
    if (!group) start();
    QueueGroup::ConsumerOptions options{.qos = qos, .filter = {}};
    if (!filter.empty()) options.filter = *PropertyFilter::parse(filter);
    Attached& its = attached[id];
    its.attachment = AttachmentNo{its.attachment.v + 1};
    its.qos = qos;
    group->join(id, its.attachment, options, now);
    grant(id, prefetch);
  }
  void grant(ConsumerId id, std::uint64_t limit) {
    attached[id].limit = limit;
    group->grant(id, attached[id].attachment, limit, now);
  }
  void disconnect(ConsumerId id) { group->disconnect(id, attached[id].attachment, now); }
  void drain(ConsumerId id) { group->drain(id, attached[id].attachment, now); }
  void pass(std::chrono::milliseconds time) {
    now.steady += time;
    now.wall += time;
    group->advance(now);
  }
  QueueGroup::Settled settle(const std::string& payload, Outcome outcome,
                             std::optional<std::chrono::seconds> retry_after = std::nullopt) {
    return answer(leases.at(payload), outcome, retry_after);
  }
  /// And there is room for another.
  QueueGroup::Settled answer(LeaseId lease, Outcome outcome,
                             std::optional<std::chrono::seconds> retry_after = std::nullopt) {
    const auto settled = group->settle(lease, outcome, retry_after, now);
    if (settled != QueueGroup::Settled::Unknown) grant(lent.at(lease), attached[lent.at(lease)].limit + 1);
    return settled;
  }
  void send(LeaseId lease) {
    if (attached[lent.at(lease)].qos == wire::QoS::AtMostOnce) {
      answer(lease, Outcome::Done);
    } else {
      group->sent(lease, now);
    }
  }
  /// The store has made the oldest that is wanted of it.
  void settle_store() {
    const Seq seq = wanted.front();
    wanted.erase(wanted.begin());
    group->on_settled(seq, now);
  }
  std::string happened() {
    std::string text;
    effects.clear();
    while (group->has_effects()) {
      for (const QueueEffect& effect : group->take_effects()) {
        if (!text.empty()) text += ' ';
        text += text_of(effect);
        effects.push_back(effect);
        if (const auto* delivery = std::get_if<Deliver>(&effect); delivery != nullptr && sends)
          send(delivery->lease);
      }
      while (!is_slow && !wanted.empty()) settle_store();
    }
    return text;
  }
  std::string text_of(const QueueEffect& effect) {
    if (const auto* delivery = std::get_if<Deliver>(&effect)) {
      const std::string name = names.at(delivery->seq);
      leases[name] = delivery->lease;
      lent[delivery->lease] = delivery->consumer;
      names_of_leases[delivery->lease] = name;
      const std::string text = name + '>' + std::to_string(delivery->consumer.v);
      return delivery->deliveries > 1 ? text + '#' + std::to_string(delivery->deliveries) : text;
    }
    if (const auto* gone = std::get_if<EraseEntry>(&effect)) return want('-', gone->seq);
    if (const auto* put_state = std::get_if<PutDeliveryState>(&effect)) return want('+', put_state->seq);
    if (const auto* dead = std::get_if<MoveToDeadLetters>(&effect)) return want('~', dead->seq);
    if (const auto* recall = std::get_if<Recall>(&effect)) return '?' + names_of_leases.at(recall->lease);
    if (const auto* again = std::get_if<AskAgain>(&effect)) {
      std::string text = "again";
      for (const WaiterId waiter : again->waiters) text += ',' + std::to_string(waiter.v);
      return text;
    }
    return "ids";
  }
  std::string want(char what, Seq seq) {
    wanted.push_back(seq);
    return what + names.at(seq);
  }
  template <class Effect>
  const Effect& last() const {
    for (auto effect = effects.rbegin(); effect != effects.rend(); ++effect)
      if (const auto* found = std::get_if<Effect>(&*effect)) return *found;
    throw std::logic_error("no such effect");
  }
};

}  // namespace hermod::queue
