#pragma once
#include <optional>

#include "base/clock.h"
#include "base/ids.h"

namespace hermod::session {

/// Whether a client acknowledges QoS 1 so soon that a write is worth putting off for it. Measured with one
/// message at a time. A plain value; belongs to one session and is touched by its shard.
class AckPace {
 public:
  /// A PUBLISH at QoS 1 leaves. `soon`: what the client has for its answer.
  void on_sent(Seq seq, MonotonicTime now, MonotonicTime::duration soon) {
    if (!seq_) {
      seq_ = seq;
      sent_ = now;
    } else if (now - sent_ > soon) {
      late_ = true;
    }
  }
  void on_acknowledged(Seq seq, MonotonicTime now, MonotonicTime::duration soon) {
    if (seq_ != seq) return;
    late_ = now - sent_ > soon;
    seq_.reset();
  }
  /// A new connection: what was measured is not answered any more.
  void on_connected() { seq_.reset(); }

  /// As of the last message that was measured.
  bool is_late() const { return late_; }

 private:
  std::optional<Seq> seq_;  // the message that is measured
  MonotonicTime sent_{};
  bool late_ = false;
};

}  // namespace hermod::session
