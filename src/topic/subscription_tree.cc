#include "topic/subscription_tree.h"

#include <absl/container/inlined_vector.h>
#include <absl/hash/hash.h>

#include <utility>

#include "base/hash.h"
#include "topic/text_hash.h"

namespace hermod::topic {
namespace {

constexpr std::string_view kSingleLevel = "+";
constexpr std::string_view kMultiLevel = "#";

/// The levels of a name, split and hashed once for all nodes of their depth, and only as deep as the tree
/// goes.
class SplitName {
 public:
  struct Level {
    std::string_view text;
    std::size_t hash;
  };

  explicit SplitName(const TopicName& name) : rest_(name.levels()) {}

  /// True when the name has exactly `depth` levels. Precondition: it has at least as many.
  bool end_at(std::size_t depth) {
    while (levels_.size() <= depth) {
      if (rest_.done()) return true;
      const std::string_view text = rest_.next();
      levels_.push_back({text, hash_text(text)});
    }
    return false;
  }
  /// Precondition: !end_at(depth).
  const Level& at(std::size_t depth) const { return levels_[depth]; }

 private:
  absl::InlinedVector<Level, 16> levels_;
  LevelReader rest_;
};

}  // namespace

SubscriptionTree::ExactKey::ExactKey(std::string_view filter) : text(filter), hash(hash_text(filter)) {}

SubscriptionTree::NodeKey::NodeKey(const Node* above, std::string_view text, std::size_t text_hash)
    : parent(above), level(text), hash(absl::HashOf(above, text_hash)) {}

ChangeOutcome SubscriptionTree::apply(const SubscriptionChange& change) {
  const ChangeOutcome outcome =
      change.target.filter.has_wildcard() ? change_wildcard(change) : change_exact(change);
  std::size_t& count = change.target.is_shared() ? shared_count_ : plain_count_;
  if (outcome == ChangeOutcome::Added) ++count;
  if (outcome == ChangeOutcome::Removed) --count;
  return outcome;
}

ChangeOutcome SubscriptionTree::change_exact(const SubscriptionChange& change) {
  const ExactKey key(change.target.filter.text());
  Exact* exact = exact_.find(key);
  if (change.kind == SubscriptionChange::Kind::Set) {
    if (exact == nullptr) exact = &exact_.insert(std::make_unique<Exact>(key));
    return set(exact->subscribers, change);
  }
  if (exact == nullptr) return ChangeOutcome::NotFound;
  const ChangeOutcome outcome = remove(exact->subscribers, change);
  if (exact->subscribers.empty()) exact_.erase(*exact);
  return outcome;
}

ChangeOutcome SubscriptionTree::change_wildcard(const SubscriptionChange& change) {
  Node* node = &root_;
  LevelReader levels = change.target.filter.levels();
  while (!levels.done()) {
    const std::string_view level = levels.next();
    if (level == kMultiLevel) return change_at(*node, node->below, change);
    Node* child = child_of(*node, level);
    if (child == nullptr) {
      if (change.kind == SubscriptionChange::Kind::Remove) return ChangeOutcome::NotFound;
      child = &add_child(*node, level);
    }
    node = child;
  }
  return change_at(*node, node->here, change);
}

ChangeOutcome SubscriptionTree::change_at(Node& node, std::unique_ptr<FilterSubscribers>& place,
                                          const SubscriptionChange& change) {
  if (change.kind == SubscriptionChange::Kind::Set) {
    if (place == nullptr) place = std::make_unique<FilterSubscribers>();
    return set(*place, change);
  }
  if (place == nullptr) return ChangeOutcome::NotFound;
  const ChangeOutcome outcome = remove(*place, change);
  if (place->empty()) place.reset();
  prune(&node);
  return outcome;
}

GroupKey SubscriptionTree::free_key_for(const GroupName& name) const {
  GroupKey key{stable_hash(name.share_name + '/' + name.filter)};  // a share name has no slash
  while (key.v == 0 || groups_.contains(key)) ++key.v;
  return key;
}

ChangeOutcome SubscriptionTree::set(FilterSubscribers& at, const SubscriptionChange& change) {
  const SubscriptionTarget& target = change.target;
  if (!target.is_shared()) return at.plain.set(change.session, change.options);  // [MQTT-3.8.4-3]
  if (at.groups == nullptr) at.groups = std::make_unique<FilterSubscribers::Groups>();
  std::unique_ptr<SharedGroup>& group = (*at.groups)[target.share_name];
  if (group == nullptr) {
    GroupName name{std::string(target.share_name), std::string(target.filter.text())};
    const GroupKey key = free_key_for(name);
    group = std::make_unique<SharedGroup>(key, std::move(name));
    groups_.emplace(key, group.get());
  }
  return group->members().set(change.session, change.options);
}

ChangeOutcome SubscriptionTree::remove(FilterSubscribers& at, const SubscriptionChange& change) {
  if (!change.target.is_shared()) return at.plain.remove(change.session);
  if (at.groups == nullptr) return ChangeOutcome::NotFound;
  const auto found = at.groups->find(change.target.share_name);
  if (found == at.groups->end()) return ChangeOutcome::NotFound;
  SharedGroup& group = *found->second;
  const ChangeOutcome outcome = group.members().remove(change.session);
  if (group.members().empty()) {
    groups_.erase(group.key());
    at.groups->erase(found);
    if (at.groups->empty()) at.groups.reset();
  }
  return outcome;
}

SubscriptionTree::Node* SubscriptionTree::child_of(const Node& parent, std::string_view level) const {
  if (level == kSingleLevel) return parent.plus;
  if (parent.named_children == 0) return nullptr;
  return nodes_.find(NodeKey(&parent, level, hash_text(level)));
}

SubscriptionTree::Node& SubscriptionTree::add_child(Node& parent, std::string_view level) {
  Node& child = nodes_.insert(std::make_unique<Node>(&parent, NodeKey(&parent, level, hash_text(level))));
  if (level == kSingleLevel) {
    parent.plus = &child;
  } else {
    ++parent.named_children;
  }
  return child;
}

void SubscriptionTree::prune(Node* node) {
  while (node != &root_ && node->is_idle()) {
    Node* const parent = node->parent;
    if (parent->plus == node) {
      parent->plus = nullptr;
    } else {
      --parent->named_children;
    }
    nodes_.erase(*node);
    node = parent;
  }
}

void SubscriptionTree::match(const TopicName& name, SessionId publisher, const MemberSelector& selector,
                             MatchSet& out) const {
  out.reset(publisher);
  if (const Exact* exact = exact_.find(ExactKey(name.text()))) collect(exact->subscribers, selector, out);
  match_wildcards(name, selector, out);
  out.merge();
}

void SubscriptionTree::collect(const FilterSubscribers& from, const MemberSelector& selector, MatchSet& out) {
  out.add(from.plain);
  if (from.groups == nullptr) return;
  out.note_choice();
  for (const auto& [share_name, group] : *from.groups) {
    if (const Subscriber* member = group->choose(selector)) out.add_shared(group->key(), *member);
  }
}

void SubscriptionTree::match_wildcards(const TopicName& name, const MemberSelector& selector,
                                       MatchSet& out) const {
  struct Step {
    const Node* node;
    std::size_t depth;
  };
  SplitName levels(name);
  // Each step leaves at most one sibling (`+`) for later, so this never grows beyond the depth of the tree.
  absl::InlinedVector<Step, 32> later;
  Step step{&root_, 0};
  while (true) {
    const Node& node = *step.node;
    const bool wildcards = step.depth > 0 || !name.is_reserved();  // [MQTT-4.7.2-1]
    if (node.below && wildcards) collect(*node.below, selector, out);
    const Node* next = nullptr;
    if (levels.end_at(step.depth)) {
      if (node.here) collect(*node.here, selector, out);
    } else {
      if (node.named_children > 0) {
        const SplitName::Level& level = levels.at(step.depth);
        next = nodes_.find(NodeKey(&node, level.text, level.hash));
      }
      if (node.plus && wildcards) {
        if (next == nullptr) {
          next = node.plus;
        } else {
          later.push_back({node.plus, step.depth + 1});
        }
      }
    }
    if (next != nullptr) {
      step = {next, step.depth + 1};
    } else if (!later.empty()) {
      step = later.back();
      later.pop_back();
    } else {
      return;
    }
  }
}

const FilterSubscribers* SubscriptionTree::find(const TopicFilter& filter) const {
  if (!filter.has_wildcard()) {
    const Exact* exact = exact_.find(ExactKey(filter.text()));
    return exact == nullptr ? nullptr : &exact->subscribers;
  }
  const Node* node = &root_;
  LevelReader levels = filter.levels();
  while (!levels.done()) {
    const std::string_view level = levels.next();
    if (level == kMultiLevel) return node->below.get();
    node = child_of(*node, level);
    if (node == nullptr) return nullptr;
  }
  return node->here.get();
}

bool SubscriptionTree::pick(const SubscriptionTarget& group, const MemberSelector& selector,
                            MatchSet& out) const {
  out.reset({});
  out.note_choice();
  const FilterSubscribers* at = find(group.filter);
  if (at == nullptr || at->groups == nullptr) return false;
  const auto found = at->groups->find(group.share_name);
  if (found == at->groups->end()) return false;
  const Subscriber* member = found->second->choose(selector);
  if (member == nullptr) return false;
  out.add_shared(found->second->key(), *member);
  return true;
}

const GroupName* SubscriptionTree::group_name(GroupKey group) const {
  const auto at = groups_.find(group);
  return at == groups_.end() ? nullptr : &at->second->name();
}

}  // namespace hermod::topic
