#include "net/tls_record_bio.h"

namespace hermod::net {

const BIO_METHOD* RecordBio::method() {
  // Lives as long as the process: connections of every shard use it.
  static const BIO_METHOD* const kMethod = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "hermod records");
    if (made == nullptr) return made;
    BIO_meth_set_read(made, read);
    BIO_meth_set_write(made, write);
    BIO_meth_set_ctrl(made, control);
    BIO_meth_set_create(made, create);
    return made;
  }();
  return kMethod;
}

bool RecordBio::attach(TlsTransport& transport) {
  BIO* bio = method() == nullptr ? nullptr : BIO_new(method());
  if (bio == nullptr) return false;
  BIO_set_data(bio, &transport);
  SSL_set_bio(transport.ssl_.get(), bio, bio);  // which owns it from here
  return true;
}

int RecordBio::create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

int RecordBio::read(BIO* bio, char* room, int size) {
  auto& transport = *static_cast<TlsTransport*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const std::size_t taken =
      transport.take_sealed({reinterpret_cast<std::uint8_t*>(room), static_cast<std::size_t>(size)});
  if (taken > 0) return static_cast<int>(taken);
  BIO_set_retry_read(bio);
  return -1;
}

int RecordBio::write(BIO* bio, const char* bytes, int size) {
  auto& transport = *static_cast<TlsTransport*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  transport.put_sealed(as_bytes({bytes, static_cast<std::size_t>(size)}));
  return size;
}

long RecordBio::control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

}  // namespace hermod::net
