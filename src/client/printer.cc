#include "client/printer.h"

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace hermod::client {

Outcome<Printer> Printer::make(const OutputOptions& options, std::string command, std::FILE* out) {
  auto format = MessageFormat::parse(options.format, options.pretty);
  if (!format) return tl::unexpected(format.error());
  return Printer(std::move(*format), !options.format.empty(), options, std::move(command), out);
}

Outcome<void> Printer::print(const wire::Publish& message, WallTime time) {
  line_.clear();
  if (has_format_) {
    if (!format_.append(message, time, line_)) {
      std::fprintf(stderr, "%s: the payload on topic %s is not JSON\n", command_.c_str(),
                   log::escaped(message.topic).c_str());
      return {};
    }
  } else {
    if (!verbose_ && message.payload.empty()) return {};
    if (verbose_) line_ += std::string(message.topic) + " ";
    line_ += verbose_ && message.payload.empty() ? "(null)" : as_text(message.payload);
  }
  if (end_of_line_) line_ += '\n';
  if (std::fwrite(line_.data(), 1, line_.size(), out_) == line_.size() && std::fflush(out_) == 0) return {};
  return fail(ExitCode::Usage, std::string("cannot write the message: ") + std::strerror(errno));
}

}  // namespace hermod::client
