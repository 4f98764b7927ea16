// Commands about consumer groups, on the shard that owns their stream.

#include <algorithm>
#include <chrono>
#include <utility>

#include "broker/group_serving.h"

namespace hermod::broker {

using queue::ControlResult;

namespace {

/// Behind every revision of a position: who asked for the end of a group waits until its record is gone.
constexpr std::uint64_t kErased = ~std::uint64_t{0};

}  // namespace

bool is_about_groups(const queue::ControlCommand& command) {
  return std::holds_alternative<queue::ListGroups>(command) ||
         std::holds_alternative<queue::ShowGroup>(command) ||
         std::holds_alternative<queue::SeekGroup>(command) ||
         std::holds_alternative<queue::DeleteGroup>(command);
}

std::optional<Result<ControlResult>> GroupServing::carry_out(const OwnedQueue& stream,
                                                             const QueueOrder& order) {
  if (std::holds_alternative<queue::ListGroups>(order.command)) return list(stream);
  const auto* const show = std::get_if<queue::ShowGroup>(&order.command);
  const auto* const seek = std::get_if<queue::SeekGroup>(&order.command);
  const std::string& name = show != nullptr   ? show->group
                            : seek != nullptr ? seek->group
                                              : std::get<queue::DeleteGroup>(order.command).group;
  OwnedQueue* const group = find_group(stream, name);
  if (group == nullptr)
    return failure(Errc::NotFound, "group: the stream " + stream.named->name() + " has no group " + name);
  if (show != nullptr) return ControlResult(describe(*group));
  if (seek == nullptr) return remove(*group, order.asker);
  host_.touch(*group);  // nothing goes out meanwhile
  OwnedGroup& it = *group->group_of_stream;
  it.reading.seek(group->group, stream.named->stream->position(seek->to), moment());
  it.asked.push_back({order.asker, it.reading.revision()});
  return std::nullopt;
}

/// Null: there is none.
OwnedQueue* GroupServing::find_group(const OwnedQueue& stream, const std::string& name) {
  const queue::NamedQueuePtr named = shared_.queues.find_group(stream.named->id, name);
  return named ? host_.owned_queue(named->id) : nullptr;
}

Result<ControlResult> GroupServing::list(const OwnedQueue& stream) {
  queue::GroupList list;
  for (const queue::NamedQueuePtr& named : shared_.queues.groups_of(stream.named->id))
    if (const OwnedQueue* group = host_.owned_queue(named->id)) list.groups.push_back(describe(*group));
  return ControlResult(std::move(list));
}

queue::GroupState GroupServing::describe(const OwnedQueue& group) {
  const OwnedGroup& it = *group.group_of_stream;
  queue::StreamGroup& named = *group.named->group;
  named.show(it.reading.position());
  const queue::QueueGroup::Look look = group.group.look();
  queue::GroupState state{.group = group.named,
                          .position = it.reading.position().next(),
                          .next = named.extent->next(),
                          .lag = named.lag(),
                          .out = look.out,
                          .waiting = look.waiting,
                          .members = group.group.consumers(),
                          .passed_over = it.passed_over,
                          .filter = it.reading.filter().text(),
                          .filtered = it.reading.filtered()};
  if (state.lag == 0) return state;
  const auto oldest = it.reading.oldest();
  if (const auto since = oldest ? oldest : named.extent->time_of(state.position))
    state.oldest = std::max(std::chrono::duration_cast<std::chrono::milliseconds>(host_.wall() - *since),
                            std::chrono::milliseconds(0));
  return state;
}

/// Whoever subscribes from now on makes another one of the same name.
std::optional<Result<ControlResult>> GroupServing::remove(OwnedQueue& group, ControlId asker) {
  if (has_members(group))
    return failure(Errc::Busy, "group: it has " + std::to_string(group.group.consumers()) +
                                   " members; a group is deleted when they are gone");
  OwnedGroup& it = *group.group_of_stream;
  it.is_deleted = true;
  it.asked.push_back({asker, kErased});
  shared_.queues.remove(group.named->id);
  host_.touch(group);
  return std::nullopt;
}

/// Those whose command the store knows now.
void GroupServing::answer_asked(OwnedQueue& group, std::uint64_t revision) {
  OwnedGroup& it = *group.group_of_stream;
  std::erase_if(it.asked, [&](const OwnedGroup::Asked& asked) {
    if (asked.revision > revision) return false;
    host_.answer_order(group.named->id, asked.asker, ControlResult(queue::Done{}));
    return true;
  });
}

}  // namespace hermod::broker
