#pragma once
#include <absl/container/btree_map.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/ids.h"
#include "base/result.h"

namespace hermod::queue {

/// Which messages of its stream each consumer group takes: that is what its subscriptions say, and all of
/// them say the same. Who says something else is refused while the others have theirs, whether their clients
/// are connected or not, and on whichever shards they are. Shared by all shards, behind its own lock. It
/// stores nothing, and a group that is deleted keeps its filter as long as it has subscriptions.
class GroupFilters {
 public:
  /// A group is known by its name below its stream.
  using Group = std::pair<QueueId, std::string>;
  /// Whose subscription it is: a topic filter names the group and may say more.
  struct Owner {
    SessionId session;
    std::string_view client_id;
    std::string_view topic_filter;
  };

  /// The group takes what this subscription says as long as this lives, which is as long as the subscription
  /// does, and its record. The filters outlive it.
  class Hold {
   public:
    Hold() = default;
    Hold(Hold&& other) noexcept
        : filters_(std::exchange(other.filters_, nullptr)),
          group_(std::move(other.group_)),
          filter_(std::move(other.filter_)),
          number_(other.number_) {}
    Hold& operator=(Hold&& other) noexcept {
      release();
      filters_ = std::exchange(other.filters_, nullptr);
      group_ = std::move(other.group_);
      filter_ = std::move(other.filter_);
      number_ = other.number_;
      return *this;
    }
    ~Hold() { release(); }

    /// The subscription is made: the group takes this from now on.
    void confirm();
    bool is_held() const { return filters_ != nullptr; }

   private:
    friend class GroupFilters;
    Hold(GroupFilters& filters, Group group, std::string filter, std::uint64_t number)
        : filters_(&filters), group_(std::move(group)), filter_(std::move(filter)), number_(number) {}
    void release();

    GroupFilters* filters_ = nullptr;
    Group group_;
    std::string filter_;
    std::uint64_t number_ = 0;
  };

  /// `filter` is the text of a PropertyFilter, empty: everything. What the same subscription has said before
  /// stands beside it until its hold ends. Errors: Busy, when another subscription says something else, with
  /// the client identifiers of both.
  Result<Hold> hold(const Group& group, const Owner& owner, std::string_view filter);
  /// What was confirmed last. Nothing: nobody has subscribed.
  std::optional<std::string> filter_of(const Group& group) const;

 private:
  struct Held {
    SessionId session;
    std::string client_id;
    std::string topic_filter;
    bool is_of(const Owner& owner) const {
      return session == owner.session && topic_filter == owner.topic_filter;
    }
  };
  struct Entry {
    std::optional<std::string> confirmed;
    /// By what they say, and under the number of each hold. There are two kinds only while a subscription is
    /// on its way that takes the place of the only one.
    absl::btree_map<std::string, absl::btree_map<std::uint64_t, Held>, std::less<>> held;
  };

  mutable std::mutex mutex_;
  absl::btree_map<Group, Entry> groups_;
  std::uint64_t last_number_ = 0;
};

}  // namespace hermod::queue
