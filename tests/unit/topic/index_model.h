#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "topic/match_set.h"
#include "topic/matches.h"
#include "topic/member_selector.h"
#include "topic/subscription.h"

namespace hermod::topic {

inline TopicName name_of(std::string_view text) {
  return TopicName::parse(text, {.levels = 65536}).value();
}

inline SubscriptionChange set(std::string_view target, std::uint64_t session,
                              SubscriptionOptions options = {}) {
  return {SubscriptionChange::Kind::Set, parse_subscription(target).value(), {session}, options};
}
inline SubscriptionChange remove(std::string_view target, std::uint64_t session) {
  return {SubscriptionChange::Kind::Remove, parse_subscription(target).value(), {session}};
}

/// Everybody is online unless said otherwise.
class FakeSelector final : public MemberSelector {
 public:
  Rank rank(SessionId member) const override {
    if (never.contains(member.v)) return Rank::Never;
    return offline.contains(member.v) ? Rank::Offline : Rank::Online;
  }
  std::set<std::uint64_t> offline;
  std::set<std::uint64_t> never;
};

/// What one session gets, in a form that can be compared.
struct Copy {
  std::uint8_t granted_qos = 0;
  bool retain_as_published = false;
  std::multiset<std::uint32_t> identifiers;
  friend bool operator==(const Copy&, const Copy&) = default;
};

using Copies = std::map<std::uint64_t, Copy>;

inline Copy copy_of(const Match& match, const MatchSet& set) {
  const auto identifiers = set.identifiers(match);
  return {match.granted_qos, match.retain_as_published, {identifiers.begin(), identifiers.end()}};
}

/// The ordinary matches of a set by session; a session that comes twice shows as an impossible QoS.
inline Copies plain_copies(const MatchSet& set) {
  Copies copies;
  for (const Match& match : set) {
    if (match.is_shared()) continue;
    if (!copies.emplace(match.session.v, copy_of(match, set)).second)
      copies[match.session.v].granted_qos = 99;
  }
  return copies;
}

/// The subscriptions as a plain list, matched one by one with matches().
class IndexModel {
 public:
  using Target = std::pair<std::string, std::string>;  // share name, filter

  ChangeOutcome apply(const SubscriptionChange& change) {
    auto& members =
        targets_[{std::string(change.target.share_name), std::string(change.target.filter.text())}];
    if (change.kind == SubscriptionChange::Kind::Remove) {
      return members.erase(change.session.v) > 0 ? ChangeOutcome::Removed : ChangeOutcome::NotFound;
    }
    return members.insert_or_assign(change.session.v, change.options).second ? ChangeOutcome::Added
                                                                             : ChangeOutcome::Replaced;
  }

  Copies plain(const TopicName& name, std::uint64_t publisher) const {
    Copies copies;
    for (const auto& [target, members] : targets_) {
      if (!target.first.empty() || !matches(TopicFilter::parse(target.second).value(), name)) continue;
      for (const auto& [session, options] : members) {
        if (options.no_local && session == publisher) continue;
        Copy& copy = copies[session];
        copy.granted_qos = std::max(copy.granted_qos, options.granted_qos);
        copy.retain_as_published = copy.retain_as_published || options.retain_as_published;
        if (options.identifier != 0) copy.identifiers.insert(options.identifier);
      }
    }
    return copies;
  }

  /// The groups that must give one member a copy.
  std::map<Target, std::map<std::uint64_t, SubscriptionOptions>> groups(const TopicName& name) const {
    std::map<Target, std::map<std::uint64_t, SubscriptionOptions>> found;
    for (const auto& [target, members] : targets_) {
      if (target.first.empty() || members.empty()) continue;
      if (matches(TopicFilter::parse(target.second).value(), name)) found.emplace(target, members);
    }
    return found;
  }

  std::size_t count() const {
    std::size_t count = 0;
    for (const auto& [target, members] : targets_) count += members.size();
    return count;
  }
  const std::map<Target, std::map<std::uint64_t, SubscriptionOptions>>& all() const { return targets_; }

 private:
  std::map<Target, std::map<std::uint64_t, SubscriptionOptions>> targets_;
};

/// Random texts of few short levels, so that overlaps are the rule.
class RandomTopics {
 public:
  explicit RandomTopics(std::uint32_t seed) : random_(seed) {}

  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_()) % bound; }
  std::string name() { return text({"a", "b", "c", "", "aa", "$x"}); }
  std::string filter() {
    std::string filter = text({"a", "b", "c", "", "aa", "$x", "+", "+"});
    switch (below(6)) {
      case 0:
        return "#";
      case 1:
        return filter + "/#";
      default:
        return filter;
    }
  }
  /// A third of them shared.
  std::string target() {
    const std::string_view prefixes[] = {"", "", "", "$share/g/", "$share/h/", ""};
    return std::string(prefixes[below(6)]) + filter();
  }

 private:
  std::string text(const std::vector<std::string>& levels) {
    std::string text;
    const std::uint32_t depth = 1 + below(4);
    for (std::uint32_t i = 0; i < depth; ++i) {
      if (i > 0) text += '/';
      text += levels[below(static_cast<std::uint32_t>(levels.size()))];
    }
    return text.empty() ? "a" : text;
  }

  std::mt19937 random_;
};

}  // namespace hermod::topic
