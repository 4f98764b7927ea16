// The load of streams, whichever way the broker dies.

#include <iostream>

#include "tests/crash/crash_test.h"

namespace hermod::crash {

using support::Settings;

Settings CrashTest::with_stream(Settings settings) {
  settings.emplace_back("queues.log.bind", "x/#");
  settings.emplace_back("queues.log.kind", "stream");
  return settings;
}

PersistentClient& CrashTest::add_reader(const std::string& id) {
  return add({.id = id, .subscriptions = {{"$stream/log/@earliest", 1}}, .offsets = &offsets_});
}

void CrashTest::start_stream_load(std::size_t padding) {
  for (const char* reader : {"reader-1", "reader-2"}) add_reader(reader);
  for (int i = 0; i < 2; ++i) {
    for (const std::uint8_t qos : {std::uint8_t{1}, std::uint8_t{2}}) {
      const std::string name = (qos == 1 ? "one-" : "two-") + std::to_string(i);
      publishers_.push_back(
          &add({.id = name, .topic = "x/" + name, .qos = qos, .window = 10, .padding = padding}));
    }
  }
  ASSERT_TRUE(in_time([&] {
    for (const PersistentClient* publisher : publishers_)
      if (!ledger_.last_acknowledged(publisher->topic())) return false;
    return true;
  })) << "a publisher was not answered before the first death";
}

void CrashTest::finish_stream_load_and_check() {
  finish_publishers();
  die_and_start();
  add_reader("late");  // reads it from the beginning, once more
  const std::vector<std::string> readers{"reader-1", "reader-2", "late"};
  for (const std::string& reader : readers) in_time([&] { return ledger_.is_complete(reader, "x/"); });
  stop_clients();
  for (const std::string& violation : ledger_.violations(readers, "x/")) ADD_FAILURE() << violation;
}

void CrashTest::report_stream(const std::string& what) {
  std::uint64_t lost = 0;
  for (const char* reader : {"reader-1", "reader-2", "late"}) lost += ledger_.missing_count({reader}, "x/");
  std::cout << what << " with a stream, " << ledger_.acknowledged_count() << " acknowledged, "
            << offsets_.count() << " offsets, " << offsets_.again_count() << " read again, " << lost
            << " lost, " << ledger_.twice_count() << " twice, " << ledger_.disordered_count()
            << " out of order; " << start_times() << std::endl;
}

}  // namespace hermod::crash
