#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <ostream>
#include <string>
#include <utility>

namespace hermod::sim {

/// When something happened: the number of the step and the time on the simulated clock.
struct Moment {
  std::uint64_t step = 0;
  std::chrono::nanoseconds time{0};
};

/// What a schedule did lately and which promise it found broken. One per schedule.
class Report {
 public:
  explicit Report(std::size_t kept) : kept_(kept) {}

  Moment& moment() { return moment_; }
  const Moment& moment() const { return moment_; }

  /// Remembers one thing that happened. `what` is a literal.
  void note(const char* what, std::int64_t a = -1, std::int64_t b = -1, std::int64_t c = -1,
            std::string text = {}) {
    notes_.push_back({moment_, what, a, b, c, std::move(text)});
    if (notes_.size() > kept_) notes_.pop_front();
  }
  /// A promise is broken; only the first one is kept.
  void violation(std::string what) {
    if (violation_.empty()) violation_ = "step " + std::to_string(moment_.step) + ": " + std::move(what);
  }
  bool has_violation() const { return !violation_.empty(); }
  const std::string& violation() const { return violation_; }

  void print(std::ostream& out) const {
    for (const Note& note : notes_) {
      out << "  " << note.moment.step << " @" << note.moment.time.count() / 1'000'000 << "ms " << note.what;
      for (const std::int64_t number : {note.a, note.b, note.c})
        if (number >= 0) out << ' ' << number;
      out << (note.text.empty() ? "" : " ") << note.text << '\n';
    }
    if (has_violation()) out << "  broken: " << violation_ << '\n';
  }

 private:
  struct Note {
    Moment moment;
    const char* what;
    std::int64_t a;
    std::int64_t b;
    std::int64_t c;
    std::string text;
  };
  const std::size_t kept_;
  Moment moment_;
  std::deque<Note> notes_;
  std::string violation_;
};

}  // namespace hermod::sim
