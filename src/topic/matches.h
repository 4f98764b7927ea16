#pragma once
#include "topic/topic_filter.h"
#include "topic/topic_name.h"

namespace hermod::topic {

/// Does this one filter match this one name (MQTT 4.7.1, 4.7.2)? The plain reading of the rules, against
/// which the trees are tested. Linear in both texts, allocates nothing.
bool matches(const TopicFilter& filter, const TopicName& name);

}  // namespace hermod::topic
