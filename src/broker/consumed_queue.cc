#include "broker/consumed_queue.h"

#include <utility>

#include "base/assert.h"
#include "queue/queue_form.h"
#include "queue/stream_form.h"

namespace hermod::broker {

bool is_consumed(std::string_view filter) {
  return queue::is_queue_form(filter) || queue::is_group_form(filter);
}

queue::NamedQueuePtr consumed_by(const queue::QueueCatalog& queues, std::string_view filter) {
  queue::NamedQueuePtr named = queues.find(queue::name_in_form(filter));
  const bool is_group = queue::is_group_form(filter);
  if (!named || (named->stream != nullptr) != is_group) return nullptr;
  return is_group ? queues.find_group(named->id, queue::GroupForm::parse(filter)->group) : named;
}

queue::NamedQueuePtr consumed_by(queue::QueueCatalog& queues, std::string_view filter, std::size_t owners) {
  if (queue::NamedQueuePtr there = consumed_by(queues, filter)) return there;
  if (!queue::is_group_form(filter)) return nullptr;
  const auto form = queue::GroupForm::parse(filter);
  const queue::NamedQueuePtr stream = form ? queues.find(form->stream.name) : nullptr;
  if (!stream || !stream->stream) return nullptr;
  const queue::StreamStart start = form->stream.start.value_or(queue::StreamStart{});
  auto made = queues.make_group(stream->id, form->group, stream->stream->position(start), owners);
  return made ? *std::move(made) : nullptr;
}

queue::PropertyFilter wanted_by(const session::Subscription& subscription) {
  if (subscription.property_filter().empty()) return queue::filter_in_form(subscription.filter);
  auto filter = queue::PropertyFilter::parse(subscription.property_filter());
  HERMOD_ASSERT(filter.has_value());  // it was when it was granted, and when it was read from the store
  return *std::move(filter);
}

}  // namespace hermod::broker
