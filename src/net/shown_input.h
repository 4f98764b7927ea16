#pragma once
#include "base/buffer.h"
#include "net/transport.h"

namespace hermod::net {

/// What a transport shows its handler: what just arrived, behind what the handler has left over. Owned by a
/// transport, on its thread.
class ShownInput {
 public:
  std::size_t size() const { return input_.bytes().size(); }
  bool empty() const { return input_.empty(); }

  /// `arrived` must stay valid until this returns. The handler may call drop() inside.
  void show(TransportHandler& handler, Bytes arrived) {
    showing_ = true;
    input_.show(arrived);
    handler.on_bytes(input_);
    showing_ = false;
    if (dropped_) {
      input_ = ReadBuffer{};
    } else {
      input_.keep_rest();
    }
  }
  /// Nothing of it is wanted any more, and nothing is shown again.
  void drop() {
    dropped_ = true;
    if (!showing_) input_ = ReadBuffer{};
  }

 private:
  ReadBuffer input_;
  bool showing_ = false;
  bool dropped_ = false;
};

}  // namespace hermod::net
