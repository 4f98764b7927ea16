// What an operator takes away: a message, or the whole queue.

#include <iterator>

#include "tests/model/queue/queue_world.h"

namespace hermod::model {

/// Any that the queue lets go.
void QueueWorld::move_message() {
  if (in_queue_.empty()) return;
  auto picked = in_queue_.begin();
  std::advance(picked, static_cast<std::ptrdiff_t>(chance_.below(in_queue_.size())));
  const auto [seq, number] = *picked;
  const bool is_free_now = is_free(seq);
  const auto moving = group_->begin_move(seq, now_);
  expect(moving.has_value() == is_free_now, "what nobody has may move, and nothing else");
  if (!moving) return;
  expect(number_of(*moving->entry.message) == number && moving->entry.key == known(seq).key &&
             moving->entry.moved_at == now_.wall,
         "it is the message that moves");
  ++seen_["moved"];
  moves_.emplace_back(Move{.seq = seq, .has_state = moving->has_state});
}

/// The queue is deleted with all that is in it.
void QueueWorld::close() {
  is_closing_ = true;
  ++seen_["closed"];
  ++seen_["purge"];
  for (Client& client : clients_)
    for (auto it = client.held.begin(); it != client.held.end();)
      it = it->second.active && it->second.is_sent ? lapse(client, it) : std::next(it);
  expect(group_->close(/*force=*/true, now_).has_value(), "force closes");
  carry_out();
  for (int round = 0; round < 2'000 && violation_.empty() && !group_->is_closed(); ++round) {
    while (violation_.empty() && commit_one()) carry_out();
    for (Client& client : clients_) {
      while (!client.inbox.empty() && violation_.empty()) {
        receive(client);
        carry_out();
      }
    }
    group_->advance(now_);
    carry_out();
    check_nothing_is_lost();
  }
  expect(group_->is_closed(), "a closed queue comes to its end");
  expect(in_queue_.empty() && stored_.entries.empty(), "and nothing is left of it");
  expect(stored_.claims.empty(), "nor any claim");
  expect(waiters_.empty() && busy_.empty(), "nobody waits for ever");
}

}  // namespace hermod::model
