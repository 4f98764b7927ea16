// What the single commands of $CONTROL/queue/v1 are for the shard that has taken them: it makes new queues,
// looks at what concerns several of them, and asks the owner of one for the rest.

#include <algorithm>
#include <string>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "broker/queue_binding.h"
#include "broker/queue_flush.h"
#include "broker/queue_plan.h"
#include "broker/shard.h"
#include "queue/control_fields.h"
#include "queue/queue_changes.h"
#include "queue/queue_id.h"

namespace hermod::broker {

using queue::ControlCommand;
using queue::ControlResult;
using queue::NamedQueuePtr;
using queue::QueueDefinition;

namespace {

/// Bytes of an answer from which on nothing more is looked at for it.
constexpr std::size_t kMostShown = std::size_t{2} << 20;

tl::unexpected<Error> no_queue(std::string_view field, std::string_view name) {
  return failure(Errc::NotFound, std::string(field) + ": there is no queue " + std::string(name));
}

/// One that is there, and stays for now.
Result<NamedQueuePtr> find_queue(const queue::QueueCatalog& queues, std::string_view field,
                                 const std::string& name) {
  NamedQueuePtr found = queues.find(name);
  if (!found) return no_queue(field, name);
  if (found->is_ending)
    return failure(Errc::Busy, std::string(field) + ": the queue " + name + " is being deleted");
  if (found->stream)
    return failure(Errc::Unsupported,
                   std::string(field) + ": " + name + " is a stream, which stores what is published alone");
  return found;
}

/// What can be asked of a stream. Its messages are read, by whoever subscribes to it.
bool is_for_streams(const ControlCommand& command) {
  return std::holds_alternative<queue::EditQueue>(command) ||
         std::holds_alternative<queue::DeleteQueue>(command) ||
         std::holds_alternative<queue::DescribeQueue>(command) ||
         std::holds_alternative<queue::FindMessages>(command) || is_about_groups(command);
}

tl::unexpected<Error> about_queue(const Error& error) {
  return failure(error.code, "queue: " + error.detail);
}

}  // namespace

/// What it gave, if that can be said at once; else finish_command() follows.
std::optional<Result<ControlResult>> Shard::begin_command(ControlTask& task, const ControlCommand& command) {
  struct Beginner {
    Shard& shard;
    ControlTask& task;
    const ControlCommand& command;
    using Begun = std::optional<Result<ControlResult>>;

    Begun operator()(const queue::CreateQueue& it) const { return shard.begin_create(task, it.definition); }
    Begun operator()(const queue::EditQueue& it) const { return shard.begin_edit(task, it); }
    Begun operator()(const queue::DeleteQueue& it) const { return shard.begin_delete(task, it); }
    Begun operator()(const queue::MoveMessages& it) const {
      if (auto to = find_queue(shard.shared_.queues, "to", it.to); !to) return tl::unexpected(to.error());
      return ask_owner_of(it.name);
    }
    Begun operator()(const queue::RedriveQueue& it) const {
      if (it.to)
        if (auto to = find_queue(shard.shared_.queues, "to", *it.to); !to) return tl::unexpected(to.error());
      return ask_owner_of(it.name);
    }
    Begun operator()(const queue::ListQueues& it) const {
      if (is_full()) return too_much();
      return shard.begin_list(task, it);
    }
    Begun operator()(const queue::PeekQueue& it) const {
      if (is_full()) return too_much();
      return ask_owner_of(it.name);
    }
    Begun operator()(const queue::ListDelayed&) const {
      return is_full() ? too_much() : shard.ask_delayed(task, command);
    }
    Begun operator()(const queue::CancelDelayed&) const { return shard.ask_delayed(task, command); }
    Begun operator()(const queue::FindMessages& it) const {
      return is_full() ? too_much() : ask_owner_of(it.stream);
    }
    Begun operator()(const queue::ListGroups& it) const {
      return is_full() ? too_much() : ask_owner_of(it.stream);
    }
    Begun operator()(const queue::ShowGroup& it) const {
      return is_full() ? too_much() : ask_owner_of(it.stream);
    }
    Begun operator()(const queue::SeekGroup& it) const { return ask_owner_of(it.stream); }
    Begun operator()(const queue::DeleteGroup& it) const { return ask_owner_of(it.stream); }
    Begun operator()(const queue::ListTransactions&) const {
      return is_full() ? too_much() : shard.ask_transactions(task, command);
    }
    Begun operator()(const queue::CommitTransaction&) const { return shard.ask_transactions(task, command); }
    Begun operator()(const queue::RollBackTransaction&) const {
      return shard.ask_transactions(task, command);
    }
    Begun operator()(const queue::PurgeQueue& it) const { return ask_owner_of(it.name); }
    Begun operator()(const queue::PauseQueue& it) const { return ask_owner_of(it.name); }
    Begun operator()(const queue::ResumeQueue& it) const { return ask_owner_of(it.name); }
    Begun operator()(const queue::DescribeQueue& it) const {
      return is_full() ? too_much() : ask_owner_of(it.name);
    }

    Begun ask_owner_of(const std::string& name) const { return shard.ask_owner(task, name, command); }

    bool is_full() const { return task.shown > kMostShown; }
    static Begun too_much() {
      return failure(Errc::NoSpace, "command: the answer has become too large; ask for this by itself");
    }
  };
  return std::visit(Beginner{*this, task, command}, command);
}

std::optional<Result<ControlResult>> Shard::ask_owner(const ControlTask& task, const std::string& name,
                                                      const ControlCommand& command,
                                                      std::optional<QueueDefinition> wanted) {
  const NamedQueuePtr named = shared_.queues.find(name);
  if (!named) return no_queue("queue", name);
  if (named->stream && !is_for_streams(command))
    return failure(Errc::Unsupported, "command: " + name + " is a stream, whose messages stay and are read");
  if (!named->stream && is_about_groups(command))
    return failure(Errc::Unsupported, "queue: " + name + " is no stream, and has no consumer groups");
  if (!named->stream && std::holds_alternative<queue::FindMessages>(command))
    return failure(Errc::Unsupported, "queue: " + name + " is no stream; peek shows what it holds");
  tell_queue(named->id,
             AskCommand{std::make_unique<QueueOrder>(QueueOrder{task.id, command, std::move(wanted)})});
  return std::nullopt;
}

/// Of the shard that has the delayed messages, when it can be carried out at all.
std::optional<Result<ControlResult>> Shard::ask_delayed(const ControlTask& task,
                                                        const ControlCommand& command) {
  if (const Status right = DelayedDesk::check(command, shared_.options.mqtt.max_topic_levels); !right)
    return tl::unexpected(right.error());
  tell(kDelayedOwner, ToQueue{QueueId{queue::kDelayedStream.v},
                              AskCommand{std::make_unique<QueueOrder>(QueueOrder{task.id, command})}});
  return std::nullopt;
}

/// Of the shard that has the transactions.
std::optional<Result<ControlResult>> Shard::ask_transactions(const ControlTask& task,
                                                             const ControlCommand& command) {
  tell(kTransactionOwner, ToQueue{QueueId{queue::kTransactionStream.v},
                                  AskCommand{std::make_unique<QueueOrder>(QueueOrder{task.id, command})}});
  return std::nullopt;
}

// --- create, edit, delete ---

std::optional<Result<ControlResult>> Shard::begin_create(ControlTask& task,
                                                         const QueueDefinition& definition) {
  auto hold = shared_.queues.hold({definition.name, definition.dead_letter_target()});
  if (!hold) return about_queue(hold.error());
  if (definition.is_stream() && shared_.reader == nullptr)
    return failure(Errc::Unsupported, kNoStoreForStream);
  if (shared_.queues.find(definition.name))
    return failure(Errc::Busy, "queue: there is a queue " + definition.name + " already");
  if (const Status plan = check_plan(shared_.queues, definition, shared_.options.mqtt.max_topic_levels);
      !plan)
    return tl::unexpected(queue::about_field(plan.error()));
  std::vector<QueueDefinition> wanted;
  if (auto dead = missing_dead_letters(shared_.queues, definition)) wanted.push_back(*std::move(dead));
  wanted.push_back(definition);
  return make_queues(task, std::move(wanted), *std::move(hold));
}

/// With one batch. The names are the task's until it has its answer.
std::optional<Result<ControlResult>> Shard::make_queues(ControlTask& task,
                                                        std::vector<QueueDefinition> wanted,
                                                        queue::QueueCatalog::Hold hold) {
  if (shared_.queues.count() + wanted.size() > shared_.options.queues.max_queues)
    return failure(Errc::NoSpace, "queue: there are as many queues as queue.max_queues allows");
  QueuesMade work{.asker = task.id, .planned = {}};
  store::WriteBatch batch;
  for (QueueDefinition& definition : wanted) {
    const QueueId id = shared_.queue_ids.next();
    queue::record_queue(batch, id, {.definition = definition});
    work.planned.push_back(std::make_shared<const queue::NamedQueue>(
        queue::NamedQueue{.id = id, .definition = std::move(definition), .room = nullptr}));
  }
  batch.refuse_when_full();
  task.hold = std::move(hold);
  submit(std::move(batch), std::nullopt, SessionId{}, std::move(work));
  return std::nullopt;
}

/// The records are durable; their names are held, so nobody else has made one of them meanwhile. When
/// it was a queue for the dead letters of one that is edited, the edit begins once more, and finds it.
void Shard::finish(Connection*, session::Session*, QueuesMade& work, std::optional<Errc> error) {
  if (error) return finish_command(work.asker, failure(*error, "queue: it could not be stored"));
  Result<ControlResult> result = ControlResult(queue::Done{});
  for (const NamedQueuePtr& planned : work.planned) {
    const Status opened = open_queue(*planned, "command");
    if (!opened && planned == work.planned.back()) result = about_queue(opened.error());
  }
  ControlTask& task = *control_tasks_.at(work.asker);
  const ControlCommand& command = *task.requests[task.answers.size()].command;
  const auto* edit = std::get_if<queue::EditQueue>(&command);
  if (edit == nullptr || !result) return finish_command(work.asker, std::move(result));
  task.hold = {};
  if (auto ended = begin_edit(task, *edit)) finish_command(work.asker, *std::move(ended));
}

/// Its record is durable: from now on it is there. Errors: Busy, NoSpace; then the record goes.
Status Shard::open_queue(const queue::NamedQueue& planned, std::string_view by) {
  const auto added = shared_.queues.add(planned.id, planned.definition);
  if (added) {
    if ((*added)->stream) shared_.committer.restore_gapless(queue::stream_of(planned.id), Seq{1});
    const Status bound = bind_queue(shared_.subscriptions, **added);
    HERMOD_ASSERT(bound.has_value());  // its filters were looked at when it was planned
    log::event(log::Level::Notice, "queue.created", {{"queue", planned.name()}, {"by", by}});
    if (shared_.reader != nullptr) warn_of_flush(planned, shared_.options.store.flush);
    return {};
  }
  store::WriteBatch batch;
  queue::erase_queue(batch, planned.id);
  erase_records(std::move(batch));
  return tl::unexpected(added.error());
}

std::optional<Result<ControlResult>> Shard::begin_edit(ControlTask& task, const queue::EditQueue& command) {
  const NamedQueuePtr named = shared_.queues.find(command.name);
  if (!named) return no_queue("queue", command.name);
  QueueDefinition wanted = command.applied_to(named->definition);
  auto hold = shared_.queues.hold(
      {command.name, named->definition.dead_letter_target(), wanted.dead_letter_target()});
  if (!hold) return about_queue(hold.error());
  // Only who holds its name changes it.
  const NamedQueuePtr held = shared_.queues.find(command.name);
  if (!held) return no_queue("queue", command.name);
  wanted = command.applied_to(held->definition);
  Status status = queue::check(wanted);
  if (status) status = check_plan(shared_.queues, wanted, shared_.options.mqtt.max_topic_levels);
  if (!status) return tl::unexpected(queue::about_field(status.error()));
  if (auto dead = missing_dead_letters(shared_.queues, wanted)) {
    std::vector<QueueDefinition> first;
    first.push_back(*std::move(dead));
    return make_queues(task, std::move(first), *std::move(hold));
  }
  task.hold = *std::move(hold);
  return ask_owner(task, command.name, command, std::move(wanted));
}

std::optional<Result<ControlResult>> Shard::begin_delete(ControlTask& task,
                                                         const queue::DeleteQueue& command) {
  if (!shared_.queues.find(command.name)) return no_queue("queue", command.name);
  auto hold = shared_.queues.hold({command.name});
  if (!hold) return about_queue(hold.error());
  if (const NamedQueuePtr sender = shared_.queues.sender_of_dead_letters(command.name))
    return failure(Errc::Busy, "queue: the dead letters of the queue " + sender->name() +
                                   " go here; delete that one first, or set its dead_letter to another");
  task.hold = *std::move(hold);
  return ask_owner(task, command.name, command);
}

// --- list ---

std::optional<Result<ControlResult>> Shard::begin_list(ControlTask& task, const queue::ListQueues& command) {
  task.listed = shared_.queues.behind(command.after, std::size_t{command.count} + 1);
  task.has_more = task.listed.size() > command.count;
  if (task.has_more) task.listed.pop_back();
  task.states.clear();
  task.unanswered = task.listed.size();
  if (task.listed.empty()) return ControlResult(queue::QueueList{});
  for (const NamedQueuePtr& named : task.listed)
    tell_queue(
        named->id,
        AskCommand{std::make_unique<QueueOrder>(QueueOrder{task.id, queue::DescribeQueue{named->name()}})});
  return std::nullopt;
}

/// An owner has answered: that was all, or one queue of a list. One that is gone by now is not in the list.
void Shard::on_command_done(QueueId queue, CommandDone& done) {
  ControlTask& task = *control_tasks_.at(done.asker);
  if (task.unanswered == 0) return finish_command(done.asker, std::move(*done.result));
  if (*done.result)
    if (auto* state = std::get_if<queue::QueueState>(&**done.result))
      task.states.emplace(queue, std::move(*state));
  if (--task.unanswered > 0) return;
  queue::QueueList list{.queues = {}, .has_more = task.has_more};
  for (const NamedQueuePtr& named : task.listed)
    if (const auto found = task.states.find(named->id); found != task.states.end())
      list.queues.push_back(std::move(found->second));
  task.listed.clear();
  task.states.clear();
  finish_command(done.asker, ControlResult(std::move(list)));
}

}  // namespace hermod::broker
