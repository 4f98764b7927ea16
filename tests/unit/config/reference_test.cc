#include "config/reference.h"

#include <gtest/gtest.h>

#include <sstream>

#include "config/configuration.h"
#include "config/listener_keys.h"
#include "config/queue_keys.h"
#include "config/socket_keys.h"
#include "config/toml_file.h"

namespace hermod::config {
namespace {

/// The reference file with the # removed from every key and table; prose comments begin with "# ".
std::string uncommented() {
  std::istringstream in(reference_toml());
  std::string out;
  for (std::string line; std::getline(in, line);) {
    const bool setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    out += (setting ? line.substr(1) : line) + "\n";
  }
  return out;
}

TEST(ReferenceFile, AsDeliveredItChangesNothing) {
  const Assignments read = parse_toml(reference_toml(), "h.toml");
  EXPECT_TRUE(read.values.empty());
  EXPECT_TRUE(read.problems.empty());
}

TEST(ReferenceFile, UncommentedItIsEveryKeyWithItsDefault) {
  const Assignments read = parse_toml(uncommented(), "h.toml");
  std::vector<Problem> problems = read.problems;
  const Configuration built = Configuration::build(read.values, problems);
  for (const Problem& problem : problems) ADD_FAILURE() << problem.message();
  // And the urls of a plain, a TLS and a WebSocket listener, with their keys, and those of a queue.
  EXPECT_EQ(read.values.size(),
            keys().size() + 3 + listener_keys().size() + socket_keys().size() + queue_keys().size());
  const auto& queues = built.settings().broker.queues.configured;
  ASSERT_EQ(queues.size(), 1U);
  queue::QueueDefinition standard;
  standard.name = "orders";
  standard.bind = {"shop/+/order"};
  EXPECT_EQ(queues.front(), standard);
  for (const Key& key : keys()) {
    EXPECT_EQ(key.read(built.settings()), key.read(Settings{})) << key.name;
  }
}

TEST(ReferenceFile, NoLineIsLongerThanAPage) {
  std::istringstream in(reference_toml());
  for (std::string line; std::getline(in, line);) EXPECT_LE(line.size(), 110U) << line;
}

TEST(ReferenceDocument, NamesEveryKeyUnderItsSection) {
  const std::string document = reference_markdown();
  for (const ListenerKey& one : listener_keys()) {
    EXPECT_NE(document.find("| `" + std::string(one.key.name) + "` |", document.find("## Listeners")),
              std::string::npos)
        << one.key.name;
  }
  for (const SocketKey& one : socket_keys()) {
    EXPECT_NE(document.find("| `" + std::string(one.key.name) + "` |", document.find("## Listeners")),
              std::string::npos)
        << one.key.name;
  }
  for (const QueueKey& key : queue_keys()) {
    EXPECT_NE(document.find("| `" + std::string(key.name) + "` |", document.find("## Queues")),
              std::string::npos)
        << key.name;
  }
  for (const Key& key : keys()) {
    const std::size_t section = document.find("## [" + std::string(key.section()) + "]");
    ASSERT_NE(section, std::string::npos) << key.name;
    EXPECT_NE(document.find("| `" + std::string(key.short_name()) + "` |", section), std::string::npos)
        << key.name;
  }
}

}  // namespace
}  // namespace hermod::config
