#pragma once
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "queue/queue_definition.h"

namespace hermod::queue {

/// The option that says what may be lost in a power cut.
inline constexpr std::string_view kFlushOption = "flush";

/// The options of a queue as text, in the same words wherever somebody sets or reads them: configuration
/// file, $CONTROL, HTTP, command line. `bind` is a list and no option here.
///
/// Sets one option; the definition is unchanged on failure. Errors: NotFound for an unknown name, Invalid
/// with the option's name first.
Status set_option(QueueDefinition& definition, std::string_view option, std::string_view value);
/// What set_option() turns into this again. Precondition: the option is one of option_names().
std::string option_text(const QueueDefinition& definition, std::string_view option);
/// All of them, in the order of the documents.
std::span<const std::string_view> option_names();
/// Whether a queue of this kind has the option; any other leaves it at its default.
bool has_option(QueueDefinition::Kind kind, std::string_view option);
/// The options of this kind.
std::span<const std::string_view> option_names(QueueDefinition::Kind kind);

}  // namespace hermod::queue
