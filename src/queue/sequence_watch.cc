#include "queue/sequence_watch.h"

#include <charconv>

namespace hermod::queue {

SequenceWatch::Report SequenceWatch::on_message(std::string_view client_id, std::string_view key,
                                                std::uint64_t seq) {
  std::string who(client_id);
  who += '\0';  // no text of MQTT has one, so two pairs never look alike [MQTT-1.5.4-2]
  who += key;
  const auto found = known_.find(text_key(who));
  if (found == known_.end()) {
    producers_.push_front({.who = std::move(who), .highest = seq});
    known_.emplace(text_key(producers_.front().who), producers_.begin());
    bytes_ += producers_.front().who.size();
    forget_silent();
    return {};
  }
  producers_.splice(producers_.begin(), producers_, found->second);
  Producer& producer = producers_.front();
  const std::uint64_t last = producer.highest;
  if (seq <= last) return {.finding = Finding::Repeat, .expected = last + 1};
  producer.highest = seq;
  if (seq == last + 1) return {};
  return {.finding = Finding::Gap, .expected = last + 1};
}

void SequenceWatch::forget_silent() {
  while (known_.size() > 1 && (known_.size() > most_known_ || bytes_ > most_bytes_)) {
    const std::string& who = producers_.back().who;
    bytes_ -= who.size();
    known_.erase(text_key(who));
    producers_.pop_back();
  }
}

std::optional<std::uint64_t> SequenceWatch::parse(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace hermod::queue
