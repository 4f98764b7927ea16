#include "queue/transaction_records.h"

#include <utility>

#include "queue/records.h"

namespace hermod::queue {
namespace {

constexpr std::uint8_t kPreparedKind = 1;
constexpr std::uint8_t kEndKind = 2;

tl::unexpected<Error> transaction_damage(const char* what) {
  return failure(Errc::Corruption, std::string("transaction record: ") + what);
}

Result<TransactionRecord> read_prepared(ByteReader& in) {
  PreparedMessage prepared;
  prepared.sent = wall_time_of(in.u64());
  prepared.id = as_text(in.sized16());
  prepared.group = as_text(in.sized16());
  prepared.client_id = as_text(in.sized16());
  if (!in.ok()) return transaction_damage("it ends too early");
  auto message = decode_message(in.rest());
  if (!message) return tl::unexpected(message.error());
  prepared.message = *std::move(message);
  return TransactionRecord(std::move(prepared));
}

Result<TransactionRecord> read_end(ByteReader& in) {
  TransactionEnd end;
  end.outcome = static_cast<TransactionOutcome>(in.u8());
  end.at = wall_time_of(in.u64());
  end.id = as_text(in.sized16());
  if (!in.ok() || in.remaining() != 0) return transaction_damage("it has another size");
  if (end.outcome != TransactionOutcome::Committed && end.outcome != TransactionOutcome::RolledBack)
    return transaction_damage("unknown outcome");
  return TransactionRecord(std::move(end));
}

}  // namespace

std::string encode_prepared(const PreparedMessage& prepared) {
  constexpr std::size_t kFront = 1 + 1 + 8 + 3 * 2;
  const std::size_t texts = prepared.id.size() + prepared.group.size() + prepared.client_id.size();
  std::string record(kFront + texts + encoded_size(*prepared.message), '\0');
  ByteFiller out(record.data());
  out.u8(kRecordVersion);
  out.u8(kPreparedKind);
  out.u64(micros_of(prepared.sent));
  out.sized16(prepared.id);
  out.sized16(prepared.group);
  out.sized16(prepared.client_id);
  write_encoded(out, *prepared.message);
  return record;
}

std::string encode_transaction_end(const TransactionEnd& end) {
  std::string record;
  ByteWriter out(record);
  out.u8(kRecordVersion);
  out.u8(kEndKind);
  out.u8(static_cast<std::uint8_t>(end.outcome));
  out.u64(micros_of(end.at));
  out.sized16(end.id);
  return record;
}

Result<TransactionRecord> decode_transaction(Bytes record) {
  ByteReader in(record);
  if (in.u8() != kRecordVersion) return failure(Errc::Unsupported, "transaction record: unknown version");
  const std::uint8_t kind = in.u8();
  if (!in.ok()) return transaction_damage("it ends too early");
  if (kind == kPreparedKind) return read_prepared(in);
  if (kind == kEndKind) return read_end(in);
  return transaction_damage("unknown kind");
}

void append_prepared(store::WriteBatch& batch, const PreparedMessage& prepared) {
  batch.append(kTransactionStream, as_bytes(encode_prepared(prepared)));
}

void append_transaction_end(store::WriteBatch& batch, const TransactionEnd& end) {
  batch.append(kTransactionStream, as_bytes(encode_transaction_end(end)));
}

void erase_transaction_record(store::WriteBatch& batch, Seq seq) {
  batch.erase_entry(kTransactionStream, seq);
}

}  // namespace hermod::queue
