// Commands about delayed messages, on the shard that owns them: to look at them and to cancel them. They are
// read page by page in the order in which they were sent, one command after the other.

#include <utility>

#include "base/assert.h"
#include "broker/delayed_desk.h"
#include "broker/message_id.h"
#include "broker/page_reader.h"
#include "broker/shard.h"
#include "queue/delayed_records.h"
#include "topic/matches.h"

namespace hermod::broker {

using queue::ControlResult;

namespace {

constexpr queue::Amount kLookPage{256, 256 << 10};
/// One answer ends behind so much.
constexpr std::size_t kMostDelayedLookedAt = 65'536;
constexpr std::size_t kMostListed = std::size_t{1} << 20;

/// Errors: Invalid when the topic filter is none.
Result<DelayedLook> delayed_look(QueueOrder order, const topic::Limits& limits) {
  DelayedLook look{.asker = order.asker};
  std::optional<std::string> filter;
  if (auto* list = std::get_if<queue::ListDelayed>(&order.command)) {
    look.next = list->from;
    look.count = list->count;
    filter = std::move(list->topic);
  } else {
    auto& cancel = std::get<queue::CancelDelayed>(order.command);
    look.cancels = true;
    look.id = cancel.id;
    look.message_id = std::move(cancel.message_id);
    filter = std::move(cancel.topic);
  }
  if (!filter) return look;
  look.filter_text = *std::move(filter);
  const auto parsed = topic::TopicFilter::parse(look.filter_text, limits);
  if (!parsed) return failure(Errc::Invalid, "topic: " + parsed.error().detail);
  return look;
}

}  // namespace

Status DelayedDesk::check(const queue::ControlCommand& command, std::size_t topic_levels) {
  const auto look = delayed_look({ControlId{}, command}, {topic_levels});
  return look ? Status{} : tl::unexpected(look.error());
}

void DelayedDesk::on_asked(AskCommand& asked) {
  auto look = delayed_look(std::move(*asked.order), {shard_.shared_.options.mqtt.max_topic_levels});
  HERMOD_ASSERT(look.has_value());  // who asks has looked at it
  looks_.push_back(*std::move(look));
  if (looks_.size() == 1) begin_look();
}

void DelayedDesk::begin_look() {
  DelayedLook& look = looks_.front();
  if (look.id) {
    look.is_last_page = true;
    cancel({*look.id});
  } else if (shard_.shared_.reader == nullptr) {
    end_look(failure(Errc::Unsupported, "command: without a store on disk only an id can be cancelled"));
  } else {
    read_for_look();
  }
}

void DelayedDesk::read_for_look() {
  shard_.shared_.reader->read({shard_.id_, SessionId{queue::kDelayedStream.v},
                               PageRead::Purpose::DelayedLooking, looks_.front().next, kLookPage});
}

void DelayedDesk::end_look(Result<ControlResult> result) {
  const ControlId asker = looks_.front().asker;
  looks_.pop_front();
  shard_.answer_order(QueueId{queue::kDelayedStream.v}, asker, std::move(result));
  if (!looks_.empty()) begin_look();
}

/// What is published at the moment is neither shown nor cancelled any more.
void DelayedDesk::on_looked_at(PageRead& page) {
  if (looks_.empty()) return;
  DelayedLook& look = looks_.front();
  if (page.failed) return end_look(failure(Errc::Io, "command: the store cannot be read at the moment"));
  std::optional<topic::TopicFilter> filter;
  if (!look.filter_text.empty())
    filter = *topic::TopicFilter::parse(look.filter_text, {shard_.shared_.options.mqtt.max_topic_levels});
  std::vector<Seq> cancelled;
  look.is_last_page = page.to_end;
  look.next = page.end;
  for (PageRead::Delayed& one : page.delayed) {
    const queue::Message& message = *one.delayed.content.message;
    const auto name = topic::TopicName::parse(message.topic(), {.levels = topic::kMaxTopicBytes});
    if (filter && (!name || !topic::matches(*filter, *name))) continue;
    if (look.message_id && message_id_of(message) != *look.message_id) continue;
    if (!messages_->contains(one.seq)) continue;
    if (look.cancels) {
      cancelled.push_back(one.seq);
      continue;
    }
    if (look.list.messages.size() >= look.count) {
      look.next = one.seq;
      look.is_last_page = false;
      break;
    }
    look.bytes += message.size();
    look.list.messages.push_back({one.seq, std::move(one.delayed)});
  }
  look.looked_at += page.delayed.size();
  if (look.cancels) return cancel(cancelled);
  const bool is_full = look.list.messages.size() >= look.count || look.bytes >= kMostListed ||
                       look.looked_at >= kMostDelayedLookedAt;
  if (!look.is_last_page && !is_full) return read_for_look();
  look.list.has_more = !look.is_last_page;
  look.list.next = look.next;
  end_look(ControlResult(std::move(look.list)));
}

/// They are not published from now on, and are told to be cancelled when they are erased.
void DelayedDesk::cancel(const std::vector<Seq>& wanted) {
  DelayedCancelled work;
  store::WriteBatch batch;
  for (const Seq seq : wanted) {
    const auto place = messages_->cancel(seq);
    if (!place) continue;
    work.messages.emplace_back(seq, *place);
    queue::erase_delayed(batch, seq);
  }
  if (!work.messages.empty())
    return shard_.submit(std::move(batch), std::nullopt, SessionId{}, std::move(work));
  go_on_cancelling();
}

void DelayedDesk::go_on_cancelling() {
  DelayedLook& look = looks_.front();
  if (!look.is_last_page) return read_for_look();
  if (look.id && look.cancelled == 0)
    return end_look(failure(Errc::NotFound, "id: no delayed message that waits has this one"));
  end_look(ControlResult(queue::MessagesDone{look.cancelled}));
}

void DelayedDesk::on_cancelled(DelayedCancelled& work, std::optional<Errc> error) {
  if (error) {  // they are still there
    for (const auto& [seq, place] : work.messages) messages_->restore(seq, place);
    shard_.schedule_deadlines();
    return end_look(failure(*error, "command: it could not be stored"));
  }
  shard_.counters_.add(Counter::DelayedCancelled, work.messages.size());
  for (std::size_t i = 0; i < work.messages.size(); ++i) shard_.shared_.delayed.give_back();
  looks_.front().cancelled += work.messages.size();
  go_on_cancelling();
}

}  // namespace hermod::broker
