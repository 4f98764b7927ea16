#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "queue/control_parser.h"
#include "queue/queue_option.h"

namespace hermod::queue {
namespace {

std::string queue_document() {
  std::ifstream file(std::string(HERMOD_SOURCE_DIR) + "/docs/queues.md", std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The requests that the document shows.
std::vector<std::string> shown_requests(const std::string& document) {
  constexpr std::string_view kBegin = "```json\n{\"commands\"";
  std::vector<std::string> requests;
  for (std::size_t at = document.find(kBegin); at != std::string::npos; at = document.find(kBegin, at + 1)) {
    const std::size_t begin = document.find('{', at);
    requests.push_back(document.substr(begin, document.find("```", begin) - begin));
  }
  return requests;
}

TEST(QueueDocument, EveryCommandItShowsIsOneAndNoneIsLeftOut) {
  std::set<std::string> seen;
  for (const std::string& text : shown_requests(queue_document())) {
    const auto requests = parse_control(text);
    ASSERT_TRUE(requests) << requests.error().detail << " in " << text;
    for (const ControlRequest& request : *requests) {
      EXPECT_TRUE(request.command) << request.word << ": " << request.command.error().detail;
      seen.insert(request.word);
    }
  }
  EXPECT_EQ(seen.size(), std::variant_size_v<ControlCommand>);
}

TEST(QueueDocument, TheTableHasEveryCommand) {
  const std::string document = queue_document();
  const auto requests = parse_control(R"({"commands":[{"command":"?"}]})");
  ASSERT_TRUE(requests);
  const std::string words =
      requests->front().command.error().detail;  // "command: one of create, ... is expected"
  static const std::regex kWord("[a-zA-Z]+(?=,| is)");
  std::size_t count = 0;
  for (std::sregex_iterator word(words.begin(), words.end(), kWord), none; word != none; ++word, ++count)
    EXPECT_TRUE(std::regex_search(document, std::regex("\n\\| [^|]*`" + word->str() + "`"))) << word->str();
  EXPECT_EQ(count, std::variant_size_v<ControlCommand>);
}

}  // namespace
}  // namespace hermod::queue
