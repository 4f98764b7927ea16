#pragma once
#include <cstdio>
#include <string>

#include "client/failure.h"
#include "client/message_format.h"
#include "client/options.h"
#include "wire/packets.h"

namespace hermod::client {

/// Writes received messages to a stream, as the output options say. Lives as long as the command.
class Printer {
 public:
  /// `command` stands before what goes to stderr. `out` outlives the printer.
  static Outcome<Printer> make(const OutputOptions& options, std::string command, std::FILE* out);

  /// Writes and flushes. Fails when the stream takes no more.
  Outcome<void> print(const wire::Publish& message, WallTime time);

 private:
  Printer(MessageFormat format, bool has_format, const OutputOptions& options, std::string command,
          std::FILE* out)
      : format_(std::move(format)),
        has_format_(has_format),
        verbose_(options.verbose),
        end_of_line_(options.end_of_line),
        command_(std::move(command)),
        out_(out) {}

  MessageFormat format_;
  bool has_format_;
  bool verbose_;
  bool end_of_line_;
  std::string command_;
  std::FILE* out_;
  std::string line_;
};

}  // namespace hermod::client
