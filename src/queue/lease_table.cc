#include "queue/lease_table.h"

#include <utility>

#include "base/assert.h"

namespace hermod::queue {

Lease& LeaseTable::add(LeasesOfConsumer& its_consumer) {
  const LeaseId id{++last_};
  Lease& it = leases_.insert(as_seq(id), Lease{.id = id});
  its_consumer.add(it);
  return it;
}

Lease& LeaseTable::at(LeaseId id) {
  return const_cast<Lease&>(std::as_const(*this).at(id));
}

const Lease& LeaseTable::at(LeaseId id) const {
  const Lease* const found = find(id);
  HERMOD_ASSERT(found != nullptr);
  return *found;
}

void LeaseTable::erase(Lease& it, LeasesOfConsumer& its_consumer) {
  cancel_deadline(it);
  its_consumer.take_out(it);
  leases_.erase(as_seq(it.id));
}

void LeaseTable::set_deadline(Lease& it, Lease::Deadline deadline, MonotonicTime now) {
  cancel_deadline(it);
  it.deadline = deadline;
  it.waits_since = now;
  if (deadline != Lease::Deadline::None) waiting_[index(deadline)].add(it);
}

void LeaseTable::cancel_deadline(Lease& it) {
  if (it.deadline != Lease::Deadline::None) waiting_[index(it.deadline)].take_out(it);
  it.deadline = Lease::Deadline::None;
}

}  // namespace hermod::queue
