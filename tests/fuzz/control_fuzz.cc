// The bytes are a request to $CONTROL/queue/v1. Whatever they are, parsing must not crash; an error names
// something; options that were taken can be applied to any queue, and make it pass check() where the command
// says so; and the answer is no request, so that nobody can be made to talk to himself.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/assert.h"
#include "base/bytes.h"
#include "queue/control_answer.h"
#include "queue/control_parser.h"

namespace {

using namespace hermod;

void check_command(const queue::ControlCommand& command) {
  if (const auto* create = std::get_if<queue::CreateQueue>(&command))
    HERMOD_ASSERT(queue::check(create->definition).has_value());
  if (const auto* edit = std::get_if<queue::EditQueue>(&command)) {
    queue::QueueDefinition definition;
    definition.name = edit->name;
    HERMOD_ASSERT(edit->applied_to(definition).name == edit->name);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto requests = queue::parse_control(as_text(Bytes(data, size)));
  if (!requests) {
    HERMOD_ASSERT(!requests.error().detail.empty());
    HERMOD_ASSERT(!queue::parse_control(queue::control_text(requests.error())).has_value());
    return 0;
  }
  std::vector<queue::ControlAnswer> answers;
  for (const queue::ControlRequest& request : *requests) {
    if (request.command) {
      check_command(*request.command);
      answers.push_back({request.word, request.correlation, queue::ControlResult(queue::Done{})});
    } else {
      HERMOD_ASSERT(request.command.error().detail.find(": ") != std::string::npos);
      answers.push_back({request.word, request.correlation, tl::unexpected(request.command.error())});
    }
  }
  HERMOD_ASSERT(!queue::parse_control(queue::control_text(answers)).has_value());
  return 0;
}
