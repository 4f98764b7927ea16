#pragma once
#include <string>
#include <string_view>

#include "topic/topic_filter.h"

namespace hermod::retain {

/// Where a scan in topic order goes on.
struct Seek {
  enum class To {
    Next,         ///< the topic behind this one
    AtLeast,      ///< the first topic that is not before `text`
    PastSubtree,  ///< the first topic behind `text` and everything below it
    End           ///< nothing further can match
  };
  To to = To::End;
  /// Lives until the scan is asked again.
  std::string_view text = {};

  /// True for the topics that are before the place meant. Precondition: AtLeast or PastSubtree.
  bool is_before(std::string_view topic) const;
};

/// Finds the topics that match one filter in a list ordered by compare_topics, without looking at all of
/// them: shown a topic, it says whether that matches and how far one may jump. Pure; one thread, for one
/// scan. Holds a view of the filter.
class FilterScan {
 public:
  explicit FilterScan(const topic::TopicFilter& filter) : filter_(filter) {}

  struct Verdict {
    bool matches = false;
    Seek next;
  };
  Seek start();
  Verdict look_at(std::string_view topic);

 private:
  Seek at_least(std::string_view head, std::string_view separator, std::string_view level);

  topic::TopicFilter filter_;
  std::string place_;
};

}  // namespace hermod::retain
