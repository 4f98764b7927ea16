#include "queue/group_filters.h"

namespace hermod::queue {
namespace {

/// A Reason String has 65,535 bytes at most, and so may each client identifier.
constexpr std::size_t kMostShown = 256;

/// Cut where no character of UTF-8 is cut in two.
std::string shown(std::string_view client_id) {
  if (client_id.size() <= kMostShown) return std::string(client_id);
  std::size_t size = kMostShown;
  while (size > 0 && (static_cast<unsigned char>(client_id[size]) & 0xC0U) == 0x80U) --size;
  return std::string(client_id.substr(0, size)) + "...";
}

}  // namespace

Result<GroupFilters::Hold> GroupFilters::hold(const Group& group, const Owner& owner,
                                              std::string_view filter) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = groups_.find(group); found != groups_.end())
    for (const auto& [text, members] : found->second.held) {
      if (text == filter) continue;
      for (const auto& [number, member] : members) {
        if (member.is_of(owner)) continue;
        return failure(Errc::Busy, "all members of a group have the same filter: client " +
                                       shown(owner.client_id) + " asks for another one than client " +
                                       shown(member.client_id) + ", which is a member");
      }
    }
  const std::uint64_t number = ++last_number_;
  groups_[group].held[std::string(filter)].emplace(
      number, Held{owner.session, std::string(owner.client_id), std::string(owner.topic_filter)});
  return Hold(*this, group, std::string(filter), number);
}

std::optional<std::string> GroupFilters::filter_of(const Group& group) const {
  const std::scoped_lock lock(mutex_);
  const auto found = groups_.find(group);
  return found == groups_.end() ? std::nullopt : found->second.confirmed;
}

void GroupFilters::Hold::confirm() {
  if (filters_ == nullptr) return;
  const std::scoped_lock lock(filters_->mutex_);
  filters_->groups_.at(group_).confirmed = filter_;
}

void GroupFilters::Hold::release() {
  GroupFilters* const filters = std::exchange(filters_, nullptr);
  if (filters == nullptr) return;
  const std::scoped_lock lock(filters->mutex_);
  const auto group = filters->groups_.find(group_);
  const auto same = group->second.held.find(filter_);
  same->second.erase(number_);
  if (same->second.empty()) group->second.held.erase(same);
  if (group->second.held.empty()) filters->groups_.erase(group);
}

}  // namespace hermod::queue
