#pragma once
#include "session/session_slots.h"
#include "topic/member_selector.h"

namespace hermod::broker {

/// Prefers group members that are connected and keep up; a durable member that is away keeps the message.
/// Shared by nobody: one per shard, on its thread.
class MemberChoice final : public topic::MemberSelector {
 public:
  explicit MemberChoice(const session::SessionSlots& slots) : slots_(slots) {}

  Rank rank(SessionId member) const override {
    const auto where = slots_.locate(member);
    if (!where) return Rank::Never;
    if (where->online) return where->congested || where->stalled || where->busy ? Rank::Busy : Rank::Online;
    return where->durable ? Rank::Offline : Rank::Never;
  }

 private:
  const session::SessionSlots& slots_;
};

}  // namespace hermod::broker
