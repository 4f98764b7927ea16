#include "session/stream_readers.h"

#include <algorithm>
#include <utility>

namespace hermod::session {

queue::StreamPosition StreamReader::position() const {
  const auto first = std::find_if(sent.begin(), sent.end(),
                                  [](const Sent& one) { return one.offset.v != 0 && !one.is_acknowledged; });
  if (first != sent.end()) return {first->offset, {}};
  return window.position();
}

void StreamReader::begin(const queue::StreamPosition& position) {
  for (Sent& one : sent) one.offset = Seq{0};
  window.begin(position);
}

StreamReader* StreamReaders::find(QueueId stream) {
  const auto found = readers_.find(stream);
  return found == readers_.end() ? nullptr : &found->second;
}

StreamReader& StreamReaders::add(const queue::NamedQueuePtr& stream, const queue::Amount& limit) {
  const QueueId id = stream->id;
  return readers_.try_emplace(id, stream, limit).first->second;
}

void StreamReaders::remove(QueueId stream) {
  const auto found = readers_.find(stream);
  if (found == readers_.end()) return;
  for (const StreamReader::Sent& one : found->second.sent)
    if (!one.is_acknowledged) of_ended_.push_back(one.own);
  readers_.erase(found);
}

void StreamReaders::end_move(QueueId stream) {
  if (const auto found = std::find(moving_.begin(), moving_.end(), stream); found != moving_.end())
    moving_.erase(found);
}

bool StreamReaders::is_moving(QueueId stream) const {
  return std::find(moving_.begin(), moving_.end(), stream) != moving_.end();
}

void StreamReaders::attach(StreamReader& reader) {
  reader.attachment = queue::AttachmentNo{++last_attachment_};
  reader.is_attached = true;
}

void StreamReaders::sent(StreamReader& reader, Seq own, Seq offset) {
  reader.sent.push_back({own, offset});
}

bool StreamReaders::acknowledge(Seq own) {
  for (auto& [id, reader] : readers_) {
    const auto found =
        std::lower_bound(reader.sent.begin(), reader.sent.end(), own,
                         [](const StreamReader::Sent& one, Seq wanted) { return one.own < wanted; });
    if (found == reader.sent.end() || found->own != own) continue;
    found->is_acknowledged = true;
    while (!reader.sent.empty() && reader.sent.front().is_acknowledged) reader.sent.pop_front();
    return true;
  }
  return std::erase(of_ended_, own) > 0;
}

std::vector<Seq> StreamReaders::disconnect() {
  std::vector<Seq> with_client = std::exchange(of_ended_, {});
  for (auto& [id, reader] : readers_) {
    for (const StreamReader::Sent& one : reader.sent)
      if (!one.is_acknowledged) with_client.push_back(one.own);
    const queue::StreamPosition position = reader.position();
    reader.sent.clear();
    reader.window.begin(position);
    reader.is_attached = false;
  }
  return with_client;
}

}  // namespace hermod::session
