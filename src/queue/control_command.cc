#include "queue/control_command.h"

#include "base/assert.h"
#include "queue/queue_option.h"

namespace hermod::queue {

QueueDefinition EditQueue::applied_to(QueueDefinition from) const {
  if (bind) from.bind = *bind;
  for (const auto& [option, value] : options) {
    const Status status = set_option(from, option, value);
    HERMOD_ASSERT(status.has_value());  // whether a value is one does not depend on the other options
  }
  return from;
}

}  // namespace hermod::queue
