// The first byte says how many bytes of the rest are a subscription target; what follows is a topic name.
// Whatever the bytes are, parsing must not crash, what was parsed must keep the rules, and the tree must
// agree with matches().
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "topic/matches.h"
#include "topic/subscription_tree.h"

namespace {

using namespace hermod;
using namespace hermod::topic;

class EverybodyOnline final : public MemberSelector {
 public:
  Rank rank(SessionId) const override { return Rank::Online; }
};

void check_filter(std::string_view filter) {
  HERMOD_ASSERT(!filter.empty() && filter.size() <= kMaxTopicBytes);
  std::size_t levels = 0;
  for (LevelReader reader(filter); !reader.done(); ++levels) {
    const std::string_view level = reader.next();
    if (level.find('+') != std::string_view::npos) HERMOD_ASSERT(level == "+");
    if (level.find('#') != std::string_view::npos) HERMOD_ASSERT(level == "#" && reader.done());
  }
  HERMOD_ASSERT(levels <= Limits{}.levels);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string_view target_text = input.substr(0, data[0]);
  const std::string_view name_text = input.substr(target_text.size());

  const auto name = TopicName::parse(name_text);
  const auto target = parse_subscription(target_text);
  if (!target) return 0;
  check_filter(target->filter.text());
  HERMOD_ASSERT(target->share_name.find_first_of("+#/") == std::string_view::npos);
  HERMOD_ASSERT(target->is_shared() == target_text.starts_with("$share/"));

  SubscriptionTree tree;
  const SubscriptionChange add{
      SubscriptionChange::Kind::Set, *target, {1}, {.granted_qos = 1, .identifier = 7}};
  HERMOD_ASSERT(tree.apply(add) == ChangeOutcome::Added);
  HERMOD_ASSERT(tree.apply(add) == ChangeOutcome::Replaced);
  if (name) {
    HERMOD_ASSERT(name_text.find_first_of("+#") == std::string_view::npos);
    MatchSet found;
    tree.match(*name, {}, EverybodyOnline{}, found);
    HERMOD_ASSERT(found.size() == (matches(target->filter, *name) ? 1U : 0U));
  }
  SubscriptionChange leave = add;
  leave.kind = SubscriptionChange::Kind::Remove;
  HERMOD_ASSERT(tree.apply(leave) == ChangeOutcome::Removed);
  HERMOD_ASSERT(tree.apply(leave) == ChangeOutcome::NotFound);
  HERMOD_ASSERT(tree.node_count() == 0);
  return 0;
}
