#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "queue/group_filters.h"
#include "topic/subscription.h"

namespace hermod::session {

/// What a subscription to a queue or a stream says of messages beside its filter.
struct SubscriptionWish {
  std::string property_filter;           ///< the user property `filter`; empty: it was not there
  queue::GroupFilters::Hold group = {};  ///< of a consumer group: this is what it takes
};

/// One subscription of a session: the filter as the client wrote it ($share form included) and what was
/// granted.
struct Subscription {
  std::string filter;
  topic::SubscriptionOptions options;
  std::uint32_t number = 0;                  ///< its key in the store; 0 in a session that is not kept there
  std::unique_ptr<SubscriptionWish> wish{};  ///< null, as of most: nothing

  std::string_view property_filter() const {
    return wish ? std::string_view(wish->property_filter) : std::string_view{};
  }
};

/// The subscriptions of one session, sorted by filter. A filter may be longer than a key of the store, so
/// each has a number, which names its record and is never given to another filter. Owned by the session,
/// touched by its shard.
class Subscriptions {
 public:
  /// The number under which a subscription to `filter` is to be recorded: the one it has, or has on its way
  /// to the store, or a new one. Call settle() when the record is stored or has failed.
  std::uint32_t number_for(std::string_view filter);
  /// The number of a subscription that is there or on its way; 0 when there is none.
  std::uint32_t number_of(std::string_view filter) const;
  /// One record that number_for() was asked for is no longer on its way.
  void settle(std::string_view filter);
  /// A record that number_for() was asked for is on its way.
  bool is_on_its_way(std::string_view filter) const;
  /// Records on their way whose filter has no subscription yet.
  std::size_t on_their_way() const;

  /// False when it replaced one with the same filter.
  bool set(std::string_view filter, const topic::SubscriptionOptions& options, std::uint32_t number = 0,
           std::unique_ptr<SubscriptionWish> wish = {});
  /// False when there was none.
  bool remove(std::string_view filter);
  const Subscription* find(std::string_view filter) const;
  /// They end, and what consumer groups take is held a while longer by whoever calls.
  std::vector<queue::GroupFilters::Hold> take_group_holds();
  std::size_t size() const { return items_.size(); }
  const std::vector<Subscription>& items() const { return items_; }
  /// Calls visit(number) for every number that may have a record in the store.
  template <class Visit>
  void for_each_number(Visit visit) const {
    for (const Subscription& item : items_)
      if (item.number != 0) visit(item.number);
    for (const Pending& pending : pending_)
      if (find(pending.filter) == nullptr) visit(pending.number);
  }

 private:
  /// A number that was given out and whose records are on their way to the store.
  struct Pending {
    std::string filter;
    std::uint32_t number;
    std::uint32_t records;
  };

  std::vector<Subscription> items_;
  std::vector<Pending> pending_;
  std::uint32_t next_number_ = 1;
};

}  // namespace hermod::session
