#include "client/message_format.h"

#include "client/json_text.h"
#include "client/message_fields.h"

namespace hermod::client {
namespace {

constexpr std::string_view kFields = "tpqrlmxXACDEFPRSIUjJ";
/// Numbers and hexadecimal digits; the others ignore the flag 0.
constexpr std::string_view kZeroPadded = "AEFlmSXxqr";

tl::unexpected<Failure> wrong_format(const std::string& what) {
  return fail(ExitCode::Usage, "-F: " + what);
}

/// What the letter behind a backslash stands for; -1 when it is none.
int escape_for(char letter) {
  switch (letter) {
    case '\\':
      return '\\';
    case '0':
      return '\0';
    case 'a':
      return '\a';
    case 'e':
      return '\033';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    default:
      return -1;
  }
}

/// Reads digits from `at` on; `value` stays when there are none.
std::size_t read_number(std::string_view format, std::size_t at, std::size_t& value) {
  std::size_t number = 0;
  const std::size_t begin = at;
  for (; at < format.size() && format[at] >= '0' && format[at] <= '9' && number < 100'000; ++at)
    number = number * 10 + static_cast<std::size_t>(format[at] - '0');
  if (at > begin) value = number;
  return at;
}

/// The first `size` bytes, without a broken UTF-8 character at the end.
std::string cut(const std::string& text, std::size_t size) {
  while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

}  // namespace

void MessageFormat::add_text(char c) {
  if (pieces_.empty() || pieces_.back().kind != Kind::Text) pieces_.emplace_back();
  pieces_.back().text += c;
}

Outcome<std::size_t> MessageFormat::parse_field(std::string_view format, std::size_t at, Piece& piece) {
  piece.kind = Kind::Field;
  for (; at < format.size() && (format[at] == '0' || format[at] == '-'); ++at)
    (format[at] == '0' ? piece.zero : piece.left) = true;
  at = read_number(format, at, piece.width);
  if (at < format.size() && format[at] == '.') at = read_number(format, at + 1, piece.max_width);
  if (at == format.size()) return wrong_format("a letter is missing behind the last %; write %% for a percent sign");
  piece.letter = format[at];
  if (kFields.find(piece.letter) == std::string_view::npos)
    return wrong_format(std::string("%") + piece.letter + " stands for nothing; see \"hermod sub --help\"");
  return at + 1;
}

Outcome<MessageFormat> MessageFormat::parse(std::string_view format, bool pretty) {
  MessageFormat result;
  result.pretty_ = pretty;
  for (std::size_t at = 0; at < format.size();) {
    const char c = format[at];
    if (c != '%' && c != '@' && c != '\\') {
      result.add_text(c);
      ++at;
      continue;
    }
    if (at + 1 == format.size()) return wrong_format(std::string("a letter is missing behind the last ") + c);
    const char next = format[at + 1];
    if (c == '\\') {
      const int escape = escape_for(next);
      if (escape < 0)
        return wrong_format(std::string("\\") + next + " stands for nothing; use \\\\ for a backslash");
      result.add_text(static_cast<char>(escape));
      at += 2;
    } else if (next == c) {
      result.add_text(c);
      at += 2;
    } else if (c == '@') {
      Piece piece;
      piece.kind = Kind::Time;
      piece.letter = next;
      result.pieces_.push_back(std::move(piece));
      at += 2;
    } else {
      Piece piece;
      const auto end = parse_field(format, at + 1, piece);
      if (!end) return tl::unexpected(end.error());
      result.pieces_.push_back(std::move(piece));
      at = *end;
    }
  }
  return result;
}

std::string MessageFormat::padded(const Piece& piece, std::string text) {
  if (text.size() > piece.max_width) text = cut(text, piece.max_width);
  if (text.size() >= piece.width) return text;
  const std::size_t missing = piece.width - text.size();
  if (piece.left) return text + std::string(missing, ' ');
  const bool with_zeros = piece.zero && kZeroPadded.find(piece.letter) != std::string_view::npos;
  return std::string(missing, with_zeros ? '0' : ' ') + text;
}

bool MessageFormat::append(const wire::Publish& message, WallTime time, std::string& out) const {
  const std::size_t begin = out.size();
  for (const Piece& piece : pieces_) {
    if (piece.kind == Kind::Text) {
      out += piece.text;
    } else if (piece.kind == Kind::Time) {
      out += time_text(piece.letter, time);
    } else if (piece.letter == 'j') {
      out += message_json(message, time, false, pretty_);
    } else if (piece.letter == 'J') {
      if (!message.payload.empty() && !is_json(as_text(message.payload))) {
        out.resize(begin);
        return false;
      }
      out += message_json(message, time, true, pretty_);
    } else {
      out += padded(piece, field_text(piece.letter, message, time));
    }
  }
  return true;
}

}  // namespace hermod::client
