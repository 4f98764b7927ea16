#include "client/message_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "client/descriptor.h"
#include "wire/limits.h"

namespace hermod::client {
namespace {

constexpr std::size_t kPieceSize = 64 * 1024;

Outcome<std::string> read_all(int descriptor, const std::string& name) {
  std::string text;
  for (;;) {
    const std::size_t before = text.size();
    text.resize(before + kPieceSize);
    const ssize_t size = ::read(descriptor, text.data() + before, kPieceSize);
    if (size < 0 && errno == EINTR) {
      text.resize(before);
      continue;
    }
    if (size < 0) return fail(ExitCode::Usage, "cannot read " + name + ": " + std::strerror(errno));
    text.resize(before + static_cast<std::size_t>(size));
    if (size == 0) return text;
    if (text.size() > wire::kLargestRemainingLength)
      return fail(ExitCode::OversizePacket, name + " is larger than an MQTT message can be (256 MiB)");
  }
}

}  // namespace

Outcome<std::string> read_payload(const MessageOptions& options) {
  switch (options.source) {
    case Source::Text:
      return options.text;
    case Source::File: {
      const Descriptor file(open(options.text.c_str(), O_RDONLY | O_CLOEXEC));
      if (!file.is_open())
        return fail(ExitCode::Usage, "-f: cannot open " + options.text + ": " + std::strerror(errno));
      return read_all(file.number(), options.text);
    }
    case Source::Stdin:
      return read_all(STDIN_FILENO, "standard input");
    case Source::Empty:
    case Source::StdinLines:
    case Source::None:
      break;
  }
  return std::string();
}

Outcome<void> LineReader::read_more() {
  text_.erase(0, begin_);
  begin_ = 0;
  const std::size_t before = text_.size();
  text_.resize(before + kPieceSize);
  ssize_t size = 0;
  do {
    size = ::read(descriptor_, text_.data() + before, kPieceSize);
  } while (size < 0 && errno == EINTR);
  text_.resize(before + static_cast<std::size_t>(size > 0 ? size : 0));
  if (size < 0 && errno != EAGAIN)
    return fail(ExitCode::Usage, std::string("cannot read standard input: ") + std::strerror(errno));
  if (text_.size() > wire::kLargestRemainingLength)
    return fail(ExitCode::OversizePacket, "a line is larger than an MQTT message can be (256 MiB)");
  if (size == 0) at_end_ = true;
  return {};
}

bool LineReader::next(std::string& line) {
  const std::size_t end = text_.find('\n', begin_);
  if (end == std::string::npos && !(at_end_ && begin_ < text_.size())) return false;
  line = text_.substr(begin_, end == std::string::npos ? end : end - begin_);
  begin_ = end == std::string::npos ? text_.size() : end + 1;
  return true;
}

}  // namespace hermod::client
