#include "broker/store_reader.h"

#include <memory>
#include <utility>

#include "base/log.h"

namespace hermod::broker {

struct StoreReader::Job final : store::ReadJob {
  Job(const store::Store& from, RecentMessages& with, ShardMailbox& to, const PageWanted& what)
      : store(from), recent(with), mailbox(to), wanted(what) {}

  void read() override {
    auto slice = store.view()->read_stream(StreamId{wanted.session.v}, wanted.from, wanted.most.messages,
                                           wanted.most.bytes);
    if (slice) {
      page = page_from(wanted, *slice, recent);
      return;
    }
    HERMOD_LOG_LIMITED(log::Level::Error, "store.read_failed", {"why", slice.error().detail});
    page = failed_page(wanted);
  }

  const store::Store& store;
  RecentMessages& recent;
  ShardMailbox& mailbox;
  const PageWanted wanted;
  PageRead page;
};

void StoreReader::read(const PageWanted& wanted) {
  pool_.submit(std::make_unique<Job>(store_, recent_, *mailboxes_[wanted.shard.v], wanted));
}

void StoreReader::answer(std::unique_ptr<store::ReadJob> job) {
  auto& done = static_cast<Job&>(*job);
  done.mailbox.post(std::move(done.page));
}

}  // namespace hermod::broker
