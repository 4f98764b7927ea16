#pragma once
#include <absl/container/flat_hash_map.h>

#include <memory>

#include "session/session.h"

namespace hermod::session {

/// The sessions that live on one shard. Owned and touched by that shard only.
class SessionTable {
 public:
  Session* find(SessionId id) const {
    auto found = sessions_.find(id);
    return found == sessions_.end() ? nullptr : found->second.get();
  }
  Session& add(std::unique_ptr<Session> session) {
    const SessionId id = session->id();
    return *sessions_.insert_or_assign(id, std::move(session)).first->second;
  }
  std::unique_ptr<Session> take(SessionId id) {
    auto node = sessions_.extract(id);
    return node ? std::move(node.mapped()) : nullptr;
  }
  std::size_t size() const { return sessions_.size(); }
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [id, session] : sessions_) visit(*session);
  }

 private:
  absl::flat_hash_map<SessionId, std::unique_ptr<Session>> sessions_;
};

}  // namespace hermod::session
