// Apache's C++ library as a contestant: its template protocols on memory buffers, which is the
// fastest way that it offers, and its JSON protocol.
//
// Rust drives it through the functions at the end. A loop of n operations is one call, so that the
// call itself does not count.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/protocol/TCompactProtocol.h>
#include <thrift/protocol/TJSONProtocol.h>
#include <thrift/transport/TBufferTransports.h>

#include "bench_types.h"
#ifdef FOOTERS
#include "parquet_types.h"
#endif

using apache::thrift::protocol::TBinaryProtocolT;
using apache::thrift::protocol::TCompactProtocolT;
using apache::thrift::protocol::TJSONProtocol;
using apache::thrift::transport::TMemoryBuffer;

static bool counting = false;
static uint64_t allocations = 0;
static uint64_t allocated = 0;

void* operator new(std::size_t size) {
  if (counting) {
    allocations += 1;
    allocated += size;
  }
  if (void* place = std::malloc(size)) {
    return place;
  }
  throw std::bad_alloc();
}

void operator delete(void* place) noexcept { std::free(place); }
void operator delete(void* place, std::size_t) noexcept { std::free(place); }

// A buffer that can be read again without being made again, which would cost an allocation.
class Buffer : public TMemoryBuffer {
public:
  void load(const uint8_t* bytes, uint32_t len) {
    resetBuffer();
    write(bytes, len);
  }
  void rewind() {
    rBase_ = buffer_;
    rBound_ = wBase_;
    resetConsumedMessageSize();
  }
  void restart() {
    resetBuffer();
    resetConsumedMessageSize();
  }
};

// The compiler may not assume that nobody looks at the value.
template <class T>
static void keep(T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

struct Contestant {
  virtual ~Contestant() = default;
  virtual bool load(const uint8_t* bytes, uint32_t len) = 0;
  virtual void encode(uint64_t n) = 0;
  virtual void decode(uint64_t n) = 0;
  virtual void recycle(uint64_t n) = 0;
  virtual void bytes(const uint8_t** bytes, uint32_t* len) = 0;
};

template <class Value, class Protocol>
struct Of : Contestant {
  std::shared_ptr<Buffer> source = std::make_shared<Buffer>();
  std::shared_ptr<Buffer> target = std::make_shared<Buffer>();
  Protocol input{source};
  Protocol output{target};
  Value value;
  Value place;

  bool load(const uint8_t* bytes, uint32_t len) override {
    try {
      source->load(bytes, len);
      source->rewind();
      value.read(&input);
      return true;
    } catch (const std::exception&) {
      return false;
    }
  }

  void encode(uint64_t n) override {
    for (uint64_t i = 0; i < n; ++i) {
      keep(value);
      target->restart();
      value.write(&output);
      keep(*target);
    }
  }

  void decode(uint64_t n) override {
    for (uint64_t i = 0; i < n; ++i) {
      keep(*source);
      source->rewind();
      Value fresh;
      fresh.read(&input);
      keep(fresh);
    }
  }

  void recycle(uint64_t n) override {
    for (uint64_t i = 0; i < n; ++i) {
      keep(*source);
      source->rewind();
      place.read(&input);
      keep(place);
    }
  }

  void bytes(const uint8_t** bytes, uint32_t* len) override {
    uint8_t* start;
    target->getBuffer(&start, len);
    *bytes = start;
  }
};

template <class Value>
static Contestant* of_protocol(int protocol) {
  switch (protocol) {
    case 0: return new Of<Value, TBinaryProtocolT<TMemoryBuffer>>();
    case 1: return new Of<Value, TCompactProtocolT<TMemoryBuffer>>();
    case 2: return new Of<Value, TJSONProtocol>();
    default: return nullptr;
  }
}

extern "C" {

// Contestants live as long as the process. Null for numbers that mean nothing.
Contestant* peers_new(int workload, int protocol) {
  switch (workload) {
    case 0: return of_protocol<bench::Small>(protocol);
    case 1: return of_protocol<bench::Medium>(protocol);
    case 2: return of_protocol<bench::Index>(protocol);
    case 3: return of_protocol<bench::Blob>(protocol);
    case 4: return of_protocol<bench::Longs>(protocol);
    case 5: return of_protocol<bench::Doubles>(protocol);
#ifdef FOOTERS
    case 6: return of_protocol<parquet::FileMetaData>(protocol);
#endif
    default: return nullptr;
  }
}

// Takes a copy of the bytes, and reads its value from them.
bool peers_load(Contestant* it, const uint8_t* bytes, uint32_t len) { return it->load(bytes, len); }
void peers_encode(Contestant* it, uint64_t n) { it->encode(n); }
void peers_decode(Contestant* it, uint64_t n) { it->decode(n); }
void peers_recycle(Contestant* it, uint64_t n) { it->recycle(n); }
// What the last `peers_encode` wrote; valid until the next.
void peers_bytes(Contestant* it, const uint8_t** bytes, uint32_t* len) { it->bytes(bytes, len); }

void peers_count(bool on) {
  counting = on;
  if (on) {
    allocations = 0;
    allocated = 0;
  }
}
uint64_t peers_allocations() { return allocations; }
uint64_t peers_allocated() { return allocated; }
}
