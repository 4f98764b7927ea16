// A PUBLISH to $CONTROL/queue/v1: who may, what it says, in which order it is carried out, and the way of its
// answer. What the single commands do is in command_path.cc.

#include <algorithm>
#include <memory>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "broker/shard.h"
#include "queue/control_answer.h"
#include "session/records.h"
#include "topic/topic_name.h"
#include "wire/encoder.h"
#include "wire/property_writer.h"

namespace hermod::broker {

using queue::ControlAnswer;
using queue::ControlRequest;
using queue::ControlResult;

namespace {

/// Requests of one session that wait for their turn, the one under way included, and of all of a shard.
constexpr std::size_t kMostOfSession = 16;
constexpr std::size_t kMostOfShard = 1024;

/// What an answer has besides its payload: more than it ever takes.
constexpr std::size_t kAroundAnswer = 1024;

/// The topic of the answer. Errors: Invalid.
Result<std::string> answer_topic(const wire::Publish& packet, std::size_t levels) {
  const auto wanted = packet.properties.response_topic();
  if (!wanted || *wanted == queue::kControlResponseTopic) return std::string(queue::kControlResponseTopic);
  const auto name = topic::TopicName::parse(*wanted, {.levels = levels});
  if (!name) return failure(Errc::Invalid, "Response Topic: " + name.error().detail);
  if (name->is_reserved())
    return failure(Errc::Invalid, "Response Topic: one that does not begin with $, or " +
                                      std::string(queue::kControlResponseTopic));
  return std::string(*wanted);
}

/// Says what it is, and repeats Correlation Data. [MQTT-3.3.2-16]
std::string answer_properties(const wire::Publish& packet) {
  wire::PropertyWriter said;
  said.add(wire::PropertyId::PayloadFormatIndicator, std::uint32_t{1});
  said.add(wire::PropertyId::ContentType, std::string_view("application/json"));
  if (const auto correlation = packet.properties.correlation_data())
    said.add(wire::PropertyId::CorrelationData, *correlation);
  std::string out;
  wire::append_forwarded(said.properties().raw(), out);
  return out;
}

/// In place of answers that are too large for who asked.
std::string too_large(std::span<const ControlAnswer> answers) {
  std::vector<ControlAnswer> all;
  for (const ControlAnswer& one : answers)
    all.push_back({one.word, one.correlation,
                   failure(Errc::NoSpace,
                           "the answer is above the Maximum Packet Size of this client; it "
                           "was carried out if it changes something")});
  return queue::control_text(all);
}

void answer_command(ControlTask& task, Result<ControlResult> result) {
  const ControlRequest& request = task.requests[task.answers.size()];
  task.hold = {};
  if (result) task.shown += queue::shown_size(*result);
  task.answers.push_back({request.word, request.correlation, std::move(result)});
}

}  // namespace

/// Whoever may connect may send commands, as he may publish anywhere else. PUBACK says that they were taken;
/// what became of them is in the answer.
void Shard::on_control(Connection& c, const wire::Publish& packet) {
  auto topic = answer_topic(packet, shared_.options.mqtt.max_topic_levels);
  if (!topic) return refuse_publish(c, packet, ReasonCode::TopicNameInvalid, topic.error().detail);
  const SessionId session = c.session()->id();
  const auto line = control_lines_.find(session);
  const bool is_one_too_many = line != control_lines_.end() && line->second.size() >= kMostOfSession;
  if (is_one_too_many || control_tasks_.size() >= kMostOfShard)
    return refuse_publish(c, packet, ReasonCode::QuotaExceeded, "too many commands wait to be carried out");

  auto task = std::make_unique<ControlTask>();
  task->id = ControlId{next_waiter().v};
  task->session = session;
  task->connection = c.id();
  task->topic = *std::move(topic);
  task->properties = answer_properties(packet);
  task->qos = packet.qos;
  const ControlId id = task->id;
  auto requests = queue::parse_control(as_text(packet.payload));
  task->is_taken = !requests || packet.qos != QoS::ExactlyOnce;
  acknowledge_without_message(c, packet, /*matched=*/true, task->is_taken ? ControlId{} : id);
  if (!requests) return publish_answer(*task, queue::control_text(requests.error()));
  task->requests = *std::move(requests);
  std::deque<ControlId>& own = control_lines_[session];
  own.push_back(id);
  const bool begins = own.size() == 1 && task->is_taken;
  control_tasks_.emplace(id, std::move(task));
  if (begins) run_control(id);
}

/// What became of the PUBLISH of a request at QoS 2. Before that is durable nothing of it is carried out:
/// after a kill the client sends it again, and it would be done twice.
void Shard::take_control(ControlId id, bool is_stored) {
  ControlTask& task = *control_tasks_.at(id);
  const auto line = control_lines_.find(task.session);
  HERMOD_ASSERT(line != control_lines_.end());
  std::deque<ControlId>& own = line->second;
  const bool is_first = own.front() == id;
  if (is_stored) {
    task.is_taken = true;
    return is_first ? run_control(id) : void();
  }
  std::erase(own, id);
  control_tasks_.erase(id);
  if (own.empty()) {
    control_lines_.erase(line);
  } else if (is_first && control_tasks_.at(own.front())->is_taken) {
    run_control(ControlId{own.front()});
  }
}

/// A PUBLISH that is for the broker alone: there is no message, but its packet identifier is known as that of
/// any other.
void Shard::acknowledge_without_message(Connection& c, const wire::Publish& packet, bool matched,
                                        ControlId control) {
  if (packet.qos == QoS::AtMostOnce) return;
  const session::Session& session = *c.session();
  PublishCommit work;
  work.packet_id = packet.id;
  work.qos = packet.qos;
  work.matched = matched;
  work.control = control;
  store::WriteBatch batch;
  if (packet.qos == QoS::ExactlyOnce && session.is_durable())
    session::record_inbound_id(batch, session.id(), packet.id);
  submit(std::move(batch), c.id(), session.id(), std::move(work), {.sync = packet.qos == QoS::ExactlyOnce});
}

/// Goes on with the commands of a request, up to one that has to wait; behind the last it is answered, and
/// the next request of its session begins.
void Shard::run_control(ControlId id) {
  for (std::optional<ControlId> next = id; next;) {
    ControlTask& task = *control_tasks_.at(*next);
    while (task.answers.size() < task.requests.size()) {
      const ControlRequest& request = task.requests[task.answers.size()];
      if (!request.command) {
        answer_command(task, tl::unexpected(request.command.error()));
        continue;
      }
      auto result = begin_command(task, *request.command);
      if (!result) return;
      answer_command(task, *std::move(result));
    }
    next = end_control(task);
  }
}

/// Who comes next in the line of its session, and may begin.
std::optional<ControlId> Shard::end_control(ControlTask& task) {
  std::string text = queue::control_text(task.answers);
  const Connection* const c = live(task.connection);
  const bool is_there = c != nullptr && c->session() != nullptr && c->session()->id() == task.session;
  const std::size_t room = is_there ? c->agreement().maximum_packet_size : kAnySize;
  if (room != kAnySize && text.size() + kAroundAnswer + task.properties.size() > room)
    text = too_large(task.answers);
  publish_answer(task, text);
  const auto line = control_lines_.find(task.session);
  HERMOD_ASSERT(line != control_lines_.end() && line->second.front() == task.id);
  control_tasks_.erase(task.id);
  line->second.pop_front();
  if (line->second.empty()) {
    control_lines_.erase(line);
    return std::nullopt;
  }
  const ControlId next = line->second.front();
  return control_tasks_.at(next)->is_taken ? std::optional(next) : std::nullopt;
}

/// What a command had to wait for has come; nothing when its request is not there.
void Shard::finish_command(ControlId id, Result<ControlResult> result) {
  const auto found = control_tasks_.find(id);
  HERMOD_ASSERT(found != control_tasks_.end());  // it waits for this
  answer_command(*found->second, std::move(result));
  run_control(id);
}

/// On the topic that it asked for it is a message as any other. On that of all answers it is for who asked
/// alone, who may have subscribed to it.
void Shard::publish_answer(const ControlTask& task, std::string_view text) {
  match(task.topic, SessionId{});
  const queue::MessagePtr message = queue::Message::create({.topic = task.topic,
                                                            .payload = as_bytes(text),
                                                            .forwarded_properties = as_bytes(task.properties),
                                                            .qos = task.qos,
                                                            .stored_at = wall()});
  find_targets(message, {});
  if (task.topic == queue::kControlResponseTopic) {
    std::erase_if(targets_, [&](const Target& target) { return target.session != task.session; });
    queue_targets_.clear();
  }
  publish_for_nobody(message);
}

/// A message of the broker's own that is no will. It is new, and takes no room that a full store keeps for
/// what ends. Precondition: find_targets() was for it.
void Shard::publish_for_nobody(const queue::MessagePtr& message) {
  const queue::Overflow overflow = shared_.options.session.queue.overflow;
  reserve_room(message, overflow == queue::Overflow::Reject ? queue::Overflow::DropNewest : overflow);
  reserve_queue_room(message, /*may_refuse=*/false);
  store::WriteBatch batch;
  batch.refuse_when_full();
  if (asks_owners())
    return ask_owners(nullptr, {.message = message,
                                .qos = QoS::AtMostOnce,
                                .batch = std::make_unique<store::WriteBatch>(std::move(batch))});
  if (needs_commit(nullptr, message, /*retain=*/false)) {
    hand_over_now(/*qos0_only=*/true);
    commit_publish(nullptr, message, {}, QoS::AtMostOnce, /*retain=*/false, std::move(batch));
  } else {
    hand_over_now(/*qos0_only=*/false);
  }
}

}  // namespace hermod::broker
