#include "queue/available_options.h"

#include <array>
#include <string>
#include <string_view>

#include "queue/queue_option.h"

namespace hermod::queue {
namespace {

struct NotYet {
  std::string_view option;
  bool (*is_wanted)(const QueueDefinition&);
};

/// The one list of what is not there yet. A line goes when the broker carries its option out.
constexpr std::array<NotYet, 1> kNotYet{{
    // Nobody is told of a gap.
    {"seq", [](const QueueDefinition& d) { return d.seq != QueueDefinition::SequenceCheck::Off; }},
}};

}  // namespace

Status check_available(const QueueDefinition& definition) {
  for (const NotYet& one : kNotYet) {
    if (!one.is_wanted(definition)) continue;
    return failure(Errc::Unsupported, std::string(one.option) + ": " + option_text(definition, one.option) +
                                          " is not available yet; leave it at " +
                                          option_text(QueueDefinition(), one.option));
  }
  return {};
}

}  // namespace hermod::queue
