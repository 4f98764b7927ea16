#pragma once
#include <cstdint>
#include <memory>

#include "base/result.h"
#include "queue/moment.h"
#include "queue/transaction_table.h"
#include "store/read_view.h"

namespace hermod::broker {

/// Transactions at a start: which are open, with the place and size of each message, and how others have
/// ended. Runs once, on the starting thread, before there is another; then it is thrown away.
class TransactionStart {
 public:
  struct Found {
    std::uint64_t open = 0;
    std::uint64_t messages = 0;  ///< of these
    std::uint64_t ended = 0;     ///< and remembered
    std::uint64_t damaged =
        0;  ///< records that could not be read, logged; nothing that was open is committed then
  };

  TransactionStart(const queue::TransactionOptions& options, const queue::Moment& now)
      : now_(now), table_(std::make_unique<queue::TransactionTable>(options)) {}

  /// Errors: Io of the store.
  Result<Found> run(store::ReadView& view);
  /// For the shard that owns them.
  std::unique_ptr<queue::TransactionTable> take() { return std::move(table_); }

 private:
  const queue::Moment now_;
  std::unique_ptr<queue::TransactionTable> table_;
};

}  // namespace hermod::broker
