#pragma once
#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "topic/match_set.h"
#include "topic/member_selector.h"
#include "topic/shared_group.h"
#include "topic/sliced_set.h"
#include "topic/subscription.h"
#include "topic/topic_name.h"

namespace hermod::topic {

/// Who subscribed to what. Filters without wildcards sit in a hash table by their whole text; filters with
/// wildcards in a tree of levels whose edges sit in a second one. Not locked: one thread changes it while
/// nobody reads, or several read while nobody changes it. SubscriptionIndex is the locked one.
class SubscriptionTree {
 public:
  SubscriptionTree() = default;
  SubscriptionTree(const SubscriptionTree&) = delete;
  SubscriptionTree& operator=(const SubscriptionTree&) = delete;
  ~SubscriptionTree() = default;

  /// Makes one change; says what it did.
  ChangeOutcome apply(const SubscriptionChange& change);

  /// See SubscriptionIndex::match.
  void match(const TopicName& name, SessionId publisher, const MemberSelector& selector, MatchSet& out) const;
  /// See SubscriptionIndex::pick.
  bool pick(const SubscriptionTarget& group, const MemberSelector& selector, MatchSet& out) const;
  /// Null when the group has no members (any more).
  const GroupName* group_name(GroupKey group) const;

  std::size_t subscription_count() const { return plain_count_ + shared_count_; }
  std::size_t shared_subscription_count() const { return shared_count_; }
  /// Distinct levels of wildcard filters; for tests: it is zero again when everybody has left.
  std::size_t node_count() const { return nodes_.size(); }

 private:
  struct ExactKey {
    explicit ExactKey(std::string_view filter);
    std::string_view text;
    std::uint64_t hash;
  };
  struct Exact {
    explicit Exact(const ExactKey& key) : hash(key.hash), text(key.text) {}
    bool is(const ExactKey& key) const { return text == key.text; }

    std::uint64_t hash;
    std::string text;
    FilterSubscribers subscribers;
  };

  struct Node;
  struct NodeKey {
    NodeKey(const Node* above, std::string_view text, std::size_t text_hash);
    const Node* parent;
    std::string_view level;
    std::uint64_t hash;
  };
  /// One level of at least one wildcard filter. `+` is a node like the others.
  struct Node {
    Node() = default;
    Node(Node* above, const NodeKey& key) : parent(above), hash(key.hash), level(key.level) {}
    bool is(const NodeKey& key) const { return parent == key.parent && level == key.level; }
    bool is_idle() const { return named_children == 0 && !plus && !here && !below; }

    Node* parent = nullptr;
    std::uint64_t hash = 0;
    std::string level;
    /// The child `+`, which is in `nodes_` too.
    Node* plus = nullptr;
    /// Filters that end here.
    std::unique_ptr<FilterSubscribers> here;
    /// Filters that end here with `/#`.
    std::unique_ptr<FilterSubscribers> below;
    std::uint32_t named_children = 0;
  };

  ChangeOutcome set(FilterSubscribers& at, const SubscriptionChange& change);
  ChangeOutcome remove(FilterSubscribers& at, const SubscriptionChange& change);
  ChangeOutcome change_exact(const SubscriptionChange& change);
  ChangeOutcome change_wildcard(const SubscriptionChange& change);
  ChangeOutcome change_at(Node& node, std::unique_ptr<FilterSubscribers>& place,
                          const SubscriptionChange& change);
  Node* child_of(const Node& parent, std::string_view level) const;
  Node& add_child(Node& parent, std::string_view level);
  GroupKey free_key_for(const GroupName& name) const;
  void prune(Node* node);
  const FilterSubscribers* find(const TopicFilter& filter) const;
  void match_wildcards(const TopicName& name, const MemberSelector& selector, MatchSet& out) const;
  static void collect(const FilterSubscribers& from, const MemberSelector& selector, MatchSet& out);

  SlicedSet<Exact, ExactKey> exact_;
  SlicedSet<Node, NodeKey> nodes_;
  Node root_;
  absl::flat_hash_map<GroupKey, const SharedGroup*> groups_;
  std::size_t plain_count_ = 0;
  std::size_t shared_count_ = 0;
};

}  // namespace hermod::topic
