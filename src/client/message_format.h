#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "client/failure.h"
#include "client/options.h"
#include "wire/packets.h"

namespace hermod::client {

/// How one received message becomes text: a format of mosquitto_sub's -F, taken apart once. Lives as long as
/// the command. Flags, field width and maximum width are as with printf; see parse().
class MessageFormat {
 public:
  /// %% %t %p %q %r %l %m %x %X, the properties %A %C %D %E %F %P %R %S, the helpers %I %U %j %J, @<letter>
  /// for strftime and @N for nanoseconds, and the escapes \\ \0 \a \e \n \r \t \v.
  static Outcome<MessageFormat> parse(std::string_view format, bool pretty);

  /// Appends the text of `message` as it arrived at `time`. False when %J met a payload that is not JSON:
  /// then nothing is appended.
  bool append(const wire::Publish& message, WallTime time, std::string& out) const;

 private:
  enum class Kind { Text, Field, Time };
  struct Piece {
    Kind kind = Kind::Text;
    std::string text;  // Text
    char letter = 0;   // Field, Time
    bool zero = false;
    bool left = false;
    std::size_t width = 0;
    std::size_t max_width = std::string::npos;
  };

  static Outcome<std::size_t> parse_field(std::string_view format, std::size_t at, Piece& piece);
  void add_text(char c);
  static std::string padded(const Piece& piece, std::string text);

  std::vector<Piece> pieces_;
  bool pretty_ = false;
};

}  // namespace hermod::client
