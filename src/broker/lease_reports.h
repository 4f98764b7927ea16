#pragma once
#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "broker/queue_message.h"

namespace hermod::broker {

/// What a shard has to say about deliveries of named queues and is the same for each: kept until the end of
/// its tick, so that an owner hears of many at once. Owned and touched by the shard.
class LeaseReports {
 public:
  void add(QueueId queue, const LeaseReport& report) { reports_.emplace_back(queue, report); }
  /// Calls tell(QueueId, LeasesReported) once for each queue, with its reports in their order; none are left.
  template <class Tell>
  void tell_all(Tell&& tell) {
    const auto earlier = [](const Report& a, const Report& b) { return a.first < b.first; };
    if (!std::ranges::is_sorted(reports_, earlier)) std::ranges::stable_sort(reports_, earlier);
    for (std::span<const Report> left = reports_; !left.empty();) {
      const QueueId queue = left.front().first;
      LeasesReported told;
      while (!left.empty() && left.front().first == queue) {
        told.reports.push_back(left.front().second);
        left = left.subspan(1);
      }
      tell(queue, std::move(told));
    }
    reports_.clear();
  }

 private:
  using Report = std::pair<QueueId, LeaseReport>;
  std::vector<Report> reports_;
};

}  // namespace hermod::broker
