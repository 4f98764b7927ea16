#include "wire/topic_alias.h"

#include "base/assert.h"

namespace hermod::wire {

tl::expected<std::string_view, ProtocolError> InboundTopicAliases::resolve(const Publish& publish) {
  const auto alias = publish.properties.topic_alias();
  if (!alias) return publish.topic;
  if (*alias == 0 || *alias > maximum_) {  // [MQTT-3.3.2-8], [MQTT-3.3.2-9]
    return tl::unexpected(ProtocolError{ReasonCode::TopicAliasInvalid, "[MQTT-3.3.2-9]",
                                        "topic alias is 0 or above the maximum"});
  }
  const std::size_t index = *alias - 1U;
  if (!publish.topic.empty()) {
    if (index >= topics_.size()) topics_.resize(index + 1);
    topics_[index].assign(publish.topic);
    return publish.topic;
  }
  if (index >= topics_.size() || topics_[index].empty()) {
    return tl::unexpected(
        ProtocolError{ReasonCode::ProtocolError, "MQTT 3.3.2.3.4", "topic alias was never set"});
  }
  return topics_[index];
}

void OutboundTopicAliases::set_maximum(std::uint16_t maximum) {
  HERMOD_ASSERT(entries_.empty());
  maximum_ = maximum;
}

bool OutboundTopicAliases::is_worth_it(std::string_view topic) const {
  return maximum_ > 0 && topic.size() > kPropertySize;
}

AliasChoice OutboundTopicAliases::peek(std::string_view topic) const {
  if (!is_worth_it(topic)) return {};
  if (const auto found = entries_.find(topic); found != entries_.end()) return {found->second.alias, false};
  if (entries_.size() < maximum_) return {static_cast<std::uint16_t>(entries_.size() + 1), true};
  return {oldest_->alias, true};
}

AliasChoice OutboundTopicAliases::use(std::string_view topic) {
  if (!is_worth_it(topic)) return {};
  if (const auto found = entries_.find(topic); found != entries_.end()) {
    Entry& entry = found->second;
    if (&entry != newest_) {
      unlink(entry);
      link_newest(entry);
    }
    return {entry.alias, false};
  }
  Entry& entry = entries_.size() < maximum_ ? add(topic) : take_over_oldest(topic);
  link_newest(entry);
  return {entry.alias, true};
}

OutboundTopicAliases::Entry& OutboundTopicAliases::add(std::string_view topic) {
  const auto alias = static_cast<std::uint16_t>(entries_.size() + 1);
  const auto [at, added] = entries_.try_emplace(std::string(topic));
  HERMOD_ASSERT(added);
  at->second.alias = alias;
  at->second.topic = &at->first;
  return at->second;
}

OutboundTopicAliases::Entry& OutboundTopicAliases::take_over_oldest(std::string_view topic) {
  Entry& entry = *oldest_;
  unlink(entry);
  auto node = entries_.extract(*entry.topic);
  node.key().assign(topic);
  entries_.insert(std::move(node));  // the node and all in it stay where they are
  return entry;
}

void OutboundTopicAliases::unlink(Entry& entry) {
  (entry.newer ? entry.newer->older : newest_) = entry.older;
  (entry.older ? entry.older->newer : oldest_) = entry.newer;
}

void OutboundTopicAliases::link_newest(Entry& entry) {
  entry.newer = nullptr;
  entry.older = newest_;
  (newest_ ? newest_->newer : oldest_) = &entry;
  newest_ = &entry;
}

}  // namespace hermod::wire
