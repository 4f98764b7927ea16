#include "tests/sim/ledger.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace hermod::sim {

using wire::QoS;

namespace {

std::optional<std::size_t> number_in(std::string_view payload) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(payload.data(), payload.data() + payload.size(), number);
  if (error != std::errc{}) return std::nullopt;
  return number;
}

/// Whether the broker may have matched the message with this stay.
bool may_cover(const Stay& stay, const Sent& sent, std::size_t receiver) {
  if (!matches(stay.bare, sent.topic)) return false;
  // A session whose end was not stored comes back with its subscriptions.
  if (stay.left && *stay.left <= sent.first_sent.step && !sent.will && !stay.revived) return false;
  return !(stay.no_local && sent.publisher == receiver);
}

/// Whether the broker may have drawn this member of a shared group for the message and lost it with the
/// member. To the client a session can be over long before the broker stops drawing it.
bool may_swallow(const Stay& stay, const Sent& sent) {
  return (stay.lost || stay.qos == QoS::AtMostOnce) && matches(stay.bare, sent.topic) &&
         !(stay.gone && *stay.gone <= sent.first_sent.step);
}

/// Whether the message must have been matched with this stay and kept for it.
bool must_cover(const Stay& stay, const Sent& sent, std::size_t receiver) {
  return stay.granted && *stay.granted < sent.first_sent.step && !stay.lost &&
         (!stay.leaving || *stay.leaving > sent.acked) && matches(stay.bare, sent.topic) &&
         !(stay.no_local && sent.publisher == receiver);
}

}  // namespace

std::size_t Ledger::begin(Sent sent) {
  sent_.push_back(std::move(sent));
  return sent_.size() - 1;
}

std::string Ledger::payload(std::size_t number, std::size_t size) {
  std::string text = std::to_string(number) + ':';
  if (text.size() < size) text.resize(size, '.');
  return text;
}

void Ledger::broken(const std::string& promise, std::size_t number, std::size_t client) {
  const Sent& sent = sent_[number];
  report_.violation(promise + " (message " + std::to_string(number) + " of client " +
                    std::to_string(sent.publisher) + " to '" + sent.topic + "' QoS " +
                    std::to_string(static_cast<int>(sent.qos)) + " sent in step " +
                    std::to_string(sent.first_sent.step) + ", at client " + std::to_string(client) + ")");
}

std::size_t Ledger::total(std::size_t client, std::size_t number) const {
  const auto found = tallies_.find({client, number});
  return found == tallies_.end() ? 0 : found->second.total();
}

void Ledger::arrived(const Receiver& to, const test::Arrived& packet) {
  if (packet.payload.empty()) return;  // clears a retained message; carries no number
  const auto number = number_in(packet.payload);
  if (!number || *number >= sent_.size())
    return report_.violation("a payload arrived that nobody sent: " + packet.payload.substr(0, 40));
  const Sent& sent = sent_[*number];
  if (packet.topic != sent.topic)
    return broken("the topic changed to '" + packet.topic + "'", *number, to.client);
  if (packet.qos > sent.qos)
    return broken("delivered above the QoS it was published with", *number, to.client);
  if (sent.will) {
    if (sent.will->withdrawn) return broken("a withdrawn will was published", *number, to.client);
    if (sent.will->not_before && report_.moment().time < *sent.will->not_before)
      return broken("a will was published before its delay was over", *number, to.client);
  }
  check_subscribed(to, *number, packet);
  Tally& tally = tallies_[{to.client, *number}];
  check_order(to, *number, packet, tally);
  const auto qos = static_cast<std::size_t>(packet.qos);
  ++(packet.retain ? tally.retained : tally.live)[qos];
  if (!packet.retain && !packet.dup) ++tally.fresh[qos];
  if (packet.qos == QoS::ExactlyOnce) ++tally.exact;
  check_copies(to, *number, packet, tally);
}

void Ledger::check_subscribed(const Receiver& to, std::size_t number, const test::Arrived& packet) {
  const Sent& sent = sent_[number];
  QoS granted = QoS::AtMostOnce;
  std::set<std::uint32_t> identifiers;
  bool covered = false;
  for (const Stay& stay : to.book.stays()) {
    // A retained message was sent long before; the subscription must not have ended before this very packet.
    const bool fits = packet.retain ? matches(stay.bare, sent.topic) : may_cover(stay, sent, to.client);
    if (!fits) continue;
    covered = true;
    granted = std::max(granted, stay.qos);
    if (stay.identifier != 0) identifiers.insert(stay.identifier);
  }
  if (!covered) return broken("delivered without a subscription", number, to.client);
  if (packet.qos > granted) return broken("delivered above the granted QoS", number, to.client);
  for (const std::uint32_t identifier : packet.identifiers)
    if (!identifiers.contains(identifier))
      return broken("subscription identifier " + std::to_string(identifier) + " does not match", number,
                    to.client);
}

void Ledger::check_copies(const Receiver& to, std::size_t number, const test::Arrived& packet,
                          const Tally& tally) {
  const Sent& sent = sent_[number];
  if (sent.qos == QoS::AtLeastOnce) return;  // its publisher may have sent it again
  bool plain = false;
  bool as_published = false;
  std::size_t groups = 0;
  for (const Stay& stay : to.book.stays()) {
    if (!may_cover(stay, sent, to.client)) continue;
    if (stay.share_name.empty()) plain = true;
    if (!stay.share_name.empty()) ++groups;
    as_published |= stay.retain_as_published;
  }
  const std::size_t copies = groups + (plain ? 1 : 0);
  const std::size_t retained =
      to.book.retained_allowance(sent.topic) + (as_published && sent.retain ? copies : 0);
  // Those at QoS 0 get their copy before the commit, which a failure or a crash may take back.
  const bool early_copies = disturbed_ || sent.crossed;
  if (early_copies && packet.qos == QoS::AtMostOnce) return;
  // What a group's member at QoS 1 leaves behind goes to the next one at that one's QoS, and a crash on the
  // way makes it go twice.
  if (crashed_ && groups > 0) return;
  // At QoS 1 a member of a group may get again what it, or another one, left behind; at QoS 0 and 2 the copy
  // of a group goes to nobody else.
  const std::size_t fresh =
      tally.fresh[2] + (groups > 0 ? 0 : tally.fresh[1]) + (early_copies ? 0 : tally.fresh[0]);
  if (fresh > copies) return broken("delivered more often than once", number, to.client);
  if (packet.qos != QoS::AtLeastOnce && !packet.retain &&
      tally.live[static_cast<std::size_t>(packet.qos)] > copies)
    return broken("delivered more often than once", number, to.client);
  if (packet.qos != QoS::AtLeastOnce && packet.retain &&
      tally.retained[static_cast<std::size_t>(packet.qos)] > retained)
    return broken("the retained message came more often than asked for", number, to.client);
}

/// Messages of one publisher to one topic arrive for the first time in the order in which they were sent, as
/// long as they travel at the same QoS. [MQTT-4.6.0-6]
void Ledger::check_order(const Receiver& to, std::size_t number, const test::Arrived& packet,
                         const Tally& before) {
  const Sent& sent = sent_[number];
  if (packet.retain || before.total_live() > 0 || sent.will || sent.expires || disturbed_ || refusals_)
    return;
  // To a subscriber at QoS 0 the first copy may have been lost, for it was away or slow; then the publisher's
  // second copy is the first to arrive. At QoS 2 the broker passes no second copy on, unless it forgot the
  // first in a crash.
  const bool second_copy = sent.again && (sent.qos == QoS::AtLeastOnce || sent.crossed);
  if (packet.qos == QoS::AtMostOnce && second_copy) return;
  // Only between messages that were both sent under the same subscription: the first copy of one that is sent
  // again may find a subscriber who was not there before.
  bool shared = false;
  bool settled = false;
  for (const Stay& stay : to.book.stays()) {
    if (!matches(stay.bare, sent.topic)) continue;
    shared |= !stay.share_name.empty();
    settled |= stay.qos >= packet.qos && stay.granted && *stay.granted < sent.first_sent.step &&
               (!stay.leaving || *stay.leaving > sent.first_sent.step) &&
               !(stay.no_local && sent.publisher == to.client);
  }
  if (shared || !settled) return;
  const Lane lane{to.client,
                  to.session,
                  sent.publisher,
                  sent.publisher_session,
                  sent.topic,
                  static_cast<int>(sent.qos),
                  static_cast<int>(packet.qos)};
  const auto [last, first] = last_.try_emplace(lane, number);
  if (first) return;
  if (number < last->second)
    return broken("arrived behind message " + std::to_string(last->second), number, to.client);
  last->second = number;
}

void Ledger::check_everybody_got_everything(const std::vector<const SubscriptionBook*>& books) {
  for (std::size_t number = 0; number < sent_.size(); ++number) {
    const Sent& sent = sent_[number];
    if (sent.fate != Sent::Fate::Acked || sent.expires || sent.clears || sent.will) continue;
    for (std::size_t client = 0; client < books.size(); ++client) {
      for (const Stay& stay : books[client]->stays()) {
        if (!stay.share_name.empty() || stay.qos == QoS::AtMostOnce || sent.qos == QoS::AtMostOnce) continue;
        if (!must_cover(stay, sent, client)) continue;
        if (total(client, number) == 0) broken("acknowledged and never delivered", number, client);
      }
    }
  }
}

/// Topics below `s/` have shared subscriptions only.
void Ledger::check_groups(const std::vector<const SubscriptionBook*>& books) {
  for (std::size_t number = 0; number < sent_.size(); ++number) {
    const Sent& sent = sent_[number];
    if (!sent.topic.starts_with("s/") || sent.qos == QoS::AtMostOnce) continue;
    std::set<std::string> possible;
    std::set<std::string> certain;
    std::set<std::string> unsafe;  // a member may have taken the message with it
    std::size_t copies = 0;
    std::size_t exact = 0;
    bool at_least_once = false;  // to a member; with a crash more than one copy may go on from there
    for (std::size_t client = 0; client < books.size(); ++client) {
      copies += total(client, number);
      if (const auto tally = tallies_.find({client, number}); tally != tallies_.end())
        exact += tally->second.exact;
      for (const Stay& stay : books[client]->stays()) {
        if (stay.share_name.empty()) continue;
        at_least_once |= crashed_ && stay.qos == QoS::AtLeastOnce && matches(stay.bare, sent.topic);
        if (may_swallow(stay, sent)) unsafe.insert(stay.filter);
        if (!may_cover(stay, sent, client)) continue;
        possible.insert(stay.filter);
        if (must_cover(stay, sent, client)) certain.insert(stay.filter);
      }
    }
    if (exact > possible.size() && !disturbed_ && !at_least_once)
      broken("a shared subscription got more than one copy", number, books.size());
    if (sent.fate != Sent::Fate::Acked || sent.expires || disturbed_) continue;
    const auto wanted = static_cast<std::size_t>(std::count_if(
        certain.begin(), certain.end(), [&](const std::string& filter) { return !unsafe.contains(filter); }));
    if (copies < wanted) broken("no member of a shared subscription got it", number, books.size());
  }
}

void Ledger::check_wills(std::size_t watcher, bool must_arrive) {
  for (std::size_t number = 0; number < sent_.size(); ++number) {
    const auto& will = sent_[number].will;
    if (!will) continue;
    const auto tally = tallies_.find({watcher, number});
    const std::size_t copies = total(watcher, number);
    if (tally != tallies_.end() && tally->second.total_fresh() > 1)
      broken("a will was published more than once", number, watcher);
    if (will->due && !will->uncertain && copies == 0 && must_arrive)
      broken("a will was not published", number, watcher);
  }
}

void Ledger::broker_crashed(std::uint64_t durable) {
  crashed_ = true;
  for (Sent& sent : sent_) {
    if (sent.fate == Sent::Fate::Open && sent.qos != QoS::AtMostOnce) sent.crossed = true;
    // What the disk refused may be there all the same, and nobody came to drop it.
    if (sent.fate == Sent::Fate::Refused && disturbed_) sent.fate = Sent::Fate::Abandoned;
    if (!sent.will) continue;
    // A session that was in memory only left no will, and a DISCONNECT is not answered.
    if (!sent.will->recorded) sent.will->uncertain = true;
    if (sent.will->goodbye && *sent.will->goodbye > durable) sent.will->withdrawn = false;
  }
}

std::vector<std::string> Ledger::retained_topics() const {
  std::set<std::string> topics;
  for (const Sent& sent : sent_)
    if (sent.retain && !sent.will) topics.insert(sent.topic);
  return {topics.begin(), topics.end()};
}

/// Whether `earlier` may have been taken behind `later`: it was left to a session that ended, or it was
/// refused first and sent again while `later` was on its way.
bool Ledger::may_follow(const Sent& earlier, const Sent& later) const {
  if (earlier.fate == Sent::Fate::Abandoned) return earlier.publisher_session < later.publisher_session;
  return (disturbed_ || refusals_) && earlier.fate == Sent::Fate::Acked &&
         earlier.acked > later.first_sent.step;
}

void Ledger::check_retained_arrived(const std::string& topic, const std::string& payload,
                                    const std::vector<const SubscriptionBook*>& books) {
  const std::size_t number = number_in(payload).value_or(sent_.size());
  if (number >= sent_.size()) return;
  const Sent& sent = sent_[number];
  if (sent.qos == QoS::AtMostOnce || sent.expires) return;
  for (std::size_t client = 0; client < books.size(); ++client) {
    for (const Stay& stay : books[client]->stays()) {
      const bool in_force = stay.granted && !stay.leaving && !stay.left && !stay.lost;
      if (!in_force || !stay.wants_retained || !stay.share_name.empty() || stay.qos == QoS::AtMostOnce)
        continue;
      if (!matches(stay.bare, topic) || (stay.no_local && sent.publisher == client)) continue;
      if (total(client, number) == 0) broken("the retained message never came", number, client);
    }
  }
}

/// Every such topic has one publisher, so its messages have an order; but what an earlier session of it never
/// heard of may come last, for its shard may have been slow.
void Ledger::check_retained(const std::string& topic, const std::optional<std::string>& payload) {
  std::optional<std::size_t> newest_certain;
  bool allowed = !payload.has_value();
  const std::size_t found = payload ? number_in(*payload).value_or(sent_.size()) : sent_.size();
  for (std::size_t number = 0; number < sent_.size(); ++number) {
    const Sent& sent = sent_[number];
    if (!sent.retain || sent.will || sent.topic != topic || sent.fate == Sent::Fate::Refused) continue;
    const bool is_it = sent.clears ? !payload.has_value() : found == number;
    if (sent.fate == Sent::Fate::Acked) {
      newest_certain = number;
      allowed = is_it || (allowed && found < number && may_follow(sent_[found], sent));
    } else {
      allowed |= is_it;
    }
  }
  if (!allowed)
    broken("the retained message is " + payload.value_or("none").substr(0, 20), newest_certain.value_or(0),
           0);
}

}  // namespace hermod::sim
