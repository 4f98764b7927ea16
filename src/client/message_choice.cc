#include "client/message_choice.h"

#include <algorithm>

#include "client/topic_text.h"

namespace hermod::client {

MessageChoice choice_for(const SubscribeOptions& options, const wire::Publish& message, double draw) {
  if (options.retained_only && !message.retain) return {.leaves = true};
  const bool is_filtered_out = std::ranges::any_of(
      options.filter_out, [&](const std::string& filter) { return matches(filter, message.topic); });
  if (is_filtered_out) return {};
  MessageChoice choice;
  choice.clears = options.remove_retained && message.retain;
  choice.shows = !(options.no_retained && message.retain) && draw < options.random_percent;
  return choice;
}

bool is_response(const RequestOptions& options, const wire::Publish& message) {
  if (options.no_retained && message.retain) return false;
  if (!matches(options.response_topic, message.topic)) return false;
  // A request with correlation data is answered by a response with the same (4.10.1).
  const auto wanted = options.session.properties.publish.properties().correlation_data();
  const auto given = message.properties.correlation_data();
  return !wanted || (given && std::ranges::equal(*wanted, *given));
}

}  // namespace hermod::client
