#pragma once
#include <string>

#include "client/failure.h"
#include "client/options.h"

namespace hermod::client {

/// The payload that `options` ask for: the text, a file's content, all of standard input, or nothing.
/// Precondition: the source is neither None nor StdinLines.
Outcome<std::string> read_payload(const MessageOptions& options);

/// Cuts what is read from a descriptor into lines. The last line needs no line end.
class LineReader {
 public:
  explicit LineReader(int descriptor) : descriptor_(descriptor) {}

  /// Reads once; blocks unless the descriptor is readable.
  Outcome<void> read_more();
  /// Takes the next whole line, without its end. False: read more, or nothing is left at the end.
  bool next(std::string& line);
  bool at_end() const { return at_end_; }

 private:
  int descriptor_;
  std::string text_;
  std::size_t begin_ = 0;  // of the next line
  bool at_end_ = false;
};

}  // namespace hermod::client
